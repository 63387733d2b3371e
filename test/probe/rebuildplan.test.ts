import assert from 'node:assert/strict'
import type { Disk } from '../../src/probe/block.ts'
import type { Machine } from '../../src/probe/machine.ts'
import { isRemade, memberOf, recordOf, recordText } from '../../src/probe/noderecord.ts'
import { hasJoined, nodeViewProbe, type NodeView } from '../../src/probe/nodeview.ts'
import { judgeRebuild } from '../../src/probe/rebuildplan.ts'
import type { Wish } from '../../src/probe/rebuildwish.ts'

const ID = '6ea118bc-d38d-4be5-8c75-35d501edda7f'
const LIVING = '0ab13a52-9b06-406b-b6b4-e40c741550af'
const VOLUME = '/mnt/storage/volumes/pvc-1_default_data-cassandra-1'

const member = (state: string, address: string, host_id: string) => ({
  state,
  address,
  load: '?',
  host_id,
  rack: 'rack1',
})
const view: NodeView = {
  healthy: true,
  server_version: 'v1.25.4+k3s1',
  server_address: '16.0.0.11',
  node: {
    uid: 'old',
    ready: false,
    since: '2026-11-22T10:00:00Z',
    boot_id: 'boot-1',
    machine_id: 'machine-1',
    version: 'v1.25.4+k3s1',
    address: '16.0.0.24',
    cidr: '10.42.3.0/24',
    schedulable: true,
    labels: { disk: 'fast' },
    annotations: {},
    taints: [],
  },
  late: [],
  elsewhere: ['rpi01'],
  password: true,
  volumes: [
    {
      name: 'pvc-1',
      path: VOLUME,
      phase: 'Bound',
      claim: { namespace: 'default', name: 'data-cassandra-1', uid: '1', bound: true },
    },
  ],
  pods: [],
  places: [
    {
      namespace: 'default',
      set: 'cassandra',
      pod: 'cassandra-1',
      claim: 'data-cassandra-1',
      replicas: 3,
      member: true,
      seed: false,
    },
  ],
  record: null,
  ring: {
    pods: [{ name: 'cassandra-0', ip: '10.42.1.2', node: 'rpi01', ready: true }],
    views: [
      {
        pod: 'cassandra-0',
        datacenter: 'datacenter1',
        members: [member('UN', '10.42.1.2', LIVING), member('DN', '10.42.3.7', ID)],
      },
    ],
  },
  keyspaces: [{ name: 'ycsb', copies: 3 }],
}
const machine: Machine = {
  boot_id: 'boot-2',
  machine_id: 'machine-2',
  hostname: 'rpi14',
  joined_before: false,
  active: false,
  mounted: false,
  directories: ['/mnt/storage/volumes', VOLUME],
}
const block: Disk = {
  id: '8:0',
  size: 1e12,
  wwid: '',
  signature: { TYPE: 'ext4', LABEL: 'storage-rpi14', UUID: 'u' },
  traces: '',
  nonzero: true,
  partitions: [],
  mounts: [],
  swap: false,
  holders: [],
}
const blank: Disk = { ...block, signature: {}, nonzero: false }
const wish: Wish = {
  host: 'rpi14',
  address: '16.0.0.24',
  device: '/dev/sda',
  size: '1TB',
  mount: '/mnt/storage',
  data: 'keep',
  acceptLoss: false,
  poweredOff: false,
}
const lost: Wish = { ...wish, data: 'lost' }

const ringOf = (...members: ReturnType<typeof member>[]): NodeView['ring'] => ({
  pods: [...view.ring!.pods, { name: 'cassandra-1', ip: '10.42.4.2', node: 'rpi14', ready: false }],
  views: [{ ...view.ring!.views[0]!, members: [member('UN', '10.42.1.2', LIVING), ...members] }],
})
const joining = ringOf(member('UJ', '10.42.4.2', 'f0000000-c14d-4bb0-8a32-bf5c208444f4'))
const alive = ringOf(member('UN', '10.42.4.2', ID))

