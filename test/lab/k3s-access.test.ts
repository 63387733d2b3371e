import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Runtime } from '../../src/lab/k3s/container/runtime.ts'
import { K3sRig } from './k3s-rig.ts'

const deployment = (name: string, image: string, replicas = 1, namespace = 'default') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: main, image: '${image}', ports: [{containerPort: 8443}]}]
`

const service = (name: string, namespace: string) => `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: ${namespace}}
spec: {ports: [{port: 443, targetPort: 8443}], selector: {app: ${name}}}
`

/** A registry with one image, as far as the agents look. */
function registry(env: string[]): Server {
  return createServer(({ url }, response) => {
    if (url === '/v2/ycsb-benchmark/manifests/latest') {
      const digest = `sha256:${'a'.repeat(64)}`
      response
        .setHeader('docker-content-digest', digest)
        .end(JSON.stringify({ config: { digest: 'sha256:c' } }))
    } else if (url === '/v2/ycsb-benchmark/blobs/sha256:c')
      response.end(JSON.stringify({ config: { Env: env } }))
    else response.writeHead(404).end()
  })
}

describe('ways into the simulated k3s, with the real kubectl', function () {
  this.timeout(180_000)
  let rig: K3sRig
  let server: Server

  before(async function () {
    const obstacle = Runtime.obstacle()
    if (obstacle !== undefined) {
      console.log(`      skipped: ${obstacle}`)
      this.skip()
    }
    rig = await K3sRig.make(this)
    server = registry(['YCSB_HOME=/elsewhere/ycsb', 'PATH=/usr/bin']).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    mkdirSync(rig.inNode('rpi02', 'etc/rancher/k3s'), { recursive: true })
    writeFileSync(
      rig.inNode('rpi02', 'etc/rancher/k3s/registries.yaml'),
      `mirrors: {"127.0.0.1:5000": {endpoint: ["http://127.0.0.1:${port}"]}}\n`,
    )
    await rig.boot('rpi02')
  })

  after(async () => {
    server?.close()
    await rig?.close()
  })

  describe('the dashboard through kubectl proxy', () => {
    let proxy: ChildProcess
    let root: string
    const get = async (what: string) => {
      const reply = await fetch(`${root}/api/v1/namespaces/board/services/${what}`, { redirect: 'manual' })
      return { code: reply.status, text: await reply.text() }
    }

    before(async () => {
      await rig.ok(['create', 'namespace', 'board'])
      await rig.ok(
        ['create', '-f', '-'],
        `${deployment('dashboard', 'kubernetesui/dashboard:v2.7.0', 1, 'board')}---${service('dashboard', 'board')}---${service('idle', 'board')}`,
      )
      await rig.ok(['-n', 'board', 'rollout', 'status', 'deploy/dashboard', '--timeout=60s'])
      proxy = spawn(rig.k3s, ['kubectl', 'proxy', '--port=0'], {
        env: rig.environment('rpi01'),
        detached: true,
      })
      root = await new Promise((resolve) => {
        proxy.stdout?.on('data', (text: Buffer) => {
          const [, address] = /serve on (\S+)/.exec(String(text)) ?? []
          if (address !== undefined) resolve(`http://${address}`)
        })
      })
    })

    after(() => {
      if (proxy?.pid !== undefined) process.kill(-proxy.pid, 'SIGKILL')
    })

    it('answers with a page over https', async () => {
      await rig.until('an endpoint', async () => (await get('https:dashboard:/proxy/')).code === 200)
      assert.match((await get('https:dashboard:/proxy/')).text, /<title>Kubernetes Dashboard<\/title>/)
      assert.equal((await get('https:dashboard:/proxy')).code, 301)
    })

    it('refuses what the real one refuses', async () => {
      assert.deepEqual(await get('dashboard/proxy/'), {
        code: 400,
        text: 'Client sent an HTTP request to an HTTPS server.\n',
      })
      const idle = await get('https:idle:/proxy/')
      assert.equal(idle.code, 503)
      assert.match(idle.text, /no endpoints available for service \\"https:idle:\\"/)
      assert.equal((await get('https:nothing:/proxy/')).code, 404)
    })
  })

  it('tokens are for their account and for a limited time', async () => {
    await rig.ok(['create', 'serviceaccount', 'admin-user'])
    const token = (await rig.ok(['create', 'token', 'admin-user', '--duration=20m'])).trim()
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    assert.equal(claims.sub, 'system:serviceaccount:default:admin-user')
    assert.equal(claims.exp - claims.iat, 1200)
    assert.match(
      (await rig.kubectl(['create', 'token', 'admin-user', '--duration=1m'])).stderr,
      /may not specify a duration less than 10 minutes/,
    )
    assert.match(
      (await rig.kubectl(['create', 'token', 'nobody'])).stderr,
      /serviceaccounts "nobody" not found/,
    )
    const as = 'system:serviceaccount:default:admin-user'
    assert.equal((await rig.kubectl(['auth', 'can-i', 'delete', 'pods', `--as=${as}`])).stdout, 'no\n')
    const binding = ['admin-user', '--clusterrole=cluster-admin', '--serviceaccount=default:admin-user']
    await rig.ok(['create', 'clusterrolebinding', ...binding])
    assert.equal((await rig.kubectl(['auth', 'can-i', 'delete', 'pods', `--as=${as}`])).stdout, 'yes\n')
  })

  it('runs a shell in a pod of its own, and tells how it ended', async () => {
    const run = ['run', 'bench', '--image=127.0.0.1:5000/ycsb-benchmark', '-i', '--rm', '--restart=Never']
    const overrides = ['--overrides={"spec":{"nodeName":"rpi02"}}', '--', 'sh']
    const { code, stdout, stderr } = await rig.kubectl([...run, ...overrides], 'ls $YCSB_HOME; exit 4\n')
    assert.equal(code, 4, stderr)
    assert.match(stdout, /^bin\nworkloads\n/)
    assert.match(stderr, /pod default\/bench terminated \(Error\)/)
  })

  it('pulls an image that a mirror of its node has, and no other', async () => {
    const image = '127.0.0.1:5000/ycsb-benchmark'
    const status = (name: string) =>
      rig.ok(['get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0]}'])
    const start = (name: string, node: string, what: string) =>
      rig.ok(
        ['create', '-f', '-'],
        `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  nodeName: ${node}
  containers: [{name: main, image: '${what}', command: [sleep, infinity]}]`,
      )
    await start('mirrored', 'rpi02', image)
    await rig.ok(['wait', '--for=condition=Ready', 'pod/mirrored', '--timeout=60s'])
    assert.match(await status('mirrored'), new RegExp(`"imageID":"${image}@sha256:a{64}"`))
    await start('unknown', 'rpi02', '127.0.0.1:5000/other')
    await start('unmirrored', 'rpi01', image)
    for (const name of ['unknown', 'unmirrored'])
      await rig.until('a back-off', async () => /ImagePullBackOff/.test(await status(name)))
    await rig.ok(['delete', 'pod', 'mirrored', 'unknown', 'unmirrored', '--now'])
  })

  it('drains a node but for what a disruption budget holds back', async () => {
    await rig.ok(['create', '-f', '-'], deployment('web', 'nginx:stable-alpine', 2))
    await rig.ok(['rollout', 'status', 'deploy/web', '--timeout=60s'])
    const budget =
      'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 2, selector: {matchLabels: {app: web}}}'
    await rig.ok(['create', '-f', '-'], budget)
    const allowed = () => rig.ok(['get', 'pdb', 'web', '-o', 'jsonpath={.status.currentHealthy}'])
    await rig.until('the budget', async () => (await allowed()) === '2')
    const drain = ['drain', 'rpi02', '--ignore-daemonsets', '--delete-emptydir-data', '--force']
    const held = await rig.kubectl([...drain, '--timeout=2s'])
    assert.equal(held.code, 1)
    assert.match(held.stderr, /Cannot evict pod as it would violate the pod's disruption budget/)
    await rig.ok(['delete', 'pdb', 'web'])
    await rig.ok([...drain, '--timeout=60s'])
    const places = () => rig.ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}'])
    await rig.until('the move', async () => (await places()) === 'rpi01 rpi01')
    assert.match(await rig.ok(['get', 'nodes']), /rpi02 +Ready,SchedulingDisabled/)
    await rig.ok(['uncordon', 'rpi02'])
  })

  it('drives pods away from a node with a taint that they do not tolerate', async () => {
    const node = () => rig.ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}'])
    await rig.ok(['taint', 'nodes', 'rpi01', 'only=cassandra:NoExecute'])
    await rig.until('the move', async () => (await node()) === 'rpi02 rpi02')
    await rig.ok(['taint', 'nodes', 'rpi01', 'only-'])
  })

  it('restarts a rollout, and says what the scheduler says when nothing fits', async () => {
    const names = () => rig.ok(['get', 'pods', '-l', 'app=web', '-o', 'name'])
    const before = await names()
    await rig.ok(['rollout', 'restart', 'deploy/web'])
    await rig.ok(['rollout', 'status', 'deploy/web', '--timeout=60s'])
    assert.notEqual(await names(), before)
    const greedy = `apiVersion: v1
kind: Pod
metadata: {name: greedy}
spec:
  nodeSelector: {disk: gold}
  containers: [{name: main, image: busybox}]`
    await rig.ok(['create', '-f', '-'], greedy)
    const message = () =>
      rig.ok([
        'get',
        'pod',
        'greedy',
        '-o',
        'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}',
      ])
    await rig.until('a refusal', async () => (await message()) !== '')
    assert.equal(
      await message(),
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    )
    await rig.ok(['label', 'node', 'rpi02', 'disk=gold'])
    await rig.until('a node', async () => (await message()) === '')
    await rig.ok(['delete', 'pod', 'greedy', '--now'])
    await rig.ok(['label', 'node', 'rpi02', 'disk-'])
  })

  it('refuses to make anything twice, and in a namespace that goes', async () => {
    await rig.ok(['create', 'configmap', 'once'])
    assert.match(
      (await rig.kubectl(['create', 'configmap', 'once'])).stderr,
      /configmaps "once" already exists/,
    )
    await rig.ok(['create', 'namespace', 'going'])
    const held =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, namespace: going, finalizers: [example.com/hold]}'
    await rig.ok(['create', '-f', '-'], held)
    await rig.ok(['delete', 'namespace', 'going', '--wait=false'])
    const late = await rig.kubectl(['-n', 'going', 'create', 'configmap', 'late'])
    assert.match(
      late.stderr,
      /unable to create new content in namespace going because it is being terminated/,
    )
    assert.match(await rig.ok(['get', 'ns', 'going']), /Terminating/)
    await rig.ok([
      '-n',
      'going',
      'patch',
      'cm',
      'held',
      '--type=merge',
      '-p',
      '{"metadata":{"finalizers":null}}',
    ])
    await rig.ok(['wait', '--for=delete', 'ns/going', '--timeout=60s'])
  })

  it('says in so many words what it does not do', async () => {
    const forward = await rig.kubectl(['port-forward', 'deploy/web', '18080:80'])
    assert.match(forward.stderr, /simulated k3s .* does not do this/)
    const job = await rig.kubectl(['create', 'job', 'j', '--image=busybox'])
    assert.match(job.stderr, /simulated k3s/)
  })
})
