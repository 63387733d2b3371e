import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Runtime } from '../../src/lab/k3s/container/runtime.ts'
import { K3sRig, VERSION } from './k3s-rig.ts'

const sleeper = `
apiVersion: v1
kind: Pod
metadata: {name: sleeper}
spec:
  nodeName: rpi01
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: busybox, command: [sleep, infinity]}]
`

describe('servers and agents of the simulated k3s, with the real kubectl', function () {
  this.timeout(180_000)
  let rig: K3sRig
  const server = 'var/lib/rancher/k3s/server'
  const versionOf = (node: string) =>
    rig.ok(['get', 'node', node, '-o', 'jsonpath={.status.nodeInfo.kubeletVersion}'])
  const containerOf = () => rig.ok(['get', 'pod', 'sleeper', '-o', 'jsonpath={.status.containerStatuses[0]}'])

  before(async function () {
    const obstacle = Runtime.obstacle()
    if (obstacle !== undefined) {
      console.log(`      skipped: ${obstacle}`)
      this.skip()
    }
    rig = await K3sRig.make(this)
    await rig.boot()
  })

  after(() => rig?.close())

  it('an agent waits for a server that is down, says so, and joins once it is there', async () => {
    const token = rig.token()
    await rig.ok(['create', '-f', '-'], sleeper)
    await rig.ok(['wait', '--for=condition=Ready', 'pod/sleeper', '--timeout=60s'])
    const before = await containerOf()
    await rig.stop('rpi01')
    rig.startAgent('rpi02', token)
    await rig.saysInJournal('rpi02', 'connect: connection refused')
    assert.doesNotMatch(rig.journal('rpi02'), /up and running/)
    rig.startServer()
    await rig.saysInJournal('rpi02', 'k3s agent is up and running')
    // The pods of the server's own node ran on.
    assert.equal(await containerOf(), before)
    assert.equal((await rig.exec('sleeper', 'true')).code, 0)
  })

  it('each node says its own version; the server tells that of the API', async () => {
    await rig.stop('rpi02')
    await rig.useRelease('v1.25.5+k3s2')
    rig.startAgent('rpi02')
    await rig.saysInJournal('rpi02', 'k3s agent is up and running')
    assert.equal(await versionOf('rpi02'), 'v1.25.5+k3s2')
    assert.equal(await versionOf('rpi01'), VERSION)
    assert.match(await rig.ok(['version']), /Server Version: v1\.25\.4\+k3s1/)
  })

  it('an upgrade of the server leaves its pods alone', async () => {
    const before = await containerOf()
    await rig.stop('rpi01')
    await rig.useRelease('v1.26.15+k3s1')
    rig.startServer()
    await rig.saysInJournal('rpi01', 'k3s is up and running')
    assert.match(await rig.ok(['version']), /Server Version: v1\.26\.15\+k3s1/)
    await rig.until('its version', async () => (await versionOf('rpi01')) === 'v1.26.15+k3s1')
    assert.equal(await containerOf(), before)
  })

  it('but for the release that was withdrawn, which starts all containers anew', async () => {
    const before = JSON.parse(await containerOf())
    await rig.stop('rpi01')
    await rig.useRelease('v1.25.5+k3s1')
    rig.startServer()
    await rig.saysInJournal('rpi01', 'k3s is up and running')
    await rig.until(
      'a restart',
      async () => JSON.parse(await containerOf()).restartCount === before.restartCount + 1,
    )
    await rig.useRelease(VERSION)
  })

  it('refuses flags that its release does not have yet', async () => {
    mkdirSync(rig.inNode('rpi03', '.'), { recursive: true })
    rig.start('rpi03', ['agent', '--prefer-bundled-bin', '--server', 'https://127.0.0.1:1', '--token', 'x'])
    await rig.saysInJournal('rpi03', 'flag provided but not defined: -prefer-bundled-bin')
    await rig.stop('rpi03')
  })

  it('a copy of the datastore and the token are a whole server; with another token they are nothing', async () => {
    await rig.ok(['create', 'configmap', 'kept'])
    const token = readFileSync(rig.inNode('rpi01', `${server}/token`), 'utf8')
    const saved = `${rig.directory}/state.db`
    await rig.stop('rpi01')
    cpSync(rig.inNode('rpi01', `${server}/db/state.db`), saved)
    const restore = () => {
      rmSync(rig.inNode('rpi01', server), { recursive: true })
      mkdirSync(rig.inNode('rpi01', `${server}/db`), { recursive: true })
      cpSync(saved, rig.inNode('rpi01', `${server}/db/state.db`))
    }
    restore()
    rig.startServer('--token', 'another-token')
    await rig.saysInJournal('rpi01', 'bootstrap data already found and encrypted with different token')
    await rig.stop('rpi01')
    restore()
    writeFileSync(rig.inNode('rpi01', `${server}/token`), token)
    rig.startServer()
    await rig.saysInJournal('rpi01', 'k3s is up and running')
    await rig.ok(['get', 'configmap', 'kept'])
    assert.equal(rig.token(), token.trim())
    // The agent still trusts it: the authorities came with the datastore.
    const lease = ['-n', 'kube-node-lease', 'get', 'lease', 'rpi02', '-o', 'jsonpath={.spec.renewTime}']
    const before = await rig.ok(lease)
    await rig.until('its next sign of life', async () => (await rig.ok(lease)) !== before)
  })

  it('keeps labels and taints of the first registration only, and a node that was deleted registers anew', async () => {
    await rig.ok(['label', 'node', 'rpi02', 'disk=ssd'])
    await rig.ok(['taint', 'node', 'rpi02', 'only=cassandra:NoSchedule'])
    await rig.stop('rpi02')
    rig.startAgent('rpi02')
    await rig.saysInJournal('rpi02', 'k3s agent is up and running')
    const facts = () =>
      rig.ok(['get', 'node', 'rpi02', '-o', 'jsonpath={.metadata.labels.disk} {.spec.taints[*].key}'])
    assert.equal(await facts(), 'ssd only')
    await rig.stop('rpi02')
    await rig.ok(['delete', 'node', 'rpi02'])
    rig.startAgent('rpi02')
    await rig.saysInJournal('rpi02', 'k3s agent is up and running')
    assert.equal(await facts(), ' ')
  })
})