describe('the plan of a rebuild', () => {
  const refusals = (
    of: Partial<NodeView>,
    seen: { machine: Machine; block: Disk | null } | null,
    wanted: Wish,
  ): string[] => judgeRebuild({ ...view, ...of }, seen, wanted).refusals.map(({ message }) => message)

  const rows: [
    string,
    Partial<NodeView>,
    { machine: Machine; block: Disk | null } | null,
    Wish,
    RegExp | undefined,
  ][] = [
    ['keeps data that is on the SSD', {}, { machine, block }, wish, undefined],
    ['gives lost data up on a blank SSD', {}, { machine, block: blank }, lost, undefined],
    ['keeps no data of a blank SSD', {}, { machine, block: blank }, wish, /data to keep is not there/],
    [
      'keeps no data that the SSD does not carry',
      {},
      { machine: { ...machine, directories: [] }, block },
      wish,
      /not on the SSD of rpi14/,
    ],
    ['wants a disk', {}, { machine, block: null }, wish, /has no \/dev\/sda/],
    [
      'formats no disk of another node',
      {},
      { machine, block: { ...block, signature: { TYPE: 'ext4', LABEL: 'storage-rpi05' } } },
      lost,
      /never formatted/,
    ],
    [
      'formats no disk with data of an unknown kind',
      {},
      { machine, block: { ...blank, nonzero: true } },
      lost,
      /never formatted/,
    ],
    [
      'formats no disk of another size',
      {},
      { machine, block: { ...block, size: 5e11 } },
      lost,
      /never formatted/,
    ],
    [
      'takes no machine of another name',
      {},
      { machine: { ...machine, joined_before: true, hostname: 'rpi05' }, block },
      wish,
      /calls itself rpi05/,
    ],
    [
      'believes no power cut of a node that is Ready',
      { node: { ...view.node!, ready: true } },
      null,
      { ...wish, poweredOff: true },
      /its machine is alive/,
    ],
    [
      'waits for no pod that another keeps from being made',
      { ring: { ...view.ring!, pods: [{ ...view.ring!.pods[0]!, ready: false }] } },
      { machine, block },
      wish,
      /cassandra-1 can come back only after cassandra-0, which is not ready \(on rpi01\)/,
    ],
    [
      'believes no power cut of a machine that answers',
      {},
      { machine, block },
      { ...wish, poweredOff: true },
      /answers at 16\.0\.0\.24: it has power/,
    ],
    [
      'goes on while its new member joins',
      { record: recordOf(view, 'lost'), ring: joining },
      { machine, block: blank },
      lost,
      undefined,
    ],
    [
      'gives up no member that is alive again',
      { record: recordOf(view, 'lost'), ring: alive, node: { ...view.node!, uid: 'new', ready: true } },
      { machine, block },
      lost,
      /the old machine is alive again: its member cassandra-1/,
    ],
    [
      'waits for a member that has only just died',
      { record: recordOf(view, 'lost'), ring: alive },
      { machine, block: blank },
      lost,
      undefined,
    ],
    [
      'loses no seed',
      { places: [{ ...view.places[0]!, seed: true }] },
      { machine, block: blank },
      lost,
      /is a seed of the ring/,
    ],
    ['keeps a seed', { places: [{ ...view.places[0]!, seed: true }] }, { machine, block }, wish, undefined],
    [
      'loses no only copy',
      { keyspaces: [{ name: 'one', copies: 1 }] },
      { machine, block: blank },
      lost,
      /rows of one have no other copy/,
    ],
    [
      'loses an only copy when that is said',
      { keyspaces: [{ name: 'one', copies: 1 }] },
      { machine, block: blank },
      { ...lost, acceptLoss: true },
      undefined,
    ],
    [
      'loses nothing while copies are not known',
      { keyspaces: null },
      { machine, block: blank },
      lost,
      /copies .* could not be seen/,
    ],
    [
      'loses nothing when no member answers',
      { ring: null },
      { machine, block: blank },
      lost,
      /nobody could give cassandra-1 its data back/,
    ],
    [
      'loses nothing while another member is down',
      {
        ring: {
          ...view.ring!,
          views: [
            {
              ...view.ring!.views[0]!,
              members: [member('DN', '10.42.5.1', LIVING), member('DN', '10.42.3.7', ID)],
            },
          ],
        },
      },
      { machine, block: blank },
      lost,
      /another member is not up \(10\.42\.5\.1 DN\)/,
    ],
    [
      'goes on with lost data as lost',
      { record: { ...recordOf(view, 'lost') } },
      { machine, block: blank },
      wish,
      /with --data lost has begun/,
    ],
    [
      'touches nothing where the server is not well',
      { healthy: false },
      { machine, block },
      wish,
      /server is not well/,
    ],
  ]
  for (const [title, of, seen, wanted, why] of rows) {
    it(title, () => {
      const found = refusals(of, seen, wanted)
      if (why === undefined) assert.deepEqual(found, [])
      else assert.match(found.join('\n'), why)
    })
  }

  it('has nothing to do on a healthy node, and much once a rebuild has begun', () => {
    const alive = { ...machine, boot_id: 'boot-1', active: true, mounted: true }
    const ring = {
      ...view.ring!,
      views: [{ ...view.ring!.views[0]!, members: [member('UN', '10.42.3.7', ID)] }],
    }
    const healthy: NodeView = { ...view, ring, node: { ...view.node!, ready: true } }
    const judge = (of: NodeView, its: Machine) => judgeRebuild(of, { machine: its, block }, wish).healthy
    assert.equal(judge(healthy, alive), true)
    assert.equal(judge({ ...healthy, record: recordOf(healthy, 'keep') }, alive), false)
    for (const one of [{ active: false }, { mounted: false }, { boot_id: 'boot-2' }])
      assert.equal(judge(healthy, { ...alive, ...one }), false)
    assert.equal(judge({ ...healthy, ring: view.ring }, alive), false)
  })

  it('says what is kept and what is lost', () => {
    const keep = judgeRebuild(view, { machine, block }, wish)
    assert.deepEqual(keep.kept[0], `${VOLUME} (data-cassandra-1)`)
    const give = judgeRebuild(view, { machine, block: blank }, lost)
    assert(give.lost.includes('claim data-cassandra-1 with volume pvc-1'))
    assert(give.steps.some((step) => step.includes(`take cassandra-1 (${ID}) out of the ring`)))
  })
})

