import assert from 'node:assert/strict'
import { exitCode, jsonOf, type StatusReport, textOf } from '../../src/cli/status/report.ts'
import { clusterFindings } from '../../src/cli/status/cluster.ts'
import type { ClusterStatus, HostStatus } from '../../src/cli/status/facts.ts'
import { hostFindings } from '../../src/cli/status/hosts.ts'
import type { HealthFact } from '../../src/probe/health.ts'
import type { Overview, OverviewPod } from '../../src/probe/overview.ts'
import { NODE_LOST } from '../../src/probe/overview.ts'
import { noColours } from '../../src/render/colour.ts'
import { width } from '../../src/render/text.ts'

const VERSION = 'v1.25.4+k3s1'
const NAMES = ['rpicloud', ...Array.from({ length: 14 }, (_, at) => `rpi${String(at + 1).padStart(2, '0')}`)]
const addressOf = (name: string) => `16.0.0.${10 + NAMES.indexOf(name)}`

/** The cluster in good health, made anew for each test, which breaks something of it. */
function healthy() {
  const hosts = NAMES.map((name) => hostStatus(name))
  const nodes = NAMES.map((name) => ({
    name,
    ready: true,
    reason: '',
    schedulable: true,
    version: VERSION,
    boot_id: `boot of ${name}`,
    machine_id: name,
    address: addressOf(name),
  }))
  const members = NAMES.slice(2).map((_, at) => member(`10.42.${at}.2`))
  const pods = NAMES.slice(2).map((node, at) => ({
    name: `cassandra-${at}`,
    ip: `10.42.${at}.2`,
    node,
    ready: true,
  }))
  const cluster = {
    server: 'rpi01',
    state: 'seen',
    overview: {
      nodes,
      pods: pods.map(
        ({ name, node }): OverviewPod => ({ namespace: 'default', name, node, state: 'ready', reason: '' }),
      ),
      workloads: [
        { kind: 'StatefulSet', namespace: 'default', name: 'cassandra', wanted: 13, ready: 13 },
        {
          kind: 'Deployment',
          namespace: 'kubernetes-dashboard',
          name: 'kubernetes-dashboard',
          wanted: 1,
          ready: 1,
        },
        {
          kind: 'Deployment',
          namespace: 'local-path-storage',
          name: 'local-path-provisioner',
          wanted: 1,
          ready: 1,
        },
      ],
      volumes: 13,
    } as Overview,
    ring: { pods, views: [{ pod: 'cassandra-0', datacenter: 'dc1', members }] },
    errors: [],
  } satisfies ClusterStatus
  return { hosts, cluster, health: (name: string) => hosts[NAMES.indexOf(name)]!.health! }
}

function hostStatus(name: string): HostStatus & { health: HealthFact } {
  const storage = name === 'rpicloud' ? undefined : { device: '/dev/sda', size: '1TB', mount: '/mnt/storage' }
  const vars = {
    k3s_version: VERSION,
    k3s_role: name === 'rpi01' ? 'server' : 'agent',
    registry: '16.0.0.10:5000',
    ...(storage && { storage }),
  }
  const health: HealthFact = {
    boot_id: `boot of ${name}`,
    uptime: 12 * 86_400,
    k3s: {
      role: name === 'rpi01' ? 'server' : 'agent',
      active: 'active',
      version: VERSION,
      simulated: false,
    },
    root: { writable: true, size: 31e9, free: 24e9, use_percent: 18 },
    storage: storage
      ? { device: '/dev/sda', device_size: 1e12, size: 98e10, free: 86e10, use_percent: 12 }
      : null,
    memory: { size: 19e8, available: 12e8 },
    temperature: 48.3,
    throttled: 0,
    registry: { status: 200, images: 3 },
  }
  const connection = { kind: 'ssh' as const, address: addressOf(name) }
  return { host: { name, groups: ['all'], vars, connection }, round_trips: 1, health }
}

function member(address: string, state = 'UN') {
  return { state, address, load: '1 KiB', host_id: address, rack: 'rack1' }
}

type Cluster = ReturnType<typeof healthy>

