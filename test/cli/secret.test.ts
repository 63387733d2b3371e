import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../../src/cli/program.ts'
import { UsageError } from '../../src/core/errors.ts'
import { encrypt, newIdentity, recipientOf } from '../../src/load/secret/secretage.ts'
import { secretBlock } from '../../src/load/secret/secrettext.ts'
import { coloursFor } from '../../src/render/colour.ts'
import { diagnosticsText } from '../../src/render/diagnostics.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const VALUE = `it's "Zq7" <&> %41 \\ päss`
const TOKEN = 'changed'

interface Ended {
  code: number
  stdout: string
  stderr: string
}

describe('provision secret', () => {
  let folder: string
  let recipient: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'secret-cli-'))
    const identity = await newIdentity()
    recipient = await recipientOf(identity)
    await writeFile(join(folder, 'identity'), `${identity}\n`, { mode: 0o600 })
  })

  afterEach(() => rm(folder, { recursive: true }))

  /** A program of its own: for what comes on standard input, and to see all that leaves it. */
  function spawned(
    args: string[],
    options: { input?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Ended> {
    const env = {
      ...process.env,
      PROVISION_IDENTITY: join(folder, 'identity'),
      NO_COLOR: '1',
      ...options.env,
    }
    const loader = join(root, 'node_modules/tsx/dist/esm/index.mjs')
    const words = ['--no-warnings', '--import', loader, join(root, 'src/cli/main.ts'), ...args]
    return new Promise((resolve) => {
      const child = execFile(process.execPath, words, { cwd: folder, env }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      )
      child.stdin?.end(options.input ?? '')
    })
  }

  /** The same command line in this process, which is quicker. */
  async function provision(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const ended: Ended = { code: 0, stdout: '', stderr: '' }
    const before = { env: process.env, cwd: process.cwd(), tty: process.stdin.isTTY }
    const capture = (name: 'stdout' | 'stderr') => (text: string | Uint8Array) => {
      ended[name] += typeof text === 'string' ? text : Buffer.from(text).toString()
      return true
    }
    process.env = { ...process.env, PROVISION_IDENTITY: join(folder, 'identity'), ...env }
    process.chdir(folder)
    process.stdin.isTTY = false
    process.stdout.write = capture('stdout') as typeof process.stdout.write
    process.stderr.write = capture('stderr') as typeof process.stderr.write
    try {
      await commandLine(args).parseAsync(args, { from: 'user' })
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      ended.code = 1
      ended.stderr += diagnosticsText(error.diagnostics, coloursFor(process.stderr))
    } finally {
      // Their own methods come to light again.
      for (const stream of [process.stdout, process.stderr]) Reflect.deleteProperty(stream, 'write')
      process.env = before.env
      process.stdin.isTTY = before.tty
      process.chdir(before.cwd)
    }
    return ended
  }

  const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')

  it('makes a key once, that only its owner can read', async () => {
    const env = { PROVISION_IDENTITY: join(folder, 'new/key') }
    const { stdout, stderr } = await provision(['secret', 'keygen'], env)
    assert.match(stdout, /^age1[a-z0-9]+\n$/)
    assert.ok(!stderr.includes('AGE-SECRET-KEY'))
    assert.equal((await stat(join(folder, 'new/key'))).mode & 0o777, 0o600)
    const before = await read('new/key')
    const again = await provision(['secret', 'keygen'], env)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /there is an identity already/)
    assert.equal(await read('new/key'), before)
  })

  it('encrypts a value as YAML to paste, which decrypt takes back', async () => {
    const made = await spawned(['secret', 'encrypt', '--name', 'db'], { input: `${VALUE}\n` })
    assert.match(made.stdout, /^db: !secret \|\n {2}-----BEGIN AGE ENCRYPTED FILE-----\n/)
    assert.match(made.stderr, /encrypted for yourself only: there is no \.age-recipients/)
    assert.equal((await spawned(['secret', 'decrypt'], { input: made.stdout })).stdout, VALUE)
  })

  it('encrypts and rekeys files in place, or none of them', async () => {
    await write('a.yaml', 'a: 1\n')
    await write('b.txt', await encrypt('already', [recipient]))
    const refused = await provision(['secret', 'encrypt', 'a.yaml', 'b.txt'])
    assert.match(refused.stderr, /b\.txt is encrypted already/)
    assert.equal(await read('a.yaml'), 'a: 1\n')
    const other = await newIdentity()
    await write('.age-recipients', `${await recipientOf(other)}\n`)
    await mkdir(join(folder, 'damaged'))
    await write('damaged/c.yaml', 'c: !secret |\n  -----BEGIN AGE ENCRYPTED FILE-----\n')
    const before = await read('b.txt')
    assert.match(
      (await provision(['secret', 'rekey'])).stderr,
      /damaged\/c\.yaml:1:4: error: the encrypted text does not/,
    )
    assert.equal(await read('b.txt'), before)
    await rm(join(folder, 'damaged'), { recursive: true })
    assert.match(
      (await provision(['secret', 'rekey'])).stderr,
      /^encrypted b\.txt anew for 1 recipient of \.age-rec/,
    )
    await writeFile(join(folder, 'other'), `${other}\n`, { mode: 0o600 })
    const env = { PROVISION_IDENTITY: join(folder, 'other') }
    assert.equal((await provision(['secret', 'decrypt', 'b.txt'], env)).stdout, 'already')
  })

  it('edits in a private place that is gone afterwards; a broken edit changes nothing', async () => {
    const text = `# mine\na: ${secretBlock(await encrypt(VALUE, [recipient]), 2)}\nb: 1\n`
    await write('vars.yaml', text)
    await chmod(join(folder, 'vars.yaml'), 0o640)
    const editor = async (script: string): Promise<Ended> => {
      await writeFile(
        join(folder, 'editor'),
        `#!/bin/sh\necho "$1" > seen\nstat -c %a "$1" >> seen\n${script}\n`,
        { mode: 0o700 },
      )
      const ended = await provision(['secret', 'edit', 'vars.yaml'], { EDITOR: './editor', VISUAL: '' })
      const [path, mode] = (await read('seen')).split('\n') as [string, string]
      assert.equal(mode, '600')
      await assert.rejects(stat(path), { code: 'ENOENT' })
      return ended
    }
    assert.match((await editor('true')).stderr, /^vars\.yaml was not changed/)
    assert.match(
      (await editor('echo x > "$1"; exit 4')).stderr,
      /ended with exit code 4; nothing was changed/,
    )
    assert.match((await editor('echo "x: [" > "$1"')).stderr, /is no valid YAML/)
    assert.equal(await read('vars.yaml'), text)
    await editor('echo "c: !secret brand-new" >> "$1"')
    assert.ok((await read('vars.yaml')).startsWith(text))
    assert.equal((await stat(join(folder, 'vars.yaml'))).mode & 0o777, 0o640)
    const { stdout } = await provision(['secret', 'decrypt', 'vars.yaml'])
    assert.equal(stdout, `# mine\na: !secret ${JSON.stringify(VALUE)}\nb: 1\nc: !secret "brand-new"\n`)
  })

  describe('a run', () => {
    /** What nobody may see, in any of its forms. */
    const forms = [
      VALUE,
      'Zq7',
      encodeURIComponent(VALUE),
      Buffer.from(`user:${VALUE}`).toString('base64').slice(8, -8),
    ]

    async function prepare(): Promise<void> {
      const vars = `      password: ${secretBlock(await encrypt(VALUE, [recipient]), 8)}\n      token: !secret {env: TOKEN}\n`
      await write('inventory.yaml', `all:\n  hosts:\n    here:\n      connection: local\n${vars}`)
      const playbook = [
        '- hosts: all',
        '  tasks:',
        '    - name: say {{ password }}',
        `      debug: {message: "{{ password }} {{ 'user:' ~ password | b64encode }} {{ ('user:' ~ password) | b64encode }} {{ password | urlencode }} {{ password | to_json }} {{ token }}"}`,
        `    - copy: {dest: "${folder}/out", content: "a\\n{{ password }}\\n"}`,
        '    - debug: {message: "{{ item.p }}"}',
        '      loop: [{p: "{{ password }}"}]',
        '    - command: {cmd: "echo {{ password | quote }}; echo bad {{ password | quote }} >&2; exit 3", changes: false}',
      ]
      await write('play.yaml', `${playbook.join('\n')}\n`)
    }

    it('shows no secret in any form, in no output and no file', async () => {
      await prepare()
      const env = { TOKEN }
      for (const output of ['plain', 'json']) {
        const { code, stdout, stderr } = await spawned(
          ['play.yaml', '--check', '--diff', '--output', output],
          { env },
        )
        assert.equal(code, 2, stdout + stderr)
        assert.ok(stdout.includes('********'), stdout)
        for (const form of forms) assert.ok(!(stdout + stderr).includes(form), stdout + stderr)
        // A secret that is a word of ours leaves events as they are.
        if (output === 'json')
          for (const line of stdout.trim().split('\n'))
            assert.ok((JSON.parse(line) as { type?: string }).type)
      }
      const runs = join(folder, '.provision/runs')
      for (const name of await readdir(runs, { recursive: true })) {
        const text = await readFile(join(runs, name), 'utf8').catch(() => '')
        for (const form of forms) assert.ok(!text.includes(form), name)
      }
    })

    it('nor does what lists the inventory', async () => {
      await prepare()
      const { stdout } = await provision(['inventory', '--host', 'here'])
      const { vars } = JSON.parse(stdout) as { vars: Record<string, string> }
      assert.deepEqual([vars.password, vars.token], ['********', '********'])
    })
  })
})