describe('what must outlast a rebuild', () => {
  it('finds the member by the addresses of its node, and by what was put down before', () => {
    assert.equal(memberOf(view)?.host_id, ID)
    assert.equal(memberOf({ ...view, node: null })?.host_id, ID)
    const two = [member('DN', '10.42.5.1', LIVING), member('DN', '10.42.6.1', ID)]
    const ring = { pods: [], views: [{ ...view.ring!.views[0]!, members: two }] }
    assert.equal(memberOf({ ...view, node: null, ring }), undefined)
    assert.equal(memberOf({ ...view, node: null, ring, record: recordOf(view, 'keep') })?.host_id, ID)
  })

  it('stays as it was first seen', () => {
    const record = recordOf(view, 'keep')
    const later: NodeView = { ...view, node: null, volumes: [], places: [], record }
    assert.deepEqual(recordOf(later, 'keep'), record)
    assert.equal(recordOf(later, 'lost').data, 'lost')
  })

  it('tells volumes that were made anew from those that are to be given up', () => {
    const record = recordOf(view, 'lost')
    const volume = (uid: string) => ({ ...view.volumes[0]!, claim: { ...view.volumes[0]!.claim, uid } })
    assert.equal(isRemade(record, view), false)
    assert.equal(isRemade(record, { ...view, volumes: [] }), false)
    assert.equal(isRemade(record, { ...view, volumes: [volume('2')] }), true)
  })

  it('knows a Node that the machine itself has made since then', () => {
    const record = recordOf(view, 'keep')
    const node = { ...view.node!, uid: 'new', machine_id: 'machine-2' }
    assert.equal(hasJoined({ ...view, record, node }, 'machine-2'), true)
    assert.equal(hasJoined({ ...view, record, node }, 'machine-3'), false)
    assert.equal(hasJoined({ ...view, record }, 'machine-1'), false)
    assert.equal(hasJoined({ ...view, node }, 'machine-2'), false)
  })

  it('is read again from what the cluster holds', () => {
    const record = recordOf({ ...view, node: { ...view.node!, labels: { note: "it's" } } }, 'keep')
    const written = /^ {2}record: '(.*)'$/m.exec(recordText('rpi14', record))?.[1]?.replaceAll("''", "'")
    const text = [
      JSON.stringify({ items: [] }),
      '=> password',
      '=> record',
      written,
      '=> health',
      'ok',
      '',
    ].join('\n')
    const fact = nodeViewProbe('rpi14', 'rpi01').parse({ code: 0, stdout: Buffer.from(text), stderr: '' })
    assert.deepEqual(fact.found?.record, record)
    assert.equal(fact.found?.node, null)
    assert.equal(fact.found?.ring, null)
  })
})

