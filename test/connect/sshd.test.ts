import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Connector } from '../../src/connect/connection.ts'
import { ConnectError } from '../../src/core/errors.ts'
import { connectorIn, hostNamed, keyIn, temporary } from './rig.ts'
import { startServer } from './server.ts'
import { freePort, pause, requireSshd, startSshd } from './sshd.ts'

describe('connections to a real sshd', () => {
  const directory = temporary()
  const user = userInfo().username
  let key: { path: string; public: string }
  let sshd: ChildProcess
  let port: number
  const open: Connector[] = []

  before(async function () {
    requireSshd(this)
    key = keyIn(directory.path)
    port = await freePort()
    sshd = await startSshd(directory.path, port, key.public, ['MaxSessions 3', 'LogLevel DEBUG1'])
  })
  after(() => {
    sshd?.kill()
  })
  afterEach(async () => {
    delete process.env.SSH_AUTH_SOCK
    for (const one of open.splice(0)) await one.close()
  })

  const connector = (...args: Parameters<typeof connectorIn>) => {
    const made = connectorIn(...args)
    open.push(made)
    return made
  }
  const host = (more = {}) => hostNamed('real', { address: '127.0.0.1', port, user, key: key.path, ...more })

  it('runs scripts, puts files and keeps both apart', async () => {
    const connection = await connector(directory.path).connect(host())
    const text = 'x'.repeat(300_000)
    const path = join(directory.path, 'put here')
    const [first, , second] = await Promise.all([
      connection.run('echo $LC_ALL; exit 7'),
      connection.put({ path, content: { text } }),
      connection.run(`wc -c <'${path}'`),
    ])
    assert.deepEqual([first.code, String(first.stdout), Number(second.stdout)], [7, 'C\n', 300_000])
  })

  it('logs in without a question first, and has the host prove no other keys', async () => {
    const connection = await connector(directory.path).connect(host())
    await connection.run('true')
    const log = readFileSync(join(directory.path, 'sshd.log'), 'utf8')
    assert.match(log, /Accepted publickey/)
    assert.doesNotMatch(log, /Postponed publickey|hostkeys-prove/)
  })

  it('carries megabytes on both streams at once', async () => {
    const connection = await connector(directory.path).connect(host())
    const output = await connection.run('head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2')
    assert.deepEqual([output.stdout.length, output.stderr.length], [5_000_000, 5_000_000])
  })

  it('reaches a port of the host, until the connection ends', async () => {
    const echo = createServer((socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    const connection = await connector(directory.path).connect(host())
    const { port: there } = echo.address() as AddressInfo
    const stream = await connection.dial(there)
    stream.write('hello')
    assert.equal(String((await once(stream, 'data'))[0]), 'hello')
    const closed = once(stream, 'close')
    echo.close()
    await connection.close()
    await closed
    const again = await connector(directory.path).connect(host())
    await assert.rejects(again.dial(there), {
      name: 'ConnectError',
      message: `real: port ${there} can't be reached: Connection refused`,
    })
  })

  it('ends what runs when time is over', async () => {
    const connection = await connector(directory.path).connect(host())
    // A number of its own: the same test may run elsewhere on this machine.
    const seconds = `61.${process.pid}`
    await assert.rejects(connection.run(`sleep ${seconds}`, { timeout: 0.2 }), { code: 124 })
    const gone = `for i in 1 2 3 4 5 6 7 8 9; do pgrep -fx 'sleep ${seconds}' || exit 0; sleep 0.2; done; exit 1`
    assert.equal((await connection.run(gone)).code, 0)
  })

  it('has let go of the lock when it is closed, though nobody waits for sshd to end its sessions', async () => {
    const [first, second] = [connector(directory.path), connector(directory.path)]
    const connection = await first.connect(host())
    const other = await second.connect(host())
    assert.equal(await connection.lock('ana'), null)
    assert.equal(await other.lock('bob'), 'ana')
    await connection.close()
    assert.equal(await other.lock('bob'), null)
  })

  it('shows the key type that known_hosts has', async () => {
    const known = join(directory.path, 'only-ecdsa')
    const line = readFileSync(join(directory.path, 'host_ecdsa.pub'), 'utf8')
    writeFileSync(known, `[127.0.0.1]:${port} ${line}`)
    await connector(directory.path, { knownHostsFiles: [known], acceptNew: false }).connect(host())
  })

  it('logs in with a key of the agent', async function () {
    const socket = join(directory.path, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    agent.on('error', () => {})
    try {
      for (let look = 0; !existsSync(socket) && look < 100; look++) await pause()
      const env = { ...process.env, SSH_AUTH_SOCK: socket }
      if (spawnSync('ssh-add', [key.path], { env }).status !== 0) return this.skip()
      process.env.SSH_AUTH_SOCK = socket
      const connection = await connector(directory.path).connect(host({ key: undefined }))
      assert.equal((await connection.run('true')).code, 0)
      const stranger = hostNamed('real', { address: '127.0.0.1', port: await strangerPort(), user })
      await assert.rejects(connector(directory.path).connect(stranger), (error: ConnectError) => {
        assert.match(error.message, /permission denied for user .*: tried 1 agent key/)
        return true
      })
    } finally {
      agent.kill()
    }
  })

  it('honours the SSH configuration, where the inventory says nothing', async () => {
    const config = join(directory.path, 'my_config')
    writeFileSync(
      config,
      `Host real\n  HostName 127.0.0.1\n  Port ${port}\n  User ${user}\n  IdentityFile ${key.path}\n`,
    )
    const made = connector(directory.path, { configFile: config })
    assert.equal((await (await made.connect(hostNamed('real', {}))).run('true')).code, 0)
    const error = await made.connect(hostNamed('real', { port: 1 })).catch((reason: unknown) => reason)
    assert.match((error as Error).message, /127\.0\.0\.1:1 refused/)
    writeFileSync(config, 'Host real\n  Nonsense yes\n')
    const wrong = connector(directory.path, { configFile: config })
    await assert.rejects(wrong.connect(hostNamed('real', {})), /my_config.*Bad configuration|terminating/)
  })

  it('opens no more sessions than sshd allows', async () => {
    const connection = await connector(directory.path).connect(host())
    const timeouts = Array.from({ length: 4 }, () => connection.run('sleep 9', { timeout: 0.1 }))
    const results = await Promise.allSettled(timeouts)
    assert.ok(results.every((result) => result.status === 'rejected'))
    assert.equal((await connection.run('true')).code, 0)
  })

  async function strangerPort(): Promise<number> {
    const server = await startServer({ allow: [] })
    after(() => server.close())
    return server.port
  }
})
