import assert from 'node:assert/strict'
import { type HealthFact, healthProbe } from '../../src/probe/health.ts'
import { overviewProbe } from '../../src/probe/overview.ts'
import { runHere } from './here.ts'

const SUBJECTS = { mount: '/mnt/storage', registry: '16.0.0.10:5000' }

function seen(stdout: string, subjects = SUBJECTS): HealthFact {
  return healthProbe(subjects).parse({ code: 0, stdout: Buffer.from(stdout), stderr: '' })
}

/** What a Raspberry Pi in good health says. */
const PI = `boot 0d21b5c6-7f4e-4f0c-a3a3-000000000001
uptime 86400.50 40
Id=k3s.service
LoadState=not-found
ActiveState=inactive

Id=k3s-agent.service
LoadState=loaded
ActiveState=active
k3s version v1.25.4+k3s1 (0dc63334)
go version go1.19.3
mount 24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw
sectors / 62000000
mount 90 24 8:0 / /mnt/storage rw,noatime shared:40 - ext4 /dev/sda rw
sectors /mnt/storage 1953125000
space Mounted on 1-blocks Available Capacity
space / 31000000000 24000000000 18%
space /mnt/storage 983150465024 860000000000 8%
MemTotal: 1900000
MemAvailable: 1200000
temp=48.3'C
throttled=0x50000
registry
{"repositories":["ycsb-benchmark","cassandra"]}

200
`

