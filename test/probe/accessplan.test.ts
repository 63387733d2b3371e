import assert from 'node:assert/strict'
import { type AccessSeen, judgeAccess, partsToRestore } from '../../src/probe/accessplan.ts'
import type { NodeView } from '../../src/probe/nodeview.ts'

const wish = { host: 'rpicloud', address: '16.0.0.10', server: 'rpi01' }
const parts = ['server', 'registry', 'home'].map((name) => ({ name, size: 1 }))
const backup = {
  name: 'rpi01-2026-11-30T171908Z',
  age: '2 days ago',
  taken: '2026-11-30T17:19:08.123Z',
  k3s_version: 'v1.25.4+k3s1',
  nodes: ['rpi01', 'rpicloud'],
  images: ['ycsb-benchmark:latest'],
  parts,
}
const node = {
  uid: 'u',
  ready: true,
  since: '2026-11-30T00:00:00Z',
  boot_id: 'b',
  machine_id: 'm',
  version: 'v1.25.4+k3s1',
  address: '16.0.0.10',
  cidr: '10.42.1.0/24',
  schedulable: true,
  labels: {},
  annotations: {},
  taints: [],
}
const view: NodeView = {
  healthy: true,
  server_version: 'v1.25.4+k3s1',
  server_address: '16.0.0.11',
  node,
  late: [],
  elsewhere: [],
  password: true,
  volumes: [],
  pods: [],
  places: [],
  record: null,
  ring: null,
  keyspaces: null,
}
const images = { path: '/r', size: 9e6, images: ['ycsb-benchmark:latest'], fingerprint: 'f' }
const well: AccessSeen = {
  machine: {
    boot_id: 'b',
    machine_id: 'm',
    hostname: 'rpicloud',
    joined_before: true,
    active: true,
    mounted: false,
    directories: [],
  },
  holdings: { registry: images, home: null },
  serves: true,
  view,
}
const fresh: AccessSeen = {
  ...well,
  machine: { ...well.machine, boot_id: 'c', machine_id: 'n', joined_before: false, active: false },
  holdings: { registry: null, home: null },
  serves: false,
}
const steps = (seen: AccessSeen, given: typeof backup | undefined) =>
  judgeAccess(seen, given, wish).steps.join('\n')

describe('the judgement of an access node to be brought back', () => {
  it('finds nothing to do where node and registry are well', () => {
    assert.equal(judgeAccess(well, undefined, wish).healthy, true)
    assert.equal(judgeAccess({ ...well, serves: false }, undefined, wish).healthy, false)
    assert.equal(
      judgeAccess({ ...well, view: { ...view, node: { ...node, boot_id: 'old' } } }, undefined, wish).healthy,
      false,
    )
  })

  it('takes images from the backup only where there are none, and says where they come from otherwise', () => {
    assert.match(steps(fresh, backup), /with the images of rpi01-2026-11-30T171908Z/)
    assert.deepEqual(partsToRestore(fresh, parts), ['registry', 'home'])
    assert.match(steps({ ...fresh, holdings: well.holdings }, backup), /with the images that are there/)
    assert.deepEqual(partsToRestore({ ...fresh, holdings: well.holdings }, parts), ['home'])
    assert.match(judgeAccess(null, backup, wish).steps.join(), /with the images of rpi01-2026-11-30T171908Z/)
    assert.match(steps(fresh, undefined), /an empty registry, .* provision playbooks\/images\.yaml/)
  })

  it('does what it can where the server is dead, too, and then says which way leads on', () => {
    const alone = judgeAccess({ ...fresh, view: null, why: 'no route' }, backup, wish)
    assert.deepEqual(alone.refusals, [])
    assert.match(alone.steps.at(-1)!, /stop there, .* next provision rebuild rpi01, then this again/)
    const { refusals } = judgeAccess({ ...fresh, serves: true, view: null, why: 'no route' }, backup, wish)
    assert.match(refusals[0]!.message, /rpi01 can't be asked, so rpicloud can't join: no route/)
    assert.match(refusals[0]!.hint, /provision rebuild rpi01, then this again/)
  })

  it('does not give up volumes without a word', () => {
    const claim = { namespace: 'default', name: 'data-db-0', uid: 'u', bound: true }
    const volumes = [{ name: 'pvc-1', path: '/var/lib/x', phase: 'Bound', claim }]
    const { refusals } = judgeAccess({ ...fresh, view: { ...view, volumes } }, backup, wish)
    assert.match(refusals.map(({ message }) => message).join(), /the volumes of data-db-0 were on the card/)
  })

  it('refuses a machine of another name that has been in a cluster', () => {
    const machine = { ...fresh.machine, hostname: 'rpi07', joined_before: true }
    assert.match(judgeAccess({ ...fresh, machine }, backup, wish).refusals[0]!.message, /calls itself rpi07/)
  })
})
