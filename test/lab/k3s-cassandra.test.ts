import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Runtime } from '../../src/lab/k3s/container/runtime.ts'
import { K3sRig, type Outcome } from './k3s-rig.ts'

const cassandra = (replicas: number, seeds = 'cassandra-0.cassandra.default.svc.cluster.local') => `
apiVersion: v1
kind: Service
metadata: {name: cassandra, labels: {app: cassandra}}
spec: {clusterIP: None, ports: [{port: 9042}], selector: {app: cassandra}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: cassandra, labels: {app: cassandra}}
spec:
  serviceName: cassandra
  replicas: ${replicas}
  selector: {matchLabels: {app: cassandra}}
  template:
    metadata: {labels: {app: cassandra}}
    spec:
      terminationGracePeriodSeconds: 1800
      containers:
      - name: cassandra
        image: cassandra:4
        lifecycle: {preStop: {exec: {command: [/bin/sh, -c, nodetool drain]}}}
        env:
        - {name: MAX_HEAP_SIZE, value: 512M}
        - {name: HEAP_NEWSIZE, value: 100M}
        - {name: CASSANDRA_SEEDS, value: ${seeds}}
        - {name: CASSANDRA_CLUSTER_NAME, value: K8Demo}
        - {name: CASSANDRA_DC, value: DC1-K8Demo}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        readinessProbe:
          exec:
            command:
            - /bin/bash
            - -c
            - 'if [[ $(nodetool status | grep $POD_IP) == *"UN"* ]]; then exit 0; else exit 1; fi'
          initialDelaySeconds: 60
        volumeMounts: [{name: cassandra-data, mountPath: /var/lib/cassandra}]
  volumeClaimTemplates:
  - metadata: {name: cassandra-data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: local-path, resources: {requests: {storage: 128Gi}}}
`

const benchmark = `
apiVersion: v1
kind: Pod
metadata: {name: ycsb-benchmark}
spec:
  nodeName: rpi01
  restartPolicy: Never
  containers:
  - name: ycsb-benchmark
    image: rancher/ycsb-benchmark
    command: [sleep]
    args: [infinity]
    volumeMounts: [{mountPath: /ycsb_outputs, name: output}, {mountPath: /scripts, name: scripts}]
  volumes:
  - {name: scripts, hostPath: {path: /home/pi/ycsb/scripts, type: Directory}}
  - {name: output, hostPath: {path: /home/pi/ycsb/out, type: Directory}}
`

const load = `#!/bin/bash
cqlsh $1 -p9042 -e "create keyspace ycsb WITH REPLICATION = {'class' : 'SimpleStrategy', 'replication_factor': $4 };
  USE ycsb; create table usertable (y_id varchar primary key, field0 varchar);"
$YCSB_HOME/bin/ycsb load cassandra-cql -s -p hosts="$1" -P $YCSB_HOME/workloads/workload$2 -p recordcount=$3 \\
  -p cassandra.writeconsistencylevel=ONE -cp $CLASSPATH > /ycsb_outputs/load.txt 2>&1
echo finished
`

interface Row {
  state: string
  address: string
  hostId: string
}

const rowPattern =
  /^([UD?][NLJM])\s+(\S+)\s+(?:\?|[\d.,]+ \S+)\s+\d+\s+(?:\?|[\d.]+%)\s+([0-9a-f-]{36})\s+\S+\s*$/gm

const rowsOf = ({ stdout }: Outcome): Row[] =>
  [...stdout.matchAll(rowPattern)].map(([, state = '', address = '', hostId = '']) => ({
    state,
    address,
    hostId,
  }))

