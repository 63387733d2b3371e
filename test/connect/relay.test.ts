import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { Connection, Connector, PutFile } from '../../src/connect/connection.ts'
import { giveScript } from '../../src/connect/relayscripts.ts'
import type { Host } from '../../src/core/host.ts'
import { type Proxy, startProxy } from './proxy.ts'
import { connectorIn, hostNamed, keyIn, temporary } from './rig.ts'
import { freePort, pause, requireSshd, startSshd } from './sshd.ts'

const SIZE = 5_000_000

describe('large files for hosts behind one jump host', function () {
  this.timeout(20_000)
  const directory = temporary()
  const user = userInfo().username
  const at = (...names: string[]) => join(directory.path, ...names)
  let key: { path: string; public: string }
  let sshd: ChildProcess
  let port: number
  let uplink: Proxy
  let connector: Connector
  const notices: string[] = []

  before(async function () {
    requireSshd(this)
    key = keyIn(directory.path)
    port = await freePort()
    for (const name of ['tmp', 'cache']) mkdirSync(at(name))
    const environment = `SetEnv XDG_CACHE_HOME=${at('cache')} TMPDIR=${at('tmp')}`
    sshd = await startSshd(directory.path, port, key.public, [environment, 'MaxStartups 100'])
  })
  after(() => {
    sshd?.kill()
  })
  beforeEach(async () => {
    notices.length = 0
    rmSync(at('cache'), { recursive: true })
    mkdirSync(at('cache'))
    uplink = await startProxy(port)
    connector = connectorIn(directory.path, {
      lookup: (name) => (name === 'jump' ? jump() : undefined),
      onNotice: (message) => notices.push(message),
    })
  })
  afterEach(async () => {
    await connector.close()
    uplink.close()
    await gone(at('tmp'))
    assert.deepEqual(readdirSync(at('tmp')), [])
  })

  const jump = () => hostNamed('jump', { address: '127.0.0.1', port: uplink.port, user, key: key.path })
  const node = (name: string) =>
    hostNamed(name, { address: '127.0.0.1', port, user, key: key.path, jump: 'jump' })
  const NAMES = ['n1', 'n2', 'n3', 'n4']
  const nodes = () => NAMES.map((name) => node(name))
  const connect = (hosts: Host[]) => Promise.all(hosts.map((host) => connector.connect(host)))

  function content(bytes = randomBytes(SIZE)) {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const path = at(`local-${sha256.slice(0, 8)}`)
    writeFileSync(path, bytes)
    const wanted = (name: string, base64?: string): PutFile => ({
      path: at(`${name}-${sha256.slice(0, 8)}`),
      mode: '0644',
      content: { local: { path, size: SIZE, sha256, text: null, base64 } },
    })
    const arrived = (name: string) => readFileSync(wanted(name).path).equals(bytes)
    return { bytes, sha256, wanted, arrived }
  }

  const putOnAll = (connections: Connection[], wanted: (name: string) => PutFile) =>
    Promise.all(connections.map((connection) => connection.put(wanted(connection.host.name))))

  it('are sent once, to the jump host too, and leave nothing there', async () => {
    const { wanted, arrived } = content()
    await putOnAll(await connect([...nodes(), jump()]), wanted)
    for (const name of [...NAMES, 'jump']) assert.ok(arrived(name), name)
    assert.ok(uplink.sent > SIZE && uplink.sent < 1.2 * SIZE, `${uplink.sent} bytes were sent`)
    assert.deepEqual(notices, [])
    await connector.close()
    assert.deepEqual(readdirSync(at('cache')), [])
  })

  it('tell every host that waits for them how far they are', async () => {
    const { wanted } = content()
    const heard = new Map(NAMES.map((name) => [name, '']))
    const puts = (await connect(nodes())).map((one) => {
      const { name } = one.host
      return one.put(wanted(name), { onOutput: (_, text) => heard.set(name, text) })
    })
    await Promise.all(puts)
    for (const name of NAMES) assert.match(heard.get(name)!, /^sent [45]\.\d of 5\.0 MB\n$/, name)
  })

  it('are sent once when a host wants them in two places', async () => {
    const { wanted, arrived } = content()
    const [alone] = (await connect([jump()])) as [Connection]
    await alone.put(wanted('one'))
    await alone.put(wanted('other'))
    assert.ok(arrived('one') && arrived('other'))
    assert.ok(uplink.sent < 1.2 * SIZE, `${uplink.sent} bytes were sent`)
  })

  it('go on where a run was cut off, which leaves nothing half-written', async () => {
    const { wanted, arrived, sha256 } = content()
    const connections = await connect(nodes())
    uplink.cutWhenSent = uplink.sent + SIZE / 2
    const puts = await Promise.allSettled(connections.map((one) => one.put(wanted(one.host.name))))
    const part = at('cache', 'provision', `${sha256}.part`)
    const there = () => statSync(part, { throwIfNoEntry: false })?.size ?? 0
    while (there() === 0) await pause()
    assert.ok(puts.every(({ status }) => status === 'rejected'))
    for (const name of NAMES) assert.ok(!existsSync(wanted(name).path), name)
    const before = there()
    assert.ok(before < SIZE, 'it was cut too late')
    await connector.close()
    Object.assign(uplink, { sent: 0, cutWhenSent: Number.POSITIVE_INFINITY })
    connector = connectorIn(directory.path, { lookup: () => jump() })
    await putOnAll(await connect(nodes()), wanted)
    for (const name of NAMES) assert.ok(arrived(name), name)
    assert.ok(uplink.sent < 1.2 * SIZE - before, `${uplink.sent} bytes were sent for ${SIZE - before}`)
  })

  it('are sent anew when what is there is something else', async () => {
    const { wanted, arrived, sha256 } = content()
    mkdirSync(at('cache', 'provision'), { recursive: true })
    writeFileSync(at('cache', 'provision', `${sha256}.part`), randomBytes(SIZE / 2))
    await putOnAll(await connect(nodes()), wanted)
    for (const name of NAMES) assert.ok(arrived(name), name)
    assert.deepEqual(notices, [])
    assert.ok(uplink.sent < 1.8 * SIZE, `${uplink.sent} bytes were sent`)
  })

  it('go to each host directly when not everybody may read them, or they hold secrets', async () => {
    const { wanted, arrived, bytes } = content()
    const connections = await connect(nodes())
    await putOnAll(connections, (name) => ({ ...wanted(name), mode: '0640' }))
    assert.ok(NAMES.every((name) => arrived(name)))
    const secret = content()
    await putOnAll(connections, (name) => secret.wanted(name, secret.bytes.toString('base64')))
    assert.ok(NAMES.every((name) => secret.arrived(name)))
    assert.ok(uplink.sent > 2 * NAMES.length * bytes.length)
    assert.ok(!existsSync(at('cache', 'provision')))
  })

  it('go to each host directly when the jump host has no place, which is told once', async () => {
    const { wanted, arrived } = content()
    writeFileSync(at('cache', 'provision'), 'in the way')
    await putOnAll(await connect(nodes()), wanted)
    assert.ok(NAMES.every((name) => arrived(name)))
    assert.equal(notices.length, 1)
    assert.match(
      notices[0]!,
      /^n\d can't fetch large files from jump \(.*File exists\); they are sent to it from here$/,
    )
  })

  it('go straight to a host that is the only one', async () => {
    const { wanted, arrived } = content()
    await putOnAll(await connect(nodes().slice(0, 1)), wanted)
    assert.ok(arrived('n1'))
    assert.ok(!existsSync(at('cache', 'provision')))
  })
})

