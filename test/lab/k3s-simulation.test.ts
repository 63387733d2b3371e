import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { promisify } from 'node:util'
import { K3sRig, type Outcome, VERSION } from './k3s-rig.ts'

const run = promisify(execFile)

const statefulSet = (replicas: number) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: ${replicas}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: db
        image: cassandra:4
        ports: [{containerPort: 9042, name: cql}]
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: local-path
      resources: {requests: {storage: 128Gi}}
`

describe('simulated k3s with the real kubectl', function () {
  this.timeout(180_000)
  let rig: K3sRig
  const journal = (node: string) => rig.journal(node)
  const inNode = (node: string, file: string) => rig.inNode(node, file)
  const kubectl = (args: string[], input?: string): Promise<Outcome> => rig.kubectl(args, input)
  const ok = (args: string[], input?: string) => rig.ok(args, input)
  const apply = (manifest: string, ...args: string[]) => rig.apply(manifest, ...args)

  before(async function () {
    rig = await K3sRig.make(this)
    await rig.boot('rpi02')
  })

  after(() => rig?.close())

  it('answers --version from sh, first line as k3s, and says what it is', () => {
    const { stdout } = spawnSync(rig.k3s, ['--version'], {
      env: { PATH: process.env.PATH },
      encoding: 'utf8',
    })
    assert.match(stdout, /^k3s version v1\.25\.4\+k3s1 \([0-9a-f]{8}\)\n.*SIMULATED/)
    assert.match(journal('rpi01'), /level=warning msg="This is the SIMULATED k3s/)
  })

  it('has the files of the real one, with their modes', () => {
    const mode = (file: string) => statSync(inNode('rpi01', file)).mode & 0o777
    assert.equal(mode('etc/rancher/k3s/k3s.yaml'), 0o600)
    assert.equal(mode('etc/rancher/node/password'), 0o600)
    assert.match(rig.token(), /^K10[0-9a-f]{64}::server:[0-9a-f]{32}$/)
    assert.match(
      readFileSync(inNode('rpi02', 'run/flannel/subnet.env'), 'utf8'),
      /FLANNEL_SUBNET=10\.42\.1\.1\/24/,
    )
  })

  it('shows nodes as the host describes them', async () => {
    const nodes = JSON.parse(await ok(['get', 'nodes', '-o', 'json'])).items
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    for (const { status } of nodes) {
      assert.equal(status.nodeInfo.bootID, boot)
      assert.equal(status.nodeInfo.kubeletVersion, VERSION)
    }
    const table = await ok(['get', 'nodes'])
    assert.match(table, /rpi01 +Ready +control-plane,master +\S+ +v1\.25\.4\+k3s1/)
    assert.match(table, /rpi02 +Ready +<none>/)
  })

  it('brings a StatefulSet up in order with claims on the nodes; a second apply and diff find nothing', async () => {
    assert.equal((await apply(statefulSet(2))).code, 0)
    await ok(['rollout', 'status', 'sts/db', '--timeout=60s'])
    const before = await ok(['get', 'sts', 'db', '-o', 'jsonpath={.metadata.resourceVersion}'])
    assert.equal((await apply(statefulSet(2))).code, 0)
    assert.equal(await ok(['get', 'sts', 'db', '-o', 'jsonpath={.metadata.resourceVersion}']), before)
    assert.deepEqual(
      await kubectl(['diff', '--server-side', '--field-manager=provision', '-f', '-'], statefulSet(2)),
      { code: 0, stdout: '', stderr: '' },
    )
    const volumes = JSON.parse(await ok(['get', 'pv', '-o', 'json'])).items
    for (const { spec } of volumes) {
      const [node] = spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values
      assert.equal(spec.hostPath.type, 'DirectoryOrCreate')
      assert.ok(existsSync(inNode(node, spec.hostPath.path)))
    }
    assert.equal(volumes.length, 2)
    assert.match(await ok(['rollout', 'history', 'sts/db']), /^REVISION.*\n1 /m)
  })

  it('diff shows a change and exits 1; what is immutable is refused with 2', async () => {
    const changed = await kubectl(
      ['diff', '--server-side', '--field-manager=provision', '-f', '-'],
      statefulSet(1),
    )
    assert.equal(changed.code, 1)
    assert.match(changed.stdout, /^-  replicas: 2\n\+  replicas: 1$/m)
    const other = statefulSet(2).replace('serviceName: db', 'serviceName: other')
    const refused = await kubectl(['diff', '--server-side', '--field-manager=provision', '-f', '-'], other)
    assert.ok(refused.code > 1)
    assert.match(
      refused.stderr,
      /The StatefulSet "db" is invalid: spec: Forbidden: updates to statefulset spec/,
    )
  })

  it('names the manager in a conflict, and lets --force-conflicts through', async () => {
    await ok(['scale', 'sts/db', '--replicas=1'])
    const refused = await apply(statefulSet(2))
    assert.match(
      refused.stderr,
      /Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale".*\.spec\.replicas/,
    )
    assert.equal((await apply(statefulSet(2), '--force-conflicts')).code, 0)
  })

  it('refuses unknown fields and kinds it does not have', async () => {
    const wrong = await apply(statefulSet(2).replace('replicas:', 'replicaz:'))
    assert.match(wrong.stderr, /\.spec\.replicaz: field not declared in schema/)
    const job = await kubectl(
      ['create', '-f', '-'],
      'apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {}',
    )
    assert.match(job.stderr, /does not do this: there are no Job objects/)
  })

  it('works with client-side apply, patches, tokens and roles', async () => {
    const manifest = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "1"}'
    assert.match(await ok(['apply', '-f', '-'], manifest), /created/)
    assert.match(await ok(['apply', '-f', '-'], manifest), /unchanged/)
    assert.match(await ok(['apply', '-f', '-'], manifest.replace('"1"', '"2"')), /configured/)
    await ok(['create', 'serviceaccount', 'someone'])
    const token = (await ok(['create', 'token', 'someone'])).trim()
    const asSomeone = [
      '--kubeconfig=/dev/null',
      `--server=https://127.0.0.1:${rig.port}`,
      '--insecure-skip-tls-verify',
      `--token=${token}`,
    ]
    assert.match((await kubectl([...asSomeone, 'get', 'pods'])).stderr, /Forbidden/)
    await ok([
      'create',
      'clusterrolebinding',
      'someone',
      '--clusterrole=cluster-admin',
      '--serviceaccount=default:someone',
    ])
    assert.equal((await kubectl([...asSomeone, 'get', 'pods'])).code, 0)
  })

  it('deletes with --cascade=orphan, adopts the pods again, and removes the data with the claims', async () => {
    const uid = await ok(['get', 'pod', 'db-0', '-o', 'jsonpath={.metadata.uid}'])
    await ok(['delete', 'sts', 'db', '--cascade=orphan'])
    assert.equal((await apply(statefulSet(1), '--force-conflicts')).code, 0)
    await ok(['rollout', 'status', 'sts/db', '--timeout=60s'])
    assert.equal(await ok(['get', 'pod', 'db-0', '-o', 'jsonpath={.metadata.uid}']), uid)
    await ok(['delete', 'sts', 'db'])
    await ok(['delete', 'pvc', '-l', 'app=db', '--timeout=60s'])
    await rig.until('volumes to go', async () => (await ok(['get', 'pv', '-o', 'name'])) === '')
    const left = ['rpi01', 'rpi02'].map((node) => inNode(node, 'var/lib/rancher/k3s/storage'))
    assert.deepEqual(
      left.flatMap((place) => (existsSync(place) ? readdirSync(place) : [])),
      [],
    )
  })

  it('loses a silent node and takes it back', async () => {
    const ready = (word: string) => async () => new RegExp(`rpi02 +${word} `).test(await ok(['get', 'nodes']))
    rig.processes.get('rpi02')?.kill('SIGSTOP')
    await rig.until('NotReady', ready('NotReady'))
    rig.processes.get('rpi02')?.kill('SIGCONT')
    await rig.until('Ready', ready('Ready'))
  })

  it('rejects a node that comes back without its password until the node is deleted', async () => {
    await rig.stop('rpi02')
    rmSync(inNode('rpi02', 'etc/rancher/node'), { recursive: true })
    rig.startAgent('rpi02')
    await rig.saysInJournal(
      'rpi02',
      "Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password'",
    )
    assert.doesNotMatch(journal('rpi02'), /up and running/)
    assert.match(await ok(['-n', 'kube-system', 'get', 'secrets']), /rpi02\.node-password\.k3s/)
    await ok(['delete', 'node', 'rpi02'])
    await rig.saysInJournal('rpi02', 'k3s agent is up and running')
  })

  const tokens: [string, (good: string) => string, RegExp][] = [
    [
      'of another cluster',
      (good) => good.replace(/^K10.{4}/, 'K10ffff'),
      /token CA hash does not match the Cluster CA/,
    ],
    [
      'with a wrong password',
      (good) => `${good}x`,
      /server is not ready: failed to retrieve configuration.*401 Unauthorized/,
    ],
  ]
  for (const [title, spoil, words] of tokens) {
    it(`keeps an agent waiting that has a token ${title}`, async () => {
      rig.startAgent('rpi03', spoil(rig.token()))
      await rig.until(String(words), () => words.test(journal('rpi03')))
      assert.doesNotMatch(journal('rpi03'), /up and running/)
      await rig.stop('rpi03')
    })
  }

  it('survives being killed, with all its objects, and serves agents again', async () => {
    const before = await ok(['get', 'cm', 'c', '-o', 'json'])
    await rig.stop('rpi01')
    rig.startServer('--disable', 'local-storage')
    await rig.saysInJournal('rpi01', 'k3s is up and running')
    assert.equal(await ok(['get', 'cm', 'c', '-o', 'json']), before)
    await rig.until('no storage class', async () => (await ok(['get', 'sc', '-o', 'name'])) === '')
    await ok(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s'])
  })

  it('fits into the memory of a small node', async () => {
    const rss = async (node: string) =>
      Number((await run('ps', ['-o', 'rss=', '-p', String(rig.processes.get(node)?.pid)])).stdout) / 1024
    assert.ok((await rss('rpi01')) < 120, 'server under 120 MB')
    assert.ok((await rss('rpi02')) < 70, 'agent under 70 MB')
  })
})
