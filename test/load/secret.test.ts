import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isPlaceholder, processSecrets } from '../../src/base/redact.ts'
import { Interrupted, UsageError } from '../../src/core/errors.ts'
import { bind } from '../../src/load/bind.ts'
import { loadProgram } from '../../src/load/compile.ts'
import type { Program } from '../../src/load/program.ts'
import { decrypt, encrypt, newIdentity, recipientOf } from '../../src/load/secret/secretage.ts'
import { encryptedBytes, isEncrypted } from '../../src/load/secret/secretarmor.ts'
import { askSecretsWith } from '../../src/load/secret/secretask.ts'
import { recipientsFor } from '../../src/load/secret/secretrecipients.ts'
import { withoutNewline } from '../../src/load/secret/secretsources.ts'
import { closeText, openText, rekeyText, secretBlock } from '../../src/load/secret/secrettext.ts'
import { parseYaml, readYaml } from '../../src/load/yaml/yaml.ts'

/** A key for this test alone, and what the command age 1.1.1 has encrypted for it. */
const KEY_OF_AGE = 'AGE-SECRET-KEY-198M93KLFL7DP8KF8WMJDUP5VGYEWXERCQ8644QYTVKQQGTZ3MX4SK95KA6'
const TEXT_OF_AGE = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSAxNnhPbFk4ZWZRUjlaYVVR
SlVYSlhXcHpwcVA5MkVjN3BqakpndnMvSEhRCkUxVktCaVdyaXdxSG5yQ1ByY2JG
M1pOVDhEd05xOWVXL0Uzb0VxWHNpY2sKLS0tIEsycTdPcXFBRUlWVTZTL2ZkMjFZ
UDlGOWZzcG1ud0J5eWZqVmNNWVJJQm8KMaxhzbBynAyxZTZfajG3KdMENIs4MWcZ
XA5bsIYKriJYIXxXX8h2skFhUlHHJSDdaYmIyg==
-----END AGE ENCRYPTED FILE-----`

/** Like the others in a line of a report: where, what and what to do. */
function lines(error: unknown): string[] {
  assert.ok(error instanceof UsageError, String(error))
  return error.diagnostics.map(
    ({ place, message, hint = '' }) => `${place?.line ?? ''}:${place?.column ?? ''} ${message} -> ${hint}`,
  )
}

async function failure(work: Promise<unknown>): Promise<string[]> {
  return work.then(
    () => [],
    (error: unknown) => lines(error),
  )
}

describe('secrets', () => {
  const given = process.env.PROVISION_IDENTITY
  let folder: string
  let recipient: string
  let asked: string[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'secret-'))
    const identity = await newIdentity()
    recipient = await recipientOf(identity)
    await useIdentity(`# a key\n${identity}\n`)
    asked = []
    askSecretsWith('there is no terminal')
  })

  afterEach(async () => {
    await rm(folder, { recursive: true })
    if (given === undefined) delete process.env.PROVISION_IDENTITY
    else process.env.PROVISION_IDENTITY = given
    askSecretsWith('there is no terminal')
  })

  async function useIdentity(text: string): Promise<void> {
    process.env.PROVISION_IDENTITY = await write(`identity-${Math.random()}`, text)
    await chmod(process.env.PROVISION_IDENTITY, 0o600)
  }

  async function write(name: string, text: string | Uint8Array): Promise<string> {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }

  const block = async (value: string, indent: number): Promise<string> =>
    secretBlock(await encrypt(value, [recipient]), indent)

  /** A program of one host with these variables and one step that says the message. */
  async function load(vars: string, message: string, playVars = ''): Promise<Program> {
    const inventory = await write(
      'inventory.yaml',
      `all:\n  hosts:\n    h:\n      connection: local\n${vars}`,
    )
    const playbook = await write(
      'play.yaml',
      `- hosts: all\n${playVars}  tasks:\n    - debug: {message: ${JSON.stringify(message)}}\n`,
    )
    return loadProgram({ playbook, inventory })
  }

  function message(program: Program): string {
    const [play] = program.plays as [Program['plays'][number]]
    const live = { get: () => undefined }
    const host = program.inventory.hosts.get('h')!
    return bind(play.steps[0]!, { program, play, host, live, check: true }).args.message as string
  }

  it('what the age command encrypts can be read', async () => {
    const plain = await decrypt(encryptedBytes(TEXT_OF_AGE), { identities: [KEY_OF_AGE] })
    assert.equal(plain.toString(), 'from the age command')
  })

  it('a value is text to whoever uses it, and masked from then on', async () => {
    const program = await load(`      password: ${await block('Tr0ub4dor & 3', 8)}\n`, 'p={{ password }}')
    assert.equal(message(program), 'p=Tr0ub4dor & 3')
    assert.equal(processSecrets.mask('x Tr0ub4dor & 3 x'), 'x ******** x')
    assert.ok(isPlaceholder(program.inventory.hosts.get('h')!.vars.password as string))
  })

  it('comes from the environment, a file or a command, without the newline at its end', async () => {
    process.env.SECRET_TEST_ENV = 'of-the-environment'
    await write('token', 'of-the-file\n')
    await write('locked', Buffer.from(await encrypt('of-the-locked-file', [recipient])))
    const vars = `  vars:
    a: !secret {env: SECRET_TEST_ENV}
    b: !secret {file: token}
    c: !secret
      command: echo of-the-command
    d: !secret {file: locked}
`
    const program = await load('', '{{ a }} {{ b }} {{ c }} {{ d }}', vars)
    assert.equal(message(program), 'of-the-environment of-the-file of-the-command of-the-locked-file')
  })

  it('only what is used is looked up, once', async () => {
    const count = join(folder, 'count')
    const vars = `      a: !secret {command: "echo x >> '${count}'; echo counted-value"}\n      b: !secret {env: NOT_SET}\n`
    const program = await load(vars, '{{ a }} {{ a }} {{ hosts.h.a }}')
    assert.equal(message(program), 'counted-value counted-value counted-value')
    assert.equal(await readFile(count, 'utf8'), 'x\n')
  })

  it('is asked for once, and only where nothing else is wrong', async () => {
    askSecretsWith(async (question) => {
      asked.push(question)
      return 'typed-by-hand'
    })
    const vars = `      a: !secret {prompt: "Token of ${folder}"}\n      b: !secret {prompt: "Token of ${folder}"}\n`
    assert.deepEqual(
      await failure(load(vars, '{{ a }} {{ undefined_name }}')).then((found) => found.length),
      1,
    )
    assert.deepEqual(asked, [])
    assert.equal(message(await load(vars, '{{ a }}{{ b }}')), 'typed-by-handtyped-by-hand')
    assert.deepEqual(asked, [`Token of ${folder}: `])
  })

  it('whoever gives up at one question is not asked the next', async () => {
    askSecretsWith(async (question) => {
      asked.push(question)
      throw new Interrupted()
    })
    const vars = `      a: !secret {prompt: "One of ${folder}"}\n      b: !secret {prompt: "Two of ${folder}"}\n`
    await assert.rejects(load(vars, '{{ a }}{{ b }}'), Interrupted)
    assert.equal(asked.length, 1)
    askSecretsWith('there is no terminal')
  })

  it('every secret that can not be had is told at once, with the other mistakes', async () => {
    const vars = [
      '      a: !secret {env: NOT_SET_EITHER}',
      '      b: !secret {prompt: "Never asked"}',
      `      c: !secret {file: ${folder}/none}`,
    ].join('\n')
    const found = await failure(load(`${vars}\n`, '{{ a }}{{ b }}{{ c }}{{ nothing }}'))
    assert.equal(found.length, 4, found.join('\n'))
    assert.match(found[0]!, /^5:10 the environment variable NOT_SET_EITHER is not set -> set it:/)
    assert.match(
      found[1]!,
      /^6:10 'Never asked' can't be asked for: there is no terminal -> run it in a term/,
    )
    assert.match(found[2]!, /^7:10 there is no file .*none -> /)
    assert.match(found[3]!, /'nothing' is not defined/)
  })

  it('a command that fails tells what it said', async () => {
    const found = await failure(
      load('      a: !secret {command: "echo no such entry >&2; exit 7"}\n', '{{ a }}'),
    )
    assert.match(found[0]!, /^5:10 the command '.*' ended with exit code 7: no such entry -> /)
  })

  it('what is too short to be masked is refused', async () => {
    process.env.SECRET_TEST_SHORT = 'abc'
    process.env.SECRET_TEST_EMPTY = ''
    const vars = '      a: !secret {env: SECRET_TEST_SHORT}\n      b: !secret {env: SECRET_TEST_EMPTY}\n'
    const found = await failure(load(vars, '{{ a }}{{ b }}'))
    assert.match(found[0]!, /fewer than 4 characters/)
    assert.match(found[1]!, /the secret is empty/)
    assert.ok(!found.join().includes('abc'))
  })

  it('a mistake about its value does not show it', async () => {
    const long = `x${'y'.repeat(70)}`
    process.env.SECRET_TEST_MODE = long
    const inventory = await write('inventory.yaml', 'all: {hosts: {h: {connection: local}}}\n')
    const step = 'copy: {dest: /x, content: c, mode: "{{ m }}"}'
    const playbook = await write(
      'play.yaml',
      `- hosts: all\n  vars: {m: !secret {env: SECRET_TEST_MODE}}\n  tasks:\n    - ${step}\n`,
    )
    const found = await failure(loadProgram({ playbook, inventory }))
    assert.equal(found.length, 1)
    assert.match(found[0]!, /'mode' can't be '\*{8}'/)
    assert.ok(!found[0]!.includes('xyyy'))
  })

  describe('keys', () => {
    const value = async () =>
      `      a: ${await block('worth hiding', 8)}\n      b: ${await block('this-too-1x', 8)}\n`
    const mistakes: [string, () => Promise<void>, RegExp][] = [
      [
        'there is none',
        async () => void (process.env.PROVISION_IDENTITY = join(folder, 'none')),
        /^5:10 there is no identity to decrypt with: no file .*none \(and 1 more like it\) -> make one with 'provision/,
      ],
      [
        'others may read it',
        () => chmod(process.env.PROVISION_IDENTITY!, 0o640),
        /^5:10 others may read the identity .* \(its mode is 0640\) \(and 1 more like it\) -> close it with: chmod 600/,
      ],
      ['it holds no key', () => useIdentity('# nothing\n'), /^5:10 .* holds no age identity .*-> make one/],
      ['it is damaged', () => useIdentity('AGE-SECRET-KEY-1ABC\n'), /^5:10 a key in .* is damaged/],
      [
        'it is an SSH key',
        () => useIdentity('-----BEGIN OPENSSH PRIVATE KEY-----\n'),
        /^5:10 .* holds an SSH key, which can't decrypt here/,
      ],
      [
        'it is not the right one',
        () => useIdentity(KEY_OF_AGE),
        /^5:10 no key in .* opens this \(and 1 more like it\) -> it was encrypted for others: .* add age1/,
      ],
    ]
    for (const [name, prepare, expected] of mistakes)
      it(name, async () => {
        const vars = await value()
        await prepare()
        const found = await failure(load(vars, '{{ a }}{{ b }}'))
        assert.equal(found.length, 1, found.join('\n'))
        assert.match(found[0]!, expected)
      })

    it('the nearest .age-recipients counts; a line that is no key is named', async () => {
      await write('.age-recipients', `# us\n${recipient}\n`)
      assert.deepEqual((await recipientsFor(join(folder, 'a/b'))).keys, [recipient])
      await write('.age-recipients', `${recipient}\nssh-ed25519 AAAA\n`)
      await assert.rejects(recipientsFor(folder), /\.age-recipients:2: 'ssh-ed25519 AAAA' is no public key/)
    })
  })

  describe('encrypted text', () => {
    it('that was changed or cut is told with its place', async () => {
      const good = await block('worth hiding', 8)
      const body = good.split('\n')
      const changed = body.with(
        -2,
        body.at(-2)!.replace(/[A-Za-z](?=[^A-Za-z]*$)/, (one) => (one === 'A' ? 'B' : 'A')),
      )
      assert.match(
        (await failure(load(`      a: ${changed.join('\n')}\n`, '{{ a }}')))[0]!,
        /^5:10 the encrypted text was changed after it was encrypted|^5:10 line \d+ of the encrypted text is damaged/,
      )
      const shorter = body.with(3, body[3]!.slice(0, -1)).join('\n')
      assert.match(
        (await failure(load(`      a: ${shorter}\n`, '')))[0]!,
        /^5:10 line 3 of the encrypted text is damaged -> copy it anew/,
      )
      const cut = body.slice(0, -1).join('\n')
      assert.match(
        (await failure(load(`      a: ${cut}\n`, '')))[0]!,
        /^5:10 the encrypted text does not end with -----END AGE/,
      )
    })

    it('mistakes in writing are told all at once, and a plain secret is not shown', () => {
      const text = [
        'a: !secret hunter2hunter2',
        'b: !secret {environment: X}',
        'c: !secret {env: A, file: b}',
        'd: !secret {env: "{{ x }}"}',
        'e: !secret {env: [X]}',
        'f: !secret',
        'g: !secret {}',
      ]
      assert.throws(
        () => parseYaml(text.join('\n'), 'f.yaml'),
        (error: unknown) => {
          const found = lines(error)
          assert.match(found[0]!, /^1:4 this secret is not encrypted -> encrypt it with 'provision secret/)
          assert.match(found[1]!, /^2:4 'environment' is no way to get a secret -> /)
          assert.match(found[2]!, /^3:4 a secret comes from exactly one of/)
          assert.match(found[3]!, /^4:4 'env' of a secret can't hold a template/)
          assert.match(found[4]!, /^5:4 'env' of a secret must be text/)
          assert.match(found[5]!, /^6:4 the secret is empty/)
          assert.match(found[6]!, /^7:4 a secret comes from exactly one of/)
          assert.ok((error as UsageError).diagnostics[0]!.secret)
          assert.ok(!found.join().includes('hunter2'))
          return true
        },
      )
    })

    it('ansible-vault has a word of its own', () => {
      assert.throws(
        () => parseYaml('a: !vault |\n  $ANSIBLE_VAULT\n', 'f.yaml'),
        /ansible-vault can't be read/,
      )
    })
  })

  describe('whole files', () => {
    it('are read as if they were plain, and all of their values masked', async () => {
      const text = await encrypt(
        'user: somebody-special\nport: 90817263\nurl: "https://u:pass-word@{{ h }}"\n',
        [recipient],
      )
      const { value } = await readYaml(await write('vars.yaml', text))
      assert.deepEqual(value, {
        user: 'somebody-special',
        port: 90817263,
        url: 'https://u:pass-word@{{ h }}',
      })
      assert.equal(
        processSecrets.mask('somebody-special:90817263 https://u:pass-word@rpi01'),
        '********:******** ********rpi01',
      )
    })

    it('whose text is wrong tell the line and not a word of it', async () => {
      const text = await encrypt('a: 1\nb: {{ s3cr3t }}\n', [recipient])
      const found = await failure(readYaml(await write('vars.yaml', text)))
      assert.match(
        found[0]!,
        /^1:1 what this file holds is no valid YAML, on line 2 of the decrypted text -> mend it/,
      )
      assert.ok(!found[0]!.includes('s3cr3t'))
    })

    it('a step copies what they hold', async () => {
      await write('key.age', Buffer.from(await encrypt('line one of it\nline two of it\n', [recipient])))
      const inventory = await write('inventory.yaml', 'all: {hosts: {h: {connection: local}}}\n')
      const playbook = await write(
        'play.yaml',
        '- hosts: all\n  tasks:\n    - copy: {src: key.age, dest: /etc/key}\n',
      )
      const program = await loadProgram({ playbook, inventory })
      const [play] = program.plays as [Program['plays'][number]]
      const host = program.inventory.hosts.get('h')!
      const live = { get: () => undefined }
      const { src } = bind(play.steps[0]!, { program, play, host, live, check: true }).args
      assert.equal(src.text, 'line one of it\nline two of it\n')
      assert.equal(src.size, 30)
      assert.equal(Buffer.from(src.base64, 'base64').toString(), src.text)
    })
  })

  describe('in the text of a file', () => {
    const source = async (): Promise<string> =>
      [
        '# kept   as it is',
        `a: ${await block('first value', 4)}`,
        'b: [1,2]   # comment',
        'list:',
        `  - !secret ${JSON.stringify(await encrypt('second value', [recipient]))}`,
        `flow: {x: !secret ${JSON.stringify(await encrypt('third\nvalue\n', [recipient]))}, y: 1}`,
        'env: !secret {env: X}',
        '',
      ].join('\n')
    const withoutArmor = (text: string): string =>
      text.replaceAll(/-----BEGIN AGE [^]*?-----END AGE [A-Z ]+-----/g, '')

    it('rekeying changes nothing but what is encrypted', async () => {
      for (const newline of ['\n', '\r\n']) {
        const text = (await source()).replaceAll('\n', newline)
        const other = await newIdentity()
        const rekeyed = await rekeyText(text, 'f.yaml', [await recipientOf(other)])
        assert.equal(withoutArmor(rekeyed), withoutArmor(text))
        assert.deepEqual([...rekeyed.matchAll(/(?<!\r)\n/g)].length > 0, newline === '\n')
        await useIdentity(other)
        const values = (await openText(rekeyed, 'f.yaml')).secrets.map(({ plain }) => plain)
        assert.deepEqual(values, ['first value', 'second value', 'third\nvalue\n'])
        await useIdentity(KEY_OF_AGE)
        await assert.rejects(openText(rekeyed, 'f.yaml'), /some secrets are wrong/)
        recipient = await recipientOf(KEY_OF_AGE)
      }
    })

    it('editing gives plain values, and what is left alone comes back byte by byte', async () => {
      const text = await source()
      const { text: plain, secrets } = await openText(text, 'f.yaml')
      assert.match(plain, /^a: !secret "first value"$/m)
      assert.match(plain, /^ {2}- !secret "second value"$/m)
      const keys = async () => [recipient]
      assert.equal(await closeText(plain, 'f.yaml', secrets, keys), text)
      const edited = await closeText(plain.replace('second', 'another'), 'f.yaml', secrets, keys)
      const [before, after] = [text.split('\n'), edited.split('\n')]
      assert.deepEqual(
        after.slice(0, before.indexOf('list:') + 1),
        before.slice(0, before.indexOf('list:') + 1),
      )
      const values = (await openText(edited, 'f.yaml')).secrets.map((one) => one.plain)
      assert.deepEqual(values, ['first value', 'another value', 'third\nvalue\n'])
      parseYaml(edited, 'f.yaml')
    })
  })

  it('the newline behind a line is no part of it, that of a key of many lines is', () => {
    const cut = (text: string): string => withoutNewline(Buffer.from(text)).toString()
    assert.deepEqual(['a\n', 'a\r\n', 'a', 'a\nb\n', '\n'].map(cut), ['a', 'a', 'a', 'a\nb\n', ''])
  })

  it('what age has encrypted is known as such', async () => {
    assert.ok(isEncrypted(Buffer.from(TEXT_OF_AGE)))
    assert.ok(isEncrypted(encryptedBytes(TEXT_OF_AGE)))
    assert.ok(!isEncrypted(Buffer.from('a: 1\n')))
  })
})
