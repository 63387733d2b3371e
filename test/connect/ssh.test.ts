import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import type { Connection, Connector } from '../../src/connect/connection.ts'
import type { ConnectorOptions } from '../../src/connect/connector.ts'
import { CommandError, ConnectError, ConnectionLost } from '../../src/core/errors.ts'
import type { Become, Host } from '../../src/core/host.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { connectorIn, hostNamed, keyIn, temporary } from './rig.ts'
import { type Knobs, newKey, startServer, type TestServer } from './server.ts'

describe('connections by SSH', () => {
  const directory = temporary()
  const open: { close(): unknown }[] = []
  let key: { path: string; public: string }
  before(() => {
    key = keyIn(directory.path)
    delete process.env.SSH_AUTH_SOCK
  })
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close()
    // The next server has another key, and may get the same port.
    rmSync(join(directory.path, 'known_hosts'), { force: true })
  })

  const serve = async (knobs: Partial<Knobs> = {}): Promise<TestServer> => {
    const server = await startServer({ allow: [key.public], ...knobs })
    open.push(server)
    return server
  }
  const wire = async (server: TestServer): Promise<Proxy> => {
    const proxy = await startProxy(server.port)
    open.push(proxy)
    return proxy
  }
  const connector = (options: Partial<ConnectorOptions> = {}): Connector => {
    const made = connectorIn(directory.path, options)
    open.push(made)
    return made
  }
  const host = (port: number, more: Partial<Host['connection']> = {}, name = 'rpi03') =>
    hostNamed(name, { address: '127.0.0.1', port, user: 'pi', key: key.path, ...more })
  const failure = async (promise: Promise<unknown>): Promise<ConnectError> => {
    const error = await promise.then(
      () => assert.fail('it should have failed'),
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof ConnectError, String((error as Error).stack))
    return error
  }
  const says = async (connection: Connection, script: string, become: Become = false) =>
    (await connection.run(script, { become })).stdout.toString()

  it('runs everything of one privilege over one session of one connection', async () => {
    const server = await serve()
    const connection = await connector().connect(host(server.port))
    const outputs = await Promise.all([1, 2, 3].map((number) => says(connection, `echo ${number}`)))
    assert.deepEqual(outputs, ['1\n', '2\n', '3\n'])
    assert.deepEqual([server.seen.connections, server.seen.sessions, connection.roundTrips], [1, 1, 1])
    assert.deepEqual(server.commands, ['exec /bin/sh'])
    assert.equal(server.seen.refused, 0)
  })

  it('sends large files by a session of their own', async () => {
    const server = await serve()
    const connection = await connector().connect(host(server.port))
    const path = join(directory.path, 'large')
    const text = randomBytes(3_000_000).toString('hex')
    await connection.put({ path, content: { text } })
    assert.equal(readFileSync(path, 'utf8'), text)
    assert.equal((await connection.run(`head -c 1000000 ${path}`)).stdout.toString(), text.slice(0, 1e6))
    assert.equal(server.seen.sessions, 2)
  })

  it('gives the login shell, which need not be of the family of sh, nothing to understand otherwise', async () => {
    const server = await serve()
    const connection = await connector().connect(host(server.port))
    const path = join(directory.path, "it's !large\\'s $HOME")
    for (const become of [false, 'ana']) {
      await connection.put({ path, content: { text: 'x'.repeat(300_000) } }, { become })
      assert.equal(statSync(path).size, 300_000)
    }
    const stream = await connection.stream(`printf %s '!\\'; cat`)
    stream.stdin.end('sent behind it')
    assert.equal(await readAll(stream.stdout), '!\\sent behind it')
    assert.equal(server.commands.length, 3)
    // csh ends a word at the end of a line and knows ! in quotes, to fish \ is special there.
    for (const command of server.commands) assert.doesNotMatch(command, /[!\\\n]|large/)
  })

  describe('sudo', () => {
    it('without a password needs one session and no question', async () => {
      const server = await serve()
      const connection = await connector({ ask: () => assert.fail('asked') }).connect(host(server.port))
      assert.equal(await says(connection, 'echo $BECAME', true), 'root\n')
      assert.equal(await connection.lock('ana', { become: true }), null)
      assert.equal(server.seen.sessions, 1)
    })

    it('asks once for all hosts, and keeps the password out of the commands', async () => {
      const questions: string[] = []
      const ask = async (question: string) => {
        questions.push(question)
        return "pa'ss word"
      }
      const servers = [await serve({ sudo: "pa'\\''ss word" }), await serve({ sudo: "pa'\\''ss word" })]
      const all = connector({ ask })
      const answers = servers.map(async ({ port }, number) => {
        const connection = await all.connect(host(port, {}, `rpi0${number}`))
        await connection.put(
          { path: join(directory.path, `root${number}`), content: { text: 'x' } },
          { become: true },
        )
        return says(connection, 'cat; echo $BECAME', true)
      })
      assert.deepEqual(await Promise.all(answers), ['root\n', 'root\n'])
      assert.equal(questions.length, 1)
      assert.doesNotMatch(servers.flatMap(({ commands }) => commands).join(), /ss word/)
    })

    it('says so when the password is wrong, missing, or sudo is', async () => {
      const cases: [Partial<Knobs>, string | undefined, RegExp][] = [
        [{ sudo: 'right' }, 'wrong', /^rpi03: sudo did not accept the password$/],
        [{ sudo: 'right' }, undefined, /^rpi03: sudo refused: sudo: a password is required$/],
        [{ sudo: null }, undefined, /^rpi03: sudo is not installed$/],
      ]
      for (const [knobs, becomePassword, message] of cases) {
        const server = await serve(knobs)
        const connection = await connector().connect(host(server.port, { becomePassword }))
        const errors = await Promise.all([1, 2].map(() => failure(connection.run('true', { become: true }))))
        for (const error of errors) {
          assert.match(error.message, message)
          assert.equal(error.retry, false)
          assert.ok(error.hint)
        }
        assert.equal(await says(connection, 'echo still'), 'still\n')
      }
    })

    it('becomes any user, in a shell that is opened when it is first needed', async () => {
      const server = await serve({ sudo: 'right' })
      const connection = await connector().connect(host(server.port, { becomePassword: 'right' }))
      const [ana, root, pi] = await Promise.all([
        says(connection, 'echo $BECAME', 'ana'),
        says(connection, 'echo $BECAME', 'root'),
        says(connection, 'echo "[$BECAME]"', 'pi'),
      ])
      assert.deepEqual([ana, root, pi], ['ana\n', 'root\n', '[]\n'])
      assert.equal(await says(connection, 'echo $BECAME', true), 'root\n')
      assert.equal(server.seen.sessions, 3)
      assert.equal(server.commands.filter((command) => command.includes('sudo')).length, 2)
      assert.doesNotMatch(server.commands.join(), /right/)
    })

    it('puts files large and small and takes the lock as that user', async () => {
      const server = await serve()
      const connection = await connector().connect(host(server.port))
      for (const [name, size] of Object.entries({ 'small-as-ana': 10, 'large-as-ana': 300_000 })) {
        const path = join(directory.path, name)
        await connection.put({ path, content: { text: 'x'.repeat(size) } }, { become: 'ana' })
        assert.equal(statSync(path).size, size)
      }
      assert.equal(await connection.lock('ana', { become: 'ana' }), null)
      assert.equal(server.seen.sessions, 2)
      assert.ok(server.commands.every((command) => command.includes('-u ana')))
    })

    it('says that there is no such user, and looks again later', async () => {
      const server = await serve({ sudo: 'right' })
      const connection = await connector({ ask: () => assert.fail('asked') }).connect(host(server.port))
      for (const _attempt of [1, 2]) {
        await assert.rejects(connection.run('true', { become: 'nosuch' }), (error: CommandError) => {
          assert.ok(error instanceof CommandError)
          assert.equal(error.message, "there is no user 'nosuch' on rpi03")
          assert.match(error.hint ?? '', /become_user/)
          return true
        })
      }
      assert.equal(server.seen.sessions, 2)
      assert.equal(await says(connection, 'echo still'), 'still\n')
    })

    it('refuses what sudo would take for an option or a user id', async () => {
      const server = await serve()
      const connection = await connector().connect(host(server.port))
      for (const user of ['#0', '-i', '', 'a b', "x'"]) {
        await assert.rejects(connection.run('true', { become: user }), /is not the name of a user$/)
      }
      assert.equal(server.seen.sessions, 0)
    })

    it('becomes more users than a host allows sessions', async () => {
      const server = await serve({ maxSessions: 7 })
      const connection = await connector().connect(host(server.port))
      assert.equal(await connection.lock('ana', { become: 'user0' }), null)
      const users = Array.from({ length: 12 }, (_, number) => `user${number}`)
      const heard = await Promise.all(users.map((user) => says(connection, 'echo $BECAME', user)))
      assert.deepEqual(
        heard.map((line) => line.trim()),
        users,
      )
      const other = await connector().connect(host(server.port))
      assert.equal(await other.lock('bob'), 'ana')
    })

    it('never runs an unwanted password as a command', async () => {
      const server = await serve()
      const connection = await connector().connect(host(server.port, { becomePassword: 'echo oops' }))
      const output = await connection.run('true', { become: true })
      assert.deepEqual([String(output.stdout), output.stderr], ['', ''])
    })
  })

  describe('login', () => {
    it('says which keys were tried', async () => {
      const server = await serve({ allow: [newKey().public] })
      const error = await failure(connector().connect(host(server.port)))
      assert.equal(error.message, `rpi03: permission denied for user pi: tried key ${key.path}`)
      assert.match(error.hint ?? '', /ssh-copy-id/)
      assert.equal(error.retry, false)
    })

    it('says which methods the host accepts when keys are not among them', async () => {
      const server = await serve({ methods: ['password'] })
      assert.match(
        (await failure(connector().connect(host(server.port)))).hint ?? '',
        /accepts only password/,
      )
    })

    it('says when the key named in the inventory is missing or no key', async () => {
      const server = await serve()
      const absent = await failure(connector().connect(host(server.port, { key: '/no/such/key' })))
      assert.match(absent.message, /^rpi03: can't use the key \/no\/such\/key: it does not exist/)
      const path = join(directory.path, 'nokey')
      writeFileSync(path, 'hello')
      assert.match((await failure(connector().connect(host(server.port, { key: path })))).message, /nokey/)
      assert.equal(server.seen.connections, 0)
    })

    it('asks once for the passphrase of a key, and again when it was wrong', async () => {
      const pair = newKey('open')
      const path = join(directory.path, 'locked')
      writeFileSync(path, pair.private)
      const answers = ['wrong', 'open']
      const asked: string[] = []
      const ask = async (question: string) => {
        asked.push(question)
        return answers.shift() ?? assert.fail('asked too often')
      }
      const servers = await Promise.all([1, 2].map(() => serve({ allow: [pair.public] })))
      const all = connector({ ask })
      const routes = servers.map(({ port }) => all.connect(host(port, { key: path }, `h${port}`)))
      assert.equal((await Promise.all(routes)).length, 2)
      assert.deepEqual(asked, [`Passphrase for ${path}: `, `Passphrase for ${path}: `])
      const nobody = await failure(connector().connect(host(servers[0]!.port, { key: path })))
      assert.match(nobody.message, /locked: needs its passphrase/)
    })
  })

  describe('host keys', () => {
    const known = () => join(directory.path, `known-${randomBytes(4).toString('hex')}`, 'hosts')

    it('remembers a new host, and knows it the next time', async () => {
      const server = await serve()
      const file = known()
      await connector({ knownHostsFiles: [file] }).connect(host(server.port))
      assert.equal(readFileSync(file, 'utf8'), `[127.0.0.1]:${server.port} ${server.publicKey}\n`)
      assert.deepEqual([statSync(file).mode & 0o777, statSync(join(file, '..')).mode & 0o777], [0o600, 0o700])
      await connector({ knownHostsFiles: [file], acceptNew: false }).connect(host(server.port))
    })

    it('refuses a new host when told so', async () => {
      const server = await serve()
      const file = known()
      const error = await failure(
        connector({ knownHostsFiles: [file], acceptNew: false }).connect(host(server.port)),
      )
      assert.match(error.message, /not known: ssh-ed25519 SHA256:/)
      assert.throws(() => readFileSync(file))
    })

    it('refuses a changed key, naming the line and both fingerprints', async () => {
      const server = await serve()
      const file = join(directory.path, 'changed')
      writeFileSync(file, `# comment\n[127.0.0.1]:${server.port} ${newKey().public}\n`)
      const error = await failure(connector({ knownHostsFiles: [file] }).connect(host(server.port)))
      assert.match(
        error.message,
        /changed:2 has ssh-ed25519 SHA256:\S{43}, but .* ssh-ed25519 SHA256:\S{43}$/,
      )
      assert.match(error.hint ?? '', /ssh-keygen -R/)
      assert.equal(error.retry, false)
      assert.equal(server.seen.logins, 0)
    })
  })

  describe('jump hosts', () => {
    it('share one connection among all hosts behind, and with the jump host itself', async () => {
      const jumpServer = await serve()
      const servers = await Promise.all([1, 2, 3].map(() => serve()))
      const cloud = host(jumpServer.port, {}, 'rpicloud')
      const all = connector({ lookup: (name) => (name === 'rpicloud' ? cloud : undefined) })
      const hosts = [...servers.map(({ port }, i) => host(port, { jump: 'rpicloud' }, `rpi0${i}`)), cloud]
      const connections = await Promise.all(hosts.map((one) => all.connect(one)))
      const outputs = await Promise.all(connections.map((one) => says(one, 'echo hi')))
      assert.deepEqual(outputs, ['hi\n', 'hi\n', 'hi\n', 'hi\n'])
      assert.deepEqual([jumpServer.seen.connections, jumpServer.seen.forwards], [1, 3])
      await connections[3]!.close()
      assert.equal(await says(connections[0]!, 'echo on'), 'on\n')
    })

    it('may be nested, and written as an address', async () => {
      const [outer, inner, target] = [await serve(), await serve(), await serve()]
      const hosts = new Map([['inner', host(inner.port, { jump: `pi@127.0.0.1:${outer.port}` }, 'inner')]])
      const all = connector({ lookup: (name) => hosts.get(name), keyFile: key.path })
      const connection = await all.connect(host(target.port, { jump: 'inner' }))
      assert.equal(await says(connection, 'echo far'), 'far\n')
      assert.deepEqual(
        [outer, inner, target].map(({ seen }) => seen.logins),
        [1, 1, 1],
      )
      assert.deepEqual([outer.seen.forwards, inner.seen.forwards, target.seen.forwards], [1, 1, 0])
    })

    it('fail all hosts behind with their own reason, after one attempt', async () => {
      const jump = await serve({ allow: [] })
      const cloud = host(jump.port, {}, 'rpicloud')
      const all = connector({ lookup: () => cloud })
      const tries = [1, 2, 3].map((i) => failure(all.connect(host(1, { jump: 'rpicloud' }, `rpi0${i}`))))
      const [first] = await Promise.all(tries)
      assert.match(
        first!.message,
        /^rpi01: jump host rpicloud can't be reached: permission denied for user pi: tried/,
      )
      assert.equal(jump.seen.connections, 1)
    })

    it("say when they can't reach the host behind", async () => {
      const jump = await serve()
      const closed = await serve()
      await closed.close()
      const cloud = host(jump.port, {}, 'rpicloud')
      const error = await failure(
        connector({ lookup: () => cloud }).connect(host(closed.port, { jump: 'rpicloud' })),
      )
      assert.match(
        error.message,
        new RegExp(`^rpi03: jump host rpicloud can't reach 127.0.0.1:${closed.port}: `),
      )
      assert.equal(error.retry, true)
    })

    it('that lead in a circle are refused', async () => {
      const a = host(1, { jump: 'b' }, 'a')
      const b = host(1, { jump: 'a' }, 'b')
      const all = connector({ lookup: (name) => (name === 'a' ? a : b) })
      const errors = await Promise.all([failure(all.connect(a)), failure(all.connect(b))])
      for (const error of errors) assert.match(error.message, /in a circle/)
    })
  })

  describe('bad days', () => {
    it('a refused connection may be retried', async () => {
      const server = await serve()
      await server.close()
      const error = await failure(connector().connect(host(server.port)))
      assert.equal(error.message, `rpi03: 127.0.0.1:${server.port} refused the connection`)
      assert.equal(error.retry, true)
    })

    it('an unknown name is not', async () => {
      const error = await failure(connector().connect(host(22, { address: 'no-such-host.invalid' })))
      assert.match(error.message, /no host named no-such-host\.invalid|can't be looked up/)
    })

    it('a host that cuts off or is silent before the login may be retried', async () => {
      const server = await serve()
      const proxy = await wire(server)
      for (const bytes of [0, 10, 600]) {
        proxy.cutAfter = bytes
        const pending = connector({ connectTimeout: 20 }).connect(host(proxy.port))
        if (bytes === 0) setTimeout(() => proxy.cut(), 100)
        const error = await failure(pending)
        assert.match(error.message, /closed the connection before the login/)
        assert.equal(error.retry, true)
      }
      const silent = await wire(server)
      const pending = failure(connector({ connectTimeout: 0.3 }).connect(host(silent.port)))
      silent.mute = true
      assert.match((await pending).message, /no answer from .* within 0\.3 s/)
    })

    it('a connection lost under a command means that its outcome is unknown', async () => {
      const proxy = await wire(await serve())
      const all = connector()
      const connection = await all.connect(host(proxy.port))
      await connection.run('true')
      const running = [connection.run('sleep 5'), connection.run('echo never')].map(failure)
      setTimeout(() => proxy.cut(), 50)
      for (const error of await Promise.all(running)) {
        assert.ok(error instanceof ConnectionLost)
        assert.match(error.message, /^rpi03: .* while a command ran; whether it finished is unknown$/)
      }
      const after = await failure(connection.run('true'))
      assert.equal(after.retry, true)
      assert.equal(await says(await all.connect(host(proxy.port)), 'echo back'), 'back\n')
    })

    it('a frozen connection ends by its signs of life', async () => {
      const proxy = await wire(await serve())
      const connection = await connector({ keepalive: 0.05 }).connect(host(proxy.port))
      await connection.run('true')
      const running = failure(connection.run('sleep 5'))
      proxy.freeze()
      assert.match((await running).message, /Keepalive timeout/)
    })

    it('a deadline holds on a frozen connection too', async () => {
      const proxy = await wire(await serve())
      const connection = await connector({ keepalive: 0.2 }).connect(host(proxy.port))
      await connection.run('true')
      proxy.freeze()
      const error = await connection.run('sleep 5', { timeout: 0.1 }).catch((reason: unknown) => reason)
      assert.ok(error instanceof CommandError)
      assert.equal(error.code, 124)
    })

    it('a login shell that refuses is quoted', async () => {
      const server = await serve({ shell: '/usr/sbin/nologin' })
      const connection = await connector().connect(host(server.port))
      const error = await failure(connection.run('true'))
      assert.match(error.message, /login shell of pi ended at once: This account is currently not available/)
    })

    it('a program in place of the login shell is not waited for without end', async () => {
      const server = await serve({ shell: '/bin/cat' })
      const connection = await connector({ connectTimeout: 1 }).connect(host(server.port))
      const [asUser, asRoot] = await Promise.all(
        [false, true].map((become) => failure(connection.run('true', { become }))),
      )
      assert.match(asUser!.message, /^rpi03: the login shell of pi did not start sh in time: /)
      assert.match(asRoot!.message, /^rpi03: sudo did not start sh in time: /)
      assert.match(asUser!.hint ?? '', /ForceCommand/)
    })

    it('a login shell that ends before sudo is not taken for a refusal of sudo', async () => {
      const server = await serve({ shell: '/bin/true' })
      const error = await failure(
        (await connector().connect(host(server.port))).run('true', { become: true }),
      )
      assert.equal(error.message, 'rpi03: sudo ended without starting sh: no message')
    })

    it('a host that allows no session says so', async () => {
      const server = await serve({ maxSessions: 0 })
      const error = await failure((await connector().connect(host(server.port))).run('true'))
      assert.match(error.message, /^rpi03: can't open a session/)
      assert.match(error.hint ?? '', /MaxSessions/)
    })

    it('never crowds a host: handshakes at the same time are limited', async () => {
      const server = await serve()
      const all = connector({ maxHandshakes: 2 })
      const names = Array.from({ length: 6 }, (_, i) => host(server.port, {}, `rpi0${i}`))
      await Promise.all(names.map((one) => all.connect(one)))
      assert.equal(server.seen.logins, 6)
      assert.ok(server.crowd <= 2, `${server.crowd} at the same time`)
    })
  })
})
