import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection, PutFile } from '../../src/connect/connection.ts'
import { STAMP } from '../../src/base/sha256.ts'
import { uploadScript } from '../../src/connect/upload.ts'
import { CommandError } from '../../src/core/errors.ts'
import { localSession, temporary } from './rig.ts'

describe('putting files', () => {
  const directory = temporary()
  let connection: Connection
  before(() => {
    connection = localSession()
  })
  after(() => connection.close())

  const at = (name: string) => join(directory.path, name)
  const mode = (path: string) => (statSync(path).mode & 0o7777).toString(8)
  const local = (bytes: Buffer, name = randomBytes(4).toString('hex')) => {
    const path = at(`local-${name}`)
    writeFileSync(path, bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return { local: { path, size: bytes.length, sha256, text: null } }
  }
  const leftovers = () => readdirSync(directory.path).filter((name) => name.includes('.provision-'))
  const failure = async (file: PutFile, options?: { timeout: number }): Promise<CommandError> => {
    const error = await connection.put(file, options).then(
      () => assert.fail('it should have failed'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof CommandError, String(error))
    assert.deepEqual(leftovers(), [])
    return error
  }

  for (const size of [0, 1, 65_536, 65_537, 5_000_000]) {
    it(`writes ${size} random bytes in one round trip`, async () => {
      const bytes = randomBytes(size)
      const path = at(`random-${size}`)
      const before = connection.roundTrips
      await connection.put({ path, content: local(bytes) })
      assert.ok(readFileSync(path).equals(bytes))
      assert.equal(connection.roundTrips - before, 1)
      assert.equal(mode(path), '644')
      assert.deepEqual(leftovers(), [])
    })
  }

  it('keeps the order among commands, also for large files', async () => {
    const path = at('order')
    const look = () => connection.run(`wc -c <${path} 2>/dev/null || echo none`)
    const text = 'x'.repeat(200_000)
    const looks = [look(), connection.put({ path, content: { text } }), look()] as const
    assert.equal(String((await looks[0]).stdout).trim(), 'none')
    assert.equal(String((await looks[2]).stdout).trim(), '200000')
  })

  it('takes names and text with quotes, blanks, newlines and substitutions', async () => {
    const name = `a'b "c" $(touch x) \`id\` *\n-ü😀`
    const text = `'"$(id)\\ \`\n\r\té😀`
    await connection.put({ path: at(name), content: { text } })
    assert.equal(readFileSync(at(name), 'utf8'), text)
  })

  it('keeps the mode and owner of a file that is there, and sets those asked for', async () => {
    const path = at('modes')
    writeFileSync(path, 'old', { mode: 0o600 })
    chmodSync(path, 0o751)
    await connection.put({ path, content: { text: 'kept' } })
    assert.equal(mode(path), '751')
    await connection.put({ path, content: { text: 'set' }, mode: '4750', owner: String(process.getuid?.()) })
    assert.equal(mode(path), '4750')
  })

  it('never lets others read a secret while it is written', async () => {
    const path = at('secret')
    const validate = 'stat -c %a %s >&2; false'
    const error = await failure({ path, content: { text: 'pw' }, mode: '0600', validate })
    assert.equal(error.stderr.trim(), '600')
    assert.equal(existsSync(path), false)
  })

  /** Runs the script for a text as the host does; `env` may put other programs before its own. */
  const upload = (script: string, env = process.env) => {
    const child = spawn('/bin/sh', ['-c', script], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    let stage = ''
    child.stdout.on('data', (chunk: Buffer) => (stage += chunk.toString()))
    const ended = new Promise<string>((resolve) =>
      child.on('close', (code) => resolve(`${code} ${stage}`.trim())),
    )
    return { stdin: child.stdin.on('error', () => {}), ended }
  }
  const sum = (text: string) => createHash('sha256').update(text).digest('hex')

  it('lets nobody else read it from its first byte on', async () => {
    const { stdin, ended } = upload(
      uploadScript({ path: at('early'), content: { text: 'pw' } }, sum('pw'), 'cat'),
    )
    while (leftovers().length === 0) await delay(5)
    assert.equal(mode(at(leftovers()[0]!)), '600')
    stdin.end('pw')
    assert.equal(await ended, '0')
  })

  it('never writes through a link that somebody has put at its temporary name', async () => {
    const script = uploadScript({ path: at('planted'), content: { text: 'x' } }, sum('x'), 'cat')
    const temp = /\.planted\.provision-[0-9a-f]+/.exec(script)![0]
    writeFileSync(at('precious'), 'precious')
    symlinkSync(at('precious'), at(temp))
    const { stdin, ended } = upload(script)
    stdin.end('x')
    assert.match(await ended, /^[1-9]\d* write$/)
    assert.equal(readFileSync(at('precious'), 'utf8'), 'precious')
  })

  it('keeps a copy of the old file where a file can have but one name', async () => {
    const bin = at('bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'ln'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    writeFileSync(at('single'), 'old')
    const file = { path: at('single'), content: { text: 'new' }, backup: true }
    const { stdin, ended } = upload(uploadScript(file, sum('new'), 'cat'), {
      PATH: `${bin}:${process.env.PATH}`,
    })
    stdin.end('new')
    assert.equal(await ended, '0')
    assert.deepEqual(
      [readFileSync(at('single'), 'utf8'), readFileSync(at('single.bak'), 'utf8')],
      ['new', 'old'],
    )
  })

  it('tells the stamp of a large file, unless something was written to it after it was verified', async () => {
    const large = local(Buffer.alloc(2 ** 23 + 1, 'x'))
    const path = at('stamped')
    const stamp = await connection.put({ path, content: large, mode: '0600', validate: 'sync %s' })
    assert.equal(stamp, execFileSync('stat', ['-c', STAMP, path], { encoding: 'utf8' }).trim())
    const rewrites = ['printf y | dd of=%s conv=notrunc', 'touch %s', 'touch -d @1 %s']
    for (const validate of rewrites)
      assert.equal(await connection.put({ path, content: large, validate }), undefined)
    assert.equal(await connection.put({ path, content: local(Buffer.alloc(2 ** 23)) }), undefined)
  })

  it('tells no stamp where times are whole seconds: a second write might not show', async () => {
    const [name, text] = ['whole', 'x'.repeat(2 ** 23 + 1)]
    const receive = `{ cat; touch -d @1 ${at(`.${name}.provision-`)}*; }`
    const { stdin, ended } = upload(uploadScript({ path: at(name), content: { text } }, sum(text), receive))
    stdin.end(text)
    assert.equal(await ended, '0')
  })

  it('believes no program that a large file is another one, unless both say so', async () => {
    const bin = at('odd')
    mkdirSync(bin)
    const run = async (name: string, openssl: string, plain: string) => {
      writeFileSync(join(bin, 'openssl'), `#!/bin/sh\n${openssl}\n`, { mode: 0o755 })
      writeFileSync(join(bin, 'sha256sum'), `#!/bin/sh\n${plain}\n`, { mode: 0o755 })
      const script = uploadScript({ path: at(name), content: { text: 'x' } }, sum('x'), 'cat')
      const { stdin, ended } = upload(script, { PATH: `${bin}:${process.env.PATH}` })
      stdin.end('x')
      return ended
    }
    const [real, unable, odd] = ['exec /usr/bin/sha256sum "$@"', 'exit 127', `echo '${sum('y')}  -'`]
    assert.equal(await run('by-openssl', `echo '${sum('x')} *stdin'`, unable), '0')
    assert.equal(await run('by-sha256sum', unable, real), '0')
    assert.equal(await run('by-either', odd, real), '0')
    assert.equal(await run('by-none', odd, odd), '1 checksum')
    assert.equal(await run('by-nobody', unable, unable), '1 checksum')
    assert.ok(!existsSync(at('by-none')) && !existsSync(at('by-nobody')))
  })

  it('runs the validating command on the new file, and keeps the old one when it fails', async () => {
    const path = at('checked file')
    await connection.put({ path, content: { text: 'good\n' }, validate: 'grep -q good %s' })
    const error = await failure({
      path,
      content: { text: 'bad\n' },
      validate: 'grep -q good %s || { echo "line 1: not good" >&2; exit 4; }',
    })
    assert.match(error.message, /was refused by 'grep.*line 1: not good/)
    assert.equal(error.code, 4)
    assert.equal(readFileSync(path, 'utf8'), 'good\n')
  })

  it('keeps the old file as NAME.bak when asked', async () => {
    const path = at('saved')
    for (const text of ['1', '2', '3']) await connection.put({ path, content: { text }, backup: true })
    assert.deepEqual([readFileSync(path, 'utf8'), readFileSync(`${path}.bak`, 'utf8')], ['3', '2'])
  })

  it('replaces a symbolic link rather than what it points to', async () => {
    writeFileSync(at('target'), 'target')
    symlinkSync(at('target'), at('link'))
    await connection.put({ path: at('link'), content: { text: 'new' } })
    assert.equal(readFileSync(at('target'), 'utf8'), 'target')
    assert.throws(() => readlinkSync(at('link')))
    assert.equal(mode(at('link')), '644')
  })

  it('says what is in the way: no directory, a directory, a file that changed meanwhile', async () => {
    const content = { text: 'x' }
    assert.match(
      (await failure({ path: at('no/such/file'), content })).message,
      /directory .*no\/such doesn't exist/,
    )
    mkdirSync(at('dir'))
    assert.match((await failure({ path: at('dir'), content })).message, /it is a directory/)
    for (const size of [10, 100_000]) {
      const changed = local(randomBytes(size))
      writeFileSync(changed.local.path, randomBytes(size))
      const error = await failure({ path: at('changed'), content: changed })
      assert.match(error.message, /did not arrive as it was sent/)
    }
    const gone = { local: { ...local(Buffer.alloc(100_000)).local, path: at('gone') } }
    assert.match((await failure({ path: at('never'), content: gone })).message, /can't read the local file/)
    assert.match(
      (await failure({ path: at('o'), content, owner: 'nobody-here' })).message,
      /owner.*nobody-here/,
    )
  })

  it('leaves the old file when the disk is full', async function () {
    const mount = at('full')
    mkdirSync(mount)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mount], { stdio: 'ignore' })
    } catch {
      return this.skip()
    }
    try {
      const path = join(mount, 'file')
      writeFileSync(path, 'old')
      writeFileSync(join(mount, 'ballast'), Buffer.alloc(200_000))
      for (const size of [60_000, 5_000_000]) {
        const error = await failure({ path, content: local(randomBytes(size)) })
        assert.match(error.message, /no space left on device/)
        assert.equal(readFileSync(path, 'utf8'), 'old')
        assert.deepEqual(readdirSync(mount).sort(), ['ballast', 'file'])
      }
    } finally {
      execFileSync('umount', [mount])
    }
  })

  it('removes its temporary file when its time is over', async () => {
    const error = await failure(
      { path: at('slow'), content: { text: 'x' }, validate: 'sleep 30' },
      { timeout: 0.2 },
    )
    assert.equal(error.code, 124)
    assert.equal(existsSync(at('slow')), false)
  })

  it('tells how much of a large file has gone', async () => {
    const told: string[] = []
    const content = local(randomBytes(3_000_000))
    await connection.put({ path: at('told'), content }, { onOutput: (_stream, text) => told.push(text) })
    assert.match(told[0] ?? '', /^sent \d\.\d of 3\.0 MB\n$/)
  })
})