function reportOf({ hosts, cluster }: Pick<Cluster, 'hosts' | 'cluster'>, options = ''): StatusReport {
  const all = hosts.map(({ host }) => host)
  const findings = [...hostFindings(hosts, cluster), ...clusterFindings(cluster, all)]
  const around = { hosts: hosts.length, server: 'rpi01', options }
  return { hosts, cluster, findings, around, code: exitCode(hosts, findings) }
}

const shown = (one: Cluster, options?: string) => textOf(reportOf(one, options), noColours)

/** Lines of what is not as it should be, each with what is advised. */
function told(one: Cluster, options?: string): string[] {
  const lines = shown(one, options)
  const [, from, to] = lines.flatMap((line, at) => (line === '' ? [at] : []))
  return lines.slice((from ?? 0) + 1, to)
}

describe('the cluster at a glance', () => {
  it('fits a terminal of 100 columns and 24 lines when all is well', () => {
    const lines = shown(healthy())
    assert(lines.length < 24, `${lines.length} lines`)
    assert(Math.max(...lines.map(width)) <= 100)
    assert.deepEqual(lines.slice(0, 3), [
      'host      up for  k3s                  node   SSD            SD free  memory  temp   power',
      'rpicloud  12 d    agent v1.25.4+k3s1   Ready  -              24.0 GB  1.2 GB  48 °C  ok',
      'rpi01     12 d    server v1.25.4+k3s1  Ready  12% of 1.0 TB  24.0 GB  1.2 GB  48 °C  ok',
    ])
    assert.deepEqual(lines.slice(16), [
      '',
      'cluster    15 of 15 nodes Ready, 13 of 13 pods running',
      'registry   16.0.0.10:5000 answers 15 of 15 hosts, 3 images',
      'cassandra  13 members up and normal (UN) on 13 nodes, 13 wanted',
      'dashboard  ready; open it with: provision dashboard',
      'storage    local-path-storage/local-path-provisioner, 13 volumes',
      'All is well.',
    ])
  })

  it('fits a terminal of 80 columns, and says less then', () => {
    const one = healthy()
    one.health('rpi02').throttled = 0x10000
    one.health('rpi03').k3s.active = 'activating'
    const lines = textOf(reportOf(one), noColours, 80).slice(0, 16)
    assert(Math.max(...lines.map(width)) <= 80, lines.join('\n'))
    assert.deepEqual(lines.slice(0, 4), [
      'host      up for  k3s           node   SSD  SD free  memory  temp   power',
      'rpicloud  12 d    v1.25.4+k3s1  Ready  -    24.0 GB  1.2 GB  48 °C  ok',
      'rpi01     12 d    v1.25.4+k3s1  Ready  12%  24.0 GB  1.2 GB  48 °C  ok',
      'rpi02     12 d    v1.25.4+k3s1  Ready  12%  24.0 GB  1.2 GB  48 °C  was low!',
    ])
  })

  it('tells what is lost with a node once, where it lies, also when its host can not be reached', () => {
    const one = healthy()
    one.health('rpi03').k3s.active = 'inactive'
    one.hosts[4] = { ...one.hosts[4]!, health: undefined as never, unreachable: true, error: 'no answer' }
    for (const at of [3, 4]) one.cluster.overview.nodes[at]!.ready = false
    for (const at of [1, 2])
      Object.assign(one.cluster.overview.pods[at]!, { state: 'failing', reason: NODE_LOST })
    one.cluster.overview.workloads[0]!.ready = 11
    assert.deepEqual(told(one), [
      'failing  rpi03: k3s-agent.service is inactive; lost with it: cassandra-1',
      '         look: provision exec -b rpi03 -- journalctl -n 30 -u k3s-agent',
      'failing  rpi04: the node is not Ready; lost with it: cassandra-2',
    ])
  })

  it('tells of copies of one SD card', () => {
    const one = healthy()
    for (const at of [3, 5]) one.cluster.overview.nodes[at]!.machine_id = 'copied'
    assert.match(
      told(one).join('\n'),
      /^failing {2}rpi03, rpi05: have the same machine id\n +they are copies/,
    )
  })

  it('marks drift in its column, says it once for several hosts, and what makes it right', () => {
    const one = healthy()
    for (const name of ['rpi03', 'rpi07']) one.health(name).k3s.version = 'v1.25.3+k3s1'
    const lines = shown(one, ' --lab')
    assert.match(lines[4]!, /^rpi03 .* agent v1\.25\.3\+k3s1! /)
    assert.doesNotMatch(lines[5]!, /!/)
    assert.deepEqual(told(one, ' --lab'), [
      'differs  rpi03, rpi07: runs v1.25.4+k3s1, v1.25.3+k3s1 is installed',
      '         run: provision playbooks/cluster.yaml --lab --limit rpi03,rpi07',
      `differs  rpi03, rpi07: k3s is v1.25.3+k3s1; the inventory says ${VERSION}`,
      '         run: provision playbooks/cluster.yaml --lab --limit rpi03,rpi07',
    ])
  })

  it('does not advise to downgrade', () => {
    const one = healthy()
    one.health('rpicloud').k3s.version = 'v1.25.5+k3s2'
    one.cluster.overview.nodes[0]!.version = 'v1.25.5+k3s2'
    assert.deepEqual(told(one), [
      `differs  rpicloud: k3s is v1.25.5+k3s2; the inventory says ${VERSION}`,
      "         k3s can't be downgraded; take the others there: provision playbooks/upgrade.yaml -e k3s_version=v1.25.5+k3s2",
    ])
  })

  it('tells of hosts that are ill', () => {
    const one = healthy()
    Object.assign(one.health('rpi02'), { storage: null, throttled: 0x50005 })
    Object.assign(one.health('rpi03').storage!, { device_size: 5e11, use_percent: 96 })
    Object.assign(one.health('rpi04').root, { writable: false })
    Object.assign(one.health('rpi05').k3s, { active: 'failed' })
    Object.assign(one.health('rpi06').k3s, { role: null, version: null })
    Object.assign(one.health('rpi08'), { temperature: 81, throttled: 0x10000 })
    assert.deepEqual(
      told(one).filter((line) => !line.startsWith(' ')),
      [
        'failing  rpi02: the voltage is too low now',
        'failing  rpi03: /mnt/storage is 96 % full',
        'failing  rpi04: / is read-only: the SD card fails',
        'failing  rpi05: k3s-agent.service is failed',
        'differs  rpi02: no SSD at /mnt/storage',
        'differs  rpi03: /dev/sda has 500.0 GB; the inventory says 1TB',
        'differs  rpi06: k3s is not installed',
        'note     rpi02: the processor is slowed down now',
        'note     rpi08: the voltage was too low since the boot',
        'note     rpi08: is hot: does its fan turn?',
      ],
    )
    assert(
      told(one, ' --lab').includes(
        '         look: provision exec --lab -b rpi05 -- journalctl -n 30 -u k3s-agent',
      ),
    )
  })

  it('tells of nodes that are not what the inventory says', () => {
    const one = healthy()
    const { nodes } = one.cluster.overview
    Object.assign(nodes[4]!, { ready: false, reason: 'Kubelet stopped posting node status.' })
    Object.assign(nodes[5]!, { schedulable: false })
    Object.assign(nodes[6]!, { address: '16.0.0.99' })
    Object.assign(nodes[7]!, { boot_id: 'an older one' })
    nodes[8]!.name = 'rpi99'
    assert.deepEqual(told(one), [
      'failing  rpi04: the node is not Ready: Kubelet stopped posting node status',
      'differs  rpi05: is cordoned: it gets no new pods',
      '         take it back: provision exec -b rpi01 -- k3s kubectl uncordon rpi05',
      'differs  rpi06: its address in the cluster is 16.0.0.99; the inventory says 16.0.0.16',
      '         run: provision playbooks/cluster.yaml --limit rpi06',
      'differs  rpi07: the cluster has not seen the node since its last boot',
      'differs  rpi08: is not in the cluster',
      '         run: provision playbooks/cluster.yaml --limit rpi08',
      'differs  node rpi99 is in the cluster, but not in the inventory',
      '         if it is gone for good: provision exec -b rpi01 -- k3s kubectl delete node rpi99',
    ])
    assert.match(shown(one)[5]!, / NotReady! /)
  })

  it('shows a host that is down in its row', () => {
    const one = healthy()
    one.hosts[3] = {
      ...one.hosts[3]!,
      health: undefined as never,
      unreachable: true,
      error: 'rpi03: no answer',
    }
    const lines = shown(one)
    assert.equal(lines[4], 'rpi03     unreachable: no answer')
    assert.equal(lines.at(-1), '1 host unreachable.')
    assert.equal(reportOf(one).code, 4)
  })

  it('names members of the ring that are not up, and pods with their reasons, a few of them', () => {
    const one = healthy()
    one.cluster.ring.views[0]!.members[4] = member('10.42.4.2', 'DN')
    one.cluster.ring.views.push({
      pod: 'cassandra-12',
      datacenter: 'dc1',
      members: [member('10.42.4.2', 'DN')],
    })
    for (const pod of one.cluster.overview.pods.slice(0, 7))
      Object.assign(pod, { state: 'starting', reason: 'is starting' })
    Object.assign(one.cluster.overview.pods[3]!, { state: 'failing', reason: 'ImagePullBackOff' })
    assert.deepEqual(told(one), [
      'failing  pod default/cassandra-3 on rpi05: ImagePullBackOff',
      '         look: provision exec -b rpi01 -- k3s kubectl describe pod cassandra-3 -n default',
      'failing  Cassandra: 10.42.4.2 (cassandra-4 on rpi06) is DN, say cassandra-0 and cassandra-12',
      ...[0, 1, 2, 4].map((at) => `differs  pod default/cassandra-${at} on rpi0${at + 2}: is starting`),
      'differs  2 more pods are not ready',
    ])
  })

  it('counts the members of the ring by who gives an answer', () => {
    const one = healthy()
    one.cluster.ring.views.push({ pod: 'cassandra-12', datacenter: '', members: [] })
    assert.match(shown(one).join('\n'), /^cassandra {2}13 members up/m)
    assert.deepEqual(told(one), ['failing  Cassandra: nodetool gives no answer in cassandra-12'])
  })

  it('tells of two provisioners, of none, and of what has no pods at all', () => {
    const two = healthy()
    const [, dashboard, provisioner] = two.cluster.overview.workloads
    two.cluster.overview.workloads.push({ ...provisioner!, namespace: 'kube-system' })
    dashboard!.ready = 0
    assert.deepEqual(told(two), [
      'failing  Deployment kubernetes-dashboard/kubernetes-dashboard: 0 of 1 pods ready',
      '         look: provision exec -b rpi01 -- k3s kubectl describe deployment kubernetes-dashboard -n kubernetes-dashboard',
      'failing  two storage provisioners, in local-path-storage and kube-system, race for each claim',
      '         run: provision playbooks/cluster.yaml',
    ])
    const none = healthy()
    none.cluster.overview.workloads.splice(2)
    assert.deepEqual(told(none), [
      'differs  there is no storage provisioner',
      '         run: provision playbooks/storage.yaml',
    ])
  })

  it('ends with 2 for drift, 3 for what has failed, 0 for what can wait', () => {
    const one = healthy()
    one.health('rpi08').throttled = 0x10000
    assert.equal(reportOf(one).code, 0)
    one.health('rpi07').storage = null
    assert.equal(reportOf(one).code, 2)
    one.health('rpi06').k3s.active = 'failed'
    assert.equal(reportOf(one).code, 3)
  })

  it('has the same as JSON', () => {
    const one = healthy()
    one.health('rpi07').storage = null
    const json = jsonOf(reportOf(one)) as any
    assert.deepEqual(Object.keys(json), ['exit_code', 'hosts', 'cluster', 'findings'])
    assert.deepEqual(json.findings, [
      {
        kind: 'differs',
        hosts: ['rpi07'],
        text: 'no SSD at /mnt/storage',
        advice: 'run: provision playbooks/cluster.yaml --limit rpi07',
      },
    ])
    assert.equal(json.hosts[7].node.name, 'rpi07')
    assert.equal(json.cluster.ring.views[0].members.length, 13)
  })
})