describe('the view of a node', () => {
  const objects = {
    items: [
      {
        kind: 'Node',
        metadata: {
          name: 'rpi14',
          uid: 'n',
          labels: {
            'kubernetes.io/hostname': 'rpi14',
            'node.kubernetes.io/instance-type': 'k3s',
            disk: 'fast',
          },
          annotations: {
            'flannel.alpha.coreos.com/public-ip': '1',
            'k3s.io/internal-ip': '1',
            owner: 'jose',
          },
        },
        spec: {
          taints: [
            { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
            { key: 'db', effect: 'NoSchedule' },
          ],
        },
        status: { conditions: [{ type: 'Ready', status: 'Unknown' }] },
      },
      {
        kind: 'PersistentVolume',
        metadata: { name: 'pvc-1', uid: 'v' },
        spec: {
          local: { path: VOLUME },
          claimRef: { namespace: 'default', name: 'data-cassandra-1', uid: '1' },
          nodeAffinity: {
            required: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['rpi14'] }] },
              ],
            },
          },
        },
      },
      {
        kind: 'StatefulSet',
        metadata: { name: 'cassandra', namespace: 'default', uid: 's' },
        spec: {
          replicas: 2,
          volumeClaimTemplates: [{ metadata: { name: 'data' } }],
          template: {
            metadata: { labels: { app: 'cassandra' } },
            spec: {
              containers: [
                {
                  env: [
                    { name: 'CASSANDRA_SEEDS', value: 'cassandra-1.cassandra.default.svc.cluster.local' },
                  ],
                },
              ],
            },
          },
        },
      },
    ],
  }
  const keyspaces = [
    ' keyspace_name | replication',
    "        system | {'class': 'org.apache.cassandra.locator.LocalStrategy'}",
    "          ycsb | {'class': 'org.apache.cassandra.locator.SimpleStrategy', 'replication_factor': '3'}",
    "         multi | {'class': 'org.apache.cassandra.locator.NetworkTopologyStrategy', 'dc1': '3', 'dc2': '1'}",
  ]
  const text = [
    JSON.stringify(objects),
    '=> password',
    'secret/x',
    '=> health',
    'ok',
    '=> keyspaces',
    ...keyspaces,
    '',
  ].join('\n')
  const found = nodeViewProbe('rpi14', 'rpi01').parse({ code: 0, stdout: Buffer.from(text), stderr: '' })
    .found!

  it('leaves out what k3s sets by itself', () => {
    assert.deepEqual(found.node?.labels, { disk: 'fast' })
    assert.deepEqual(found.node?.annotations, { owner: 'jose' })
    assert.deepEqual(found.node?.taints, [{ key: 'db', value: '', effect: 'NoSchedule' }])
  })

  it('finds the member by its volume, though no pod is there', () => {
    assert.deepEqual(
      found.places.map(({ pod, member: isMember, seed }) => [pod, isMember, seed]),
      [['cassandra-1', true, true]],
    )
    assert.deepEqual(
      found.volumes.map(({ path }) => path),
      [VOLUME],
    )
    assert.equal(found.password, true)
  })

  it('counts the copies where there are fewest', () => {
    assert.deepEqual(found.keyspaces, [
      { name: 'ycsb', copies: 3 },
      { name: 'multi', copies: 1 },
    ])
  })
})