describe('the health of a host', () => {
  it('is read from one script', () => {
    assert.deepEqual(seen(PI), {
      boot_id: '0d21b5c6-7f4e-4f0c-a3a3-000000000001',
      uptime: 86_400,
      k3s: { role: 'agent', active: 'active', version: 'v1.25.4+k3s1', simulated: false },
      root: { writable: true, size: 31e9, free: 24e9, use_percent: 18 },
      storage: { device: '/dev/sda', device_size: 1e12, size: 983_150_465_024, free: 86e10, use_percent: 8 },
      memory: { size: 1_945_600_000, available: 1_228_800_000 },
      temperature: 48.3,
      throttled: 0x50000,
      registry: { status: 200, images: 2 },
    })
  })

  it('counts from the start of the first process, which in a container is later than that of its machine', () => {
    assert.equal(seen(PI.replace('86400.50 40', '86400.50 8040050')).uptime, 6000)
  })

  it('knows a card that went read-only, an SSD that is gone, a registry that is silent', () => {
    const ill = seen(
      PI.replace('/ / rw,noatime', '/ / ro,noatime')
        .replace(/^(mount|sectors|space) .*storage.*\n/gm, '')
        .replace(/^registry\n[^]*/m, 'registry\n\n000\n'),
    )
    assert.equal(ill.root.writable, false)
    assert.equal(ill.storage, null)
    assert.deepEqual(ill.registry, { status: 0, images: null })
  })

  it('has no temperature, power or memory where the kernel is another one’s', () => {
    const { temperature, throttled, memory } = seen(PI.replace(/^(temp|throttled|Mem).*\n/gm, ''))
    assert.deepEqual([temperature, throttled, memory], [null, null, null])
  })

  it('takes the temperature from the kernel where there is no vcgencmd', () => {
    assert.equal(seen(PI.replace(/^temp=.*$/m, 'millidegrees 61234')).temperature, 61.2)
  })

  it('can be asked of this machine', () => {
    const probe = healthProbe({ mount: '/nowhere/at/all' })
    const fact = probe.parse(runHere(probe.script as string))
    assert.match(fact.boot_id, /^[0-9a-f-]{36}$/)
    assert(fact.uptime > 0 && fact.root.size > fact.root.free && fact.root.free > 0)
    assert.deepEqual([fact.storage, fact.registry], [null, null])
  })

  it('is an error when the script fails', () => {
    const failed = { code: 2, stdout: Buffer.from(''), stderr: 'sh: no\n' }
    assert.throws(() => healthProbe({}).parse(failed), /can't look at the host: sh: no/)
  })
})

/** A line as kubectl prints it, of the columns that are given by their places. */
function row(cells: Record<number, string>): string {
  return Array.from({ length: 17 }, (_, at) => cells[at] ?? '').join('\t')
}

function pod(name: string, phase: string, more: Record<number, string> = {}): string {
  return row({ 0: 'Pod', 1: 'default', 2: name, 5: 'rpi05', 8: phase, ...more })
}

const overviewOf = (...lines: string[]) =>
  overviewProbe.parse({ code: 0, stdout: Buffer.from(`${lines.join('\n')}\n`), stderr: '' }).found!

describe('the overview of the cluster', () => {
  it('has nodes with what runs there, and why one is not ready', () => {
    const status = (ready: string) =>
      JSON.stringify([
        { type: 'MemoryPressure', status: 'False' },
        { type: 'Ready', status: ready, message: 'Kubelet stopped posting node status.' },
      ])
    const addresses = '[{"type":"Hostname","address":"rpi01"},{"type":"InternalIP","address":"16.0.0.11"}]'
    const facts = { 10: 'v1.25.4+k3s1', 11: 'boot', 12: addresses, 16: 'a1' }
    const { nodes } = overviewOf(
      row({ 0: 'Node', 2: 'rpi01', 4: 'true', ...facts, 13: status('True') }),
      row({ 0: 'Node', 2: 'rpi02', ...facts, 13: status('Unknown') }),
    )
    const both = { version: 'v1.25.4+k3s1', boot_id: 'boot', machine_id: 'a1', address: '16.0.0.11' }
    assert.deepEqual(nodes, [
      { name: 'rpi01', ready: true, reason: '', schedulable: false, ...both },
      {
        name: 'rpi02',
        ready: false,
        reason: 'Kubelet stopped posting node status.',
        schedulable: true,
        ...both,
      },
    ])
  })

  it('does not count on pods whose node is not Ready, whatever it last said of them', () => {
    const conditions = JSON.stringify([{ type: 'Ready', status: 'Unknown' }])
    const ran = { 15: '[{"name":"it","ready":true}]' }
    const { pods } = overviewOf(
      row({ 0: 'Node', 2: 'rpi05', 13: conditions }),
      pod('there', 'Running', ran),
      pod('elsewhere', 'Running', { ...ran, 5: 'rpi06' }),
    )
    assert.deepEqual(
      pods.map(({ state, reason }) => [state, reason]),
      [
        ['failing', 'its node is not Ready'],
        ['ready', ''],
      ],
    )
  })

  it('tells pods that only need time from those that need help', () => {
    const waiting = (reason: string, message?: string) =>
      JSON.stringify([{ name: 'it', ready: false, state: { waiting: { reason, message } } }])
    const unplaced = '[{"type":"PodScheduled","status":"False","message":"0/15 nodes are available"}]'
    const { pods } = overviewOf(
      pod('good', 'Running', { 15: '[{"name":"it","ready":true}]' }),
      pod('done', 'Succeeded'),
      pod('young', 'Pending', { 15: waiting('ContainerCreating') }),
      pod('late', 'Running', { 15: '[{"name":"it","ready":false,"state":{"running":{}}}]' }),
      pod('image', 'Pending', { 15: waiting('ImagePullBackOff', 'not found') }),
      pod('first', 'Pending', { 14: waiting('CrashLoopBackOff'), 15: waiting('PodInitializing') }),
      pod('large', 'Failed', { 9: 'OutOfmemory' }),
      pod('homeless', 'Pending', { 5: '', 13: unplaced }),
      pod('leaving', 'Running', { 3: '2026-01-01T00:00:00Z', 15: '[{"name":"it","ready":true}]' }),
    )
    assert.deepEqual(
      pods.map(({ name, state, reason }) => `${name} ${state} ${reason}`.trim()),
      [
        'good ready',
        'done done',
        'young starting ContainerCreating',
        'late starting is not ready',
        'image failing ImagePullBackOff: not found',
        'first failing CrashLoopBackOff',
        'large failing OutOfmemory',
        'homeless starting has no node: 0/15 nodes are available',
        'leaving starting is ending',
      ],
    )
  })

  it('counts the pods of workloads, of which one is wanted where nothing is said', () => {
    const { workloads, volumes } = overviewOf(
      row({ 0: 'Deployment', 1: 'kube-system', 2: 'coredns' }),
      row({ 0: 'StatefulSet', 1: 'default', 2: 'cassandra', 6: '13', 7: '12' }),
      row({ 0: 'PersistentVolume', 2: 'pvc-1' }),
    )
    assert.deepEqual(workloads, [
      { kind: 'Deployment', namespace: 'kube-system', name: 'coredns', wanted: 1, ready: 0 },
      { kind: 'StatefulSet', namespace: 'default', name: 'cassandra', wanted: 13, ready: 12 },
    ])
    assert.equal(volumes, 1)
  })
})
