import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { Runtime } from '../../src/lab/k3s/container/runtime.ts'
import { K3sRig } from './k3s-rig.ts'

const pod = (name: string, spec: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
${spec.replaceAll(/^/gm, '  ')}
`

describe('pods of the simulated k3s, with the real kubectl', function () {
  this.timeout(180_000)
  let rig: K3sRig

  before(async function () {
    const obstacle = Runtime.obstacle()
    if (obstacle !== undefined) {
      console.log(`      skipped: ${obstacle}`)
      this.skip()
    }
    rig = await K3sRig.make(this)
    await rig.boot('rpi02')
    mkdirSync(rig.inNode('rpi02', 'data'), { recursive: true })
    writeFileSync(rig.inNode('rpi02', 'data/here'), 'from the node\n')
    const spec = `nodeName: rpi02
hostname: shell
containers:
- name: box
  image: busybox:1.36
  command: [sh, -c, 'echo begun; echo on standard error >&2; trap "exit 0" TERM; sleep infinity & wait']
  env: [{name: PLACE, value: 'in $(NODE)'}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
  volumeMounts:
  - {name: data, mountPath: /data}
  - {name: settings, mountPath: /etc/settings, readOnly: true}
volumes:
- {name: data, hostPath: {path: /data, type: Directory}}
- {name: settings, configMap: {name: settings}}`
    await rig.ok(['create', 'configmap', 'settings', '--from-literal=colour=green'])
    await rig.ok(['create', '-f', '-'], pod('shell', spec))
    await rig.ok(['wait', '--for=condition=Ready', 'pod/shell', '--timeout=60s'])
  })

  after(() => rig?.close())

  it('exec keeps standard output, standard error and the exit code apart', async () => {
    assert.deepEqual(await rig.exec('shell', 'sh', '-c', 'echo out; echo err >&2; exit 7'), {
      code: 7,
      stdout: 'out\n',
      stderr: 'err\ncommand terminated with exit code 7\n',
    })
    assert.equal((await rig.exec('shell', 'true')).code, 0)
  })

  it('exec carries what comes in on standard input, to its end', async () => {
    const bytes = randomBytes(600_000)
    const { stdout } = await rig.kubectl(['exec', '-i', 'shell', '--', 'base64', '-w0'], bytes)
    assert.ok(bytes.equals(Buffer.from(stdout, 'base64')))
  })

  it('shows the volumes, the environment and the network names of the pod and nothing of the node', async () => {
    const script =
      'cat /data/here /etc/settings/colour; echo; hostname; echo "$PLACE $NODE"; ls -d /data /home/pi'
    const { stdout } = await rig.exec('shell', 'sh', '-c', script)
    assert.equal(stdout, 'from the node\ngreen\nshell\nin $(NODE) rpi02\n/data\n')
    await rig.exec('shell', 'sh', '-c', 'echo written > /data/there; echo no > /etc/settings/colour')
    assert.equal(readFileSync(rig.inNode('rpi02', 'data/there'), 'utf8'), 'written\n')
    assert.equal((await rig.exec('shell', 'cat', '/etc/settings/colour')).stdout, 'green')
    const ip = await rig.ok(['get', 'pod', 'shell', '-o', 'jsonpath={.status.podIP}'])
    assert.match((await rig.exec('shell', 'cat', '/etc/hosts')).stdout, new RegExp(`^${ip}\tshell$`, 'm'))
  })

  it('a program that is not there, a pod, a container: the words of the real one', async () => {
    const missing = await rig.exec('shell', 'nothing-like-that')
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /exec: "nothing-like-that": executable file not found in \$PATH/)
    assert.match((await rig.exec('nobody', 'true')).stderr, /pods "nobody" not found/)
    const other = await rig.kubectl(['exec', 'shell', '-c', 'other', '--', 'true'])
    assert.match(other.stderr, /container other is not valid for pod shell/)
  })

  it('copies files both ways', async () => {
    const from = path.join(rig.directory, 'big')
    const bytes = randomBytes(2_000_000)
    writeFileSync(from, bytes)
    await rig.ok(['cp', from, 'shell:/tmp/big'])
    await rig.ok(['cp', 'shell:/tmp/big', `${from}.back`])
    assert.ok(bytes.equals(readFileSync(`${from}.back`)))
  })

  it('shows the logs, whole or the last lines', async () => {
    assert.equal(await rig.ok(['logs', 'shell']), 'begun\non standard error\n')
    assert.equal(await rig.ok(['logs', 'shell', '--tail=1']), 'on standard error\n')
    const previous = await rig.kubectl(['logs', 'shell', '--previous'])
    assert.match(previous.stderr, /previous terminated container "box" in pod "shell" not found/)
    assert.match((await rig.kubectl(['logs', 'shell', '--timestamps'])).stderr, /does not do this/)
  })

  it('follows a log to the end of the pod, which then has succeeded', async () => {
    const spec = `restartPolicy: Never
nodeName: rpi02
containers:
- {name: box, image: busybox, command: [sh, -c, 'echo one; sleep 1; echo two']}`
    await rig.ok(['create', '-f', '-'], pod('short', spec))
    await rig.until('a start', async () => (await rig.kubectl(['logs', 'short'])).code === 0)
    assert.equal(await rig.ok(['logs', '-f', 'short']), 'one\ntwo\n')
    await rig.ok(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/short', '--timeout=60s'])
    assert.match(await rig.ok(['get', 'pods', 'short']), /short +0\/1 +Completed +0/)
  })

  it('starts again what fails, later each time, and says so', async () => {
    const spec = `containers: [{name: box, image: busybox, command: [sh, -c, 'echo broken; exit 3']}]`
    await rig.ok(['delete', 'pod', 'crash', '--now', '--ignore-not-found'])
    await rig.ok(['create', '-f', '-'], pod('crash', spec))
    const status = () => rig.ok(['get', 'pod', 'crash', '-o', 'jsonpath={.status.containerStatuses[0]}'])
    await rig.until('a back-off', async () => /CrashLoopBackOff/.test(await status()))
    await rig.until('three starts', async () => JSON.parse(await status()).restartCount >= 3)
    await rig.until('how it ended', async () => {
      const { lastState } = JSON.parse(await status())
      return lastState.terminated?.exitCode === 3
    })
    const last = async () => (await rig.kubectl(['logs', 'crash', '--previous'])).stdout
    await rig.until('its last words', async () => (await last()) === 'broken\n')
    const told = /BackOff +pod\/crash +Back-off restarting failed container/
    await rig.until('the event', async () => told.test(await rig.ok(['get', 'events'])))
    await rig.ok(['delete', 'pod', 'crash', '--now'])
  })

  it('says why an image can not be pulled, then waits before the next try', async () => {
    const spec = `containers: [{name: box, image: 'nowhere.example:5000/thing:1'}]`
    await rig.ok(['create', '-f', '-'], pod('unpulled', spec))
    const reason = () =>
      rig.ok(['get', 'pod', 'unpulled', '-o', 'jsonpath={.status.containerStatuses[0].state.waiting.reason}'])
    await rig.until('a back-off', async () => (await reason()) === 'ImagePullBackOff')
    assert.match(
      await rig.ok(['get', 'events']),
      /failed to resolve reference "nowhere\.example:5000\/thing:1"/,
    )
    assert.match((await rig.kubectl(['logs', 'unpulled'])).stderr, /is waiting to start/)
    await rig.ok(['delete', 'pod', 'unpulled', '--now'])
  })

  it('leaves pods alone while the agent is restarted, and starts them again after the host is', async () => {
    const facts = () =>
      rig.ok([
        'get',
        'pod',
        'shell',
        '-o',
        'jsonpath={.status.containerStatuses[0].containerID} {.status.podIP}',
      ])
    const before = await facts()
    await rig.exec('shell', 'touch', '/tmp/mark')
    await rig.stop('rpi02')
    rig.startAgent('rpi02')
    await rig.saysInJournal('rpi02', 'k3s agent is up and running')
    await rig.until('exec', async () => (await rig.exec('shell', 'ls', '/tmp/mark')).code === 0)
    assert.equal(await facts(), before)
    await rig.powerOff('rpi02')
    assert.match((await rig.exec('shell', 'true')).stderr, /error dialing backend: dial tcp/)
    rig.startAgent('rpi02')
    await rig.until('a restart', async () => (await facts()) !== before)
    await rig.ok(['wait', '--for=condition=Ready', 'pod/shell', '--timeout=60s'])
    assert.equal((await rig.exec('shell', 'ls', '/tmp/mark')).code, 2)
    assert.match(await rig.ok(['get', 'pods', 'shell']), /shell +1\/1 +Running +1 /)
  })

  it('leaves nothing of a deleted pod on its node', async () => {
    const uid = await rig.ok(['get', 'pod', 'shell', '-o', 'jsonpath={.metadata.uid}'])
    await rig.ok(['delete', 'pod', 'shell', '--timeout=60s'])
    const folder = rig.inNode('rpi02', `var/lib/kubelet/pods/${uid}`)
    const running = () => rig.containers('rpi02').filter((pid) => existsSync(`/proc/${pid}`))
    await rig.until('its end', () => !existsSync(folder) && running().length === 0)
  })
})