describe('Cassandra and YCSB on the simulated k3s, with the real kubectl', function () {
  this.timeout(180_000)
  let rig: K3sRig
  let first: Row[]
  const seed = 'cassandra-0.cassandra.default.svc.cluster.local'
  const status = async (pod = 'cassandra-0') => rowsOf(await rig.exec(pod, 'nodetool', 'status'))
  const nodeOf = (pod: string) => rig.ok(['get', 'pod', pod, '-o', 'jsonpath={.spec.nodeName}'])
  const addressOf = (pod: string) => rig.ok(['get', 'pod', pod, '-o', 'jsonpath={.status.podIP}'])
  const rolledOut = () => rig.ok(['rollout', 'status', 'sts/cassandra', '--timeout=60s'])
  const states = (rows: Row[]) => rows.map((row) => row.state).sort()

  before(async function () {
    const obstacle = Runtime.obstacle()
    if (obstacle !== undefined) {
      console.log(`      skipped: ${obstacle}`)
      this.skip()
    }
    rig = await K3sRig.make(this)
    await rig.boot('rpi02', 'rpi03')
    await rig.ok(['create', '-f', '-'], cassandra(3))
    await rolledOut()
  })

  after(() => rig?.close())

  it('brings up a ring whose rows are its pods, one on each node, however often one asks', async () => {
    first = await status()
    assert.deepEqual(states(first), ['UN', 'UN', 'UN'])
    const pods = ['cassandra-0', 'cassandra-1', 'cassandra-2']
    const addresses = await Promise.all(pods.map(addressOf))
    assert.deepEqual(first.map((row) => row.address).sort(), addresses.sort())
    assert.equal(new Set(await Promise.all(pods.map(nodeOf))).size, 3)
    assert.equal(new Set(first.map((row) => row.hostId)).size, 3)
    assert.deepEqual(await status('cassandra-2'), first)
    const { stdout } = await rig.exec('cassandra-1', 'nodetool', 'status')
    assert.match(
      stdout,
      /^Datacenter: datacenter1\n=+\nStatus=Up\/Down\n\|\/ State=Normal\/Leaving\/Joining\/Moving\n/,
    )
    const owned = [...stdout.matchAll(/([\d.]+)%/g)].reduce((sum, [, share]) => sum + Number(share), 0)
    assert.ok(Math.abs(owned - 200) < 1, `two copies of everything: ${owned}%`)
  })

  it('answers the other commands, and those it does not know as nodetool does', async () => {
    const info = await rig.exec('cassandra-1', 'nodetool', 'info')
    assert.match(info.stdout, new RegExp(`^ID +: (${first.map((row) => row.hostId).join('|')})$`, 'm'))
    assert.match((await rig.exec('cassandra-0', 'nodetool', 'describecluster')).stdout, /Name: K8Demo\n/)
    assert.match((await rig.exec('cassandra-0', 'nodetool', 'version')).stdout, /^ReleaseVersion: 4\.1/)
    for (const command of ['repair', 'cleanup', 'flush'])
      assert.equal((await rig.exec('cassandra-0', 'nodetool', command)).code, 0)
    const unknown = await rig.exec('cassandra-0', 'nodetool', 'nonsense')
    assert.equal(unknown.code, 1)
    assert.match(unknown.stderr, /simulated nodetool .* does not know .nonsense./)
  })

  it('loads by the script of the owner; the counts fit', async () => {
    mkdirSync(rig.inNode('rpi01', 'home/pi/ycsb/scripts'), { recursive: true })
    mkdirSync(rig.inNode('rpi01', 'home/pi/ycsb/out'), { recursive: true })
    writeFileSync(rig.inNode('rpi01', 'home/pi/ycsb/scripts/load.sh'), load, { mode: 0o755 })
    await rig.ok(['create', '-f', '-'], benchmark)
    await rig.ok(['wait', '--for=condition=Ready', 'pod/ycsb-benchmark', '--timeout=60s'])
    const { code, stdout } = await rig.exec('ycsb-benchmark', '/scripts/load.sh', seed, 'a', '30000', '1')
    assert.deepEqual([code, stdout], [0, 'finished\n'])
    const output = readFileSync(rig.inNode('rpi01', 'home/pi/ycsb/out/load.txt'), 'utf8')
    assert.match(output, /^\[INSERT\], Return=OK, 30000$/m)
    assert.match(output, /^\[OVERALL\], Throughput\(ops\/sec\), \d+(\.\d+)?$/m)
    assert.match(
      output,
      /^\d{4}-\d\d-\d\d [\d:]{12} 10 sec: \d+ operations; [\d.]+ current ops\/sec; est completion in /m,
    )
    const stats = await rig.exec('cassandra-0', 'nodetool', 'cfstats', '--', 'ycsb.usertable')
    const [, partitions] = /Number of partitions \(estimate\): (\d+)/.exec(stats.stdout) ?? []
    assert.ok(Number(partitions) > 5000 && Number(partitions) < 15_000, partitions)
  })

  it('runs the statements of cqlsh and refuses as it does', async () => {
    const cql = (statement: string, ...more: string[]) =>
      rig.exec('cassandra-1', 'cqlsh', ...more, '-e', statement)
    assert.match((await cql('DESCRIBE KEYSPACES')).stdout, /\bycsb\b/)
    assert.match((await cql('DESCRIBE KEYSPACE ycsb')).stdout, /'replication_factor': '1'/)
    assert.match((await cql('SELECT COUNT(*) FROM ycsb.usertable')).stdout, /^ 30000$/m)
    const twice = await cql(
      "CREATE KEYSPACE ycsb WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    )
    assert.equal(twice.code, 2)
    assert.match(twice.stderr, /AlreadyExists: Keyspace 'ycsb' already exists/)
    const old = await cql('DESCRIBE KEYSPACES', '--cqlversion=3.4.4')
    assert.equal(old.code, 1)
    assert.match(old.stderr, /cql_version '3\.4\.4' is not supported by remote/)
  })

  it('a run that finds no keyspace or no node says so, with exit code 0', async () => {
    const run = (host: string, ...more: string[]) =>
      rig.exec('ycsb-benchmark', '/opt/ycsb/bin/ycsb', 'run', 'cassandra-cql', '-p', `hosts=${host}`, ...more)
    const noKeyspace = await run(seed, '-p', 'cassandra.keyspace=other')
    assert.equal(noKeyspace.code, 0)
    assert.match(noKeyspace.stderr, /Keyspace 'other' does not exist/)
    assert.match((await run('nobody')).stderr, /NoHostAvailableException/)
  })

  it('a node that comes back with its data keeps its host id and gets another address', async () => {
    const node = await nodeOf('cassandra-1')
    const agent = node === 'rpi01' ? undefined : node
    assert.ok(agent !== undefined, 'the second pod is on an agent')
    const before = await addressOf('cassandra-1')
    const own = first.find((row) => row.address === before)?.hostId
    await rig.powerOff(agent)
    await rig.until('DN', async () => states(await status()).includes('DN'))
    assert.equal((await status()).find((row) => row.state === 'DN')?.hostId, own)
    rig.startAgent(agent)
    await rig.until('three UN', async () => states(await status()).join() === 'UN,UN,UN')
    const after = await addressOf('cassandra-1')
    assert.notEqual(after, before)
    assert.equal((await status()).find((row) => row.address === after)?.hostId, own)
  })

  it('a node that lost its data may not join while its old self is down, and gets a new host id after removenode', async () => {
    const node = await nodeOf('cassandra-1')
    const before = await addressOf('cassandra-1')
    const own = (await status()).find((row) => row.address === before)?.hostId ?? ''
    const alive = await rig.exec('cassandra-0', 'nodetool', 'removenode', own)
    assert.equal(alive.code, 2)
    assert.match(alive.stderr, /is alive and owns this ID\. Use decommission command/)
    await rig.powerOff(node)
    const storage = rig.inNode(node, 'var/lib/rancher/k3s/storage')
    for (const name of readdirSync(storage)) rmSync(`${storage}/${name}`, { recursive: true })
    rig.startAgent(node)
    const why = async () => (await rig.kubectl(['logs', 'cassandra-1', '--previous'])).stdout
    await rig.until('a crash', async () => /required to move the data consistently is down/.test(await why()))
    assert.deepEqual(states(await status()), ['DN', 'UN', 'UN'])
    assert.equal((await rig.exec('cassandra-0', 'nodetool', 'removenode', own)).code, 0)
    await rig.until('three UN', async () => states(await status()).join() === 'UN,UN,UN')
    assert.ok((await status()).every((row) => row.hostId !== own))
    assert.match((await rig.exec('cassandra-0', 'nodetool', 'removenode', own)).stderr, /Host ID not found/)
  })

  it('a pod whose seed has no address crashes with the words of Cassandra', async () => {
    await rig.ok(['scale', 'sts/cassandra', '--replicas=0'])
    await rig.ok(['wait', '--for=delete', 'pod', '-l', 'app=cassandra', '--timeout=60s'])
    const lone = `apiVersion: v1
kind: Pod
metadata: {name: lone}
spec:
  containers:
  - {name: cassandra, image: 'cassandra:4', env: [{name: CASSANDRA_SEEDS, value: ${seed}}]}`
    await rig.ok(['create', '-f', '-'], lone)
    const log = async () => (await rig.kubectl(['logs', 'lone', '--previous'])).stdout
    await rig.until('a crash', async () => /Seed provider couldn't lookup host cassandra-0/.test(await log()))
    assert.match(await log(), /The seed provider lists no seeds\./)
    await rig.ok(['delete', 'pod', 'lone', '--now'])
  })

  it('a set that comes back with its volumes is the ring it was; without them it is a new one', async () => {
    await rig.ok(['scale', 'sts/cassandra', '--replicas=3'])
    await rolledOut()
    assert.deepEqual(states(await status()), ['UN', 'UN', 'UN'])
    assert.match((await rig.exec('cassandra-0', 'cqlsh', '-e', 'DESCRIBE KEYSPACES')).stdout, /ycsb/)
    const old = (await status()).map((row) => row.hostId)
    await rig.ok(['delete', 'sts', 'cassandra'])
    await rig.ok(['wait', '--for=delete', 'pod', '-l', 'app=cassandra', '--timeout=60s'])
    await rig.ok(['delete', 'pvc', '-l', 'app=cassandra', '--timeout=60s'])
    await rig.kubectl(['create', '-f', '-'], cassandra(2))
    await rolledOut()
    const fresh = await status()
    assert.deepEqual(states(fresh), ['UN', 'UN'])
    assert.ok(fresh.every((row) => !old.includes(row.hostId)))
    assert.doesNotMatch((await rig.exec('cassandra-0', 'cqlsh', '-e', 'DESCRIBE KEYSPACES')).stdout, /ycsb/)
  })
})