describe('what a jump host gives of a file that is still coming', () => {
  const directory = temporary()
  const name = 'ab'.repeat(32)
  const part = () => join(directory.path, `${name}.part`)
  const bytes = randomBytes(300_000)

  /** A third of it is there, from a writer that lives. */
  function begin(path = process.env.PATH) {
    const writer = spawn('sleep', ['60'])
    writeFileSync(part(), bytes.subarray(0, 100_000))
    writeFileSync(join(directory.path, `${name}.writer`), `${writer.pid} ${bytes.length}\n`)
    const env = { ...process.env, PATH: path, SSH_ORIGINAL_COMMAND: name }
    const giving = spawn('/bin/sh', ['-c', giveScript(directory.path)], { env })
    const given: Buffer[] = []
    giving.stdout.on('data', (chunk: Buffer) => given.push(chunk))
    return { writer, ended: once(giving, 'close'), given: () => Buffer.concat(given) }
  }

  it('is what is there, then what comes', async () => {
    const { writer, ended, given } = begin()
    while (given().length < 90_000) await pause()
    appendFileSync(part(), bytes.subarray(100_000))
    renameSync(part(), join(directory.path, name))
    writer.kill()
    await ended
    assert.ok(given().equals(bytes))
    rmSync(join(directory.path, name))
  })

  it('ends with its last byte, before the writer has checked all of it', async () => {
    const { writer, ended, given } = begin()
    while (given().length < 90_000) await pause()
    appendFileSync(part(), bytes.subarray(100_000))
    await ended
    writer.kill()
    assert.ok(given().equals(bytes))
  })

  it('is looked for less often when it comes slowly, and often again when the end is near', async () => {
    const at = (file: string) => join(directory.path, file)
    mkdirSync(at('bin'))
    const pieces = [0, 10_000, 180_000, 10_000]
    let from = 100_000
    for (const [i, size] of pieces.entries())
      writeFileSync(at(`piece-${i + 1}`), bytes.subarray(from, (from += size)))
    const comes = `#!/bin/sh\necho $1 >>slept; cat piece-$(wc -l <slept) >>${name}.part\n`
    writeFileSync(at('bin/sleep'), comes, { mode: 0o755 })
    const { writer, ended, given } = begin(`${at('bin')}:${process.env.PATH}`)
    await ended
    writer.kill()
    assert.ok(given().equals(bytes))
    assert.equal(readFileSync(at('slept'), 'utf8'), '0.3\n0.4\n0.9\n0.1\n')
  })

  it('ends where the writer ends', async () => {
    const { writer, ended, given } = begin()
    while (given().length < 90_000) await pause()
    writer.kill()
    await ended
    assert.equal(given().length, 100_000)
  })

  it('is nothing but a content', () => {
    writeFileSync(join(directory.path, 'other'), 'secret')
    for (const asked of ['other', '../../etc/passwd', `${name} other`, '']) {
      const env = { ...process.env, SSH_ORIGINAL_COMMAND: asked }
      const { status, stdout } = spawnSync('/bin/sh', ['-c', giveScript(directory.path)], {
        env,
        encoding: 'utf8',
      })
      assert.deepEqual([status, stdout], [1, ''])
    }
  })
})

/** Waits until nothing is left in a folder; what has been told to end ends by itself. */
async function gone(folder: string): Promise<void> {
  for (let look = 0; readdirSync(folder).length > 0 && look < 100; look++) await pause()
}
