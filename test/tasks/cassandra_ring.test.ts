import assert from 'node:assert/strict'
import { ringProbe, type RingView } from '../../src/probe/ring.ts'
import cassandra_ring from '../../tasks/cassandra_ring.ts'
import { testArguments, testTask } from './law.ts'

const pod = (at: number, more: object = {}) => ({
  name: `cassandra-${at}`,
  ip: `10.42.${at}.7`,
  node: `rpi0${at + 1}`,
  ready: true,
  ...more,
})
const member = (at: number, state = 'UN') => ({
  state,
  address: `10.42.${at}.7`,
  load: '70.24 KiB',
  host_id: `0ab13a52-9b06-406b-b6b4-e40c74155${at}af`,
  rack: 'rack1',
})
const view = (from: number, ...members: object[]) => ({
  pod: `cassandra-${from}`,
  datacenter: 'datacenter1',
  members: members as ReturnType<typeof member>[],
})
const seen = (found: RingView) => ({ ring: { state: 'seen' as const, found } })
const pods = [pod(0), pod(1)]
const whole = { pods, views: [view(0, member(0), member(1)), view(1, member(1), member(0))] }

testTask(cassandra_ring, [
  {
    it: 'has nothing to wait for when two members agree that all are up',
    args: { size: 2 },
    facts: seen(whole),
    changes: [],
    result: {
      members: [
        { ...member(0), pod: 'cassandra-0', node: 'rpi01' },
        { ...member(1), pod: 'cassandra-1', node: 'rpi02' },
      ],
      datacenter: 'datacenter1',
    },
  },
  {
    it: 'waits for pods that are missing',
    args: { size: 3 },
    facts: seen(whole),
    changes: [{ summary: 'wait until the ring has 3 members up (2 of 3 pods)' }],
  },
  {
    it: 'waits while one is joining',
    args: { size: 2 },
    facts: seen({ pods, views: [view(0, member(0), member(1, 'UJ'))] }),
    changes: [{ summary: 'wait until the ring has 2 members up (cassandra-0 sees 1 of 2 members up)' }],
  },
  {
    it: 'does not trust one view alone',
    args: { size: 2 },
    facts: seen({ pods, views: [whole.views[0]!, view(1, member(1), member(0, 'DN'))] }),
    changes: [{ summary: 'wait until the ring has 2 members up (cassandra-1 sees 1 of 2 members up)' }],
  },
  {
    it: 'counts no member that is not at the address of a pod',
    args: { size: 2 },
    facts: seen({ pods: [pod(0), pod(1, { ip: '10.42.9.9' })], views: whole.views }),
    changes: [{ summary: 'wait until the ring has 2 members up (cassandra-0 sees 1 of 2 members up)' }],
  },
  {
    it: 'waits while no pod can be asked',
    args: { size: 2 },
    facts: seen({ pods, views: [] }),
    changes: [{ summary: 'wait until the ring has 2 members up (no pod is ready)' }],
  },
  {
    it: 'waits for a pod that is not ready, though the ring has it',
    args: { size: 2 },
    facts: seen({ pods: [pod(0), pod(1, { ready: false })], views: whole.views }),
    changes: [{ summary: 'wait until the ring has 2 members up (cassandra-1 is not ready)' }],
  },
  {
    it: 'refuses two members on one node',
    args: { size: 2 },
    facts: seen({ pods: [pod(0), pod(1, { node: 'rpi01' })], views: whole.views }),
    refuses: /cassandra-0 and cassandra-1 both run on rpi01/,
  },
  {
    it: 'lets them be there when told so',
    args: { size: 2, spread: false },
    facts: seen({ pods: [pod(0), pod(1, { node: 'rpi01' })], views: whole.views }),
    changes: [],
  },
  {
    it: 'leaves the waiting to the steps that make the cluster when there is none',
    args: { size: 2 },
    facts: { ring: { state: 'absent', found: null } },
    changes: [],
  },
])

testArguments(cassandra_ring, { 'no size': {}, 'an empty ring': { size: 0 } })

describe('the ring', () => {
  const probe = ringProbe({ namespace: 'default', labels: 'app=cassandra', container: 'cassandra' })
  const output = (stdout: string) => ({ code: 0, stdout: Buffer.from(stdout), stderr: '' })

  it('is read as nodetool prints it', () => {
    const text = [
      'cassandra-0\t10.42.1.25\trpi05\tTrue',
      'cassandra-1\t\t\t',
      '== cassandra-0',
      'Datacenter: datacenter1',
      '=======================',
      'Status=Up/Down',
      '|/ State=Normal/Leaving/Joining/Moving',
      '--  Address      Load        Tokens  Owns (effective)  Host ID                               Rack ',
      'UN  10.42.1.25   70.25 KiB   16      15.8%             9556c5c6-516b-41bf-b6b6-433cd576f0bc  rack1',
      'DN  10.42.24.23  ?           16      ?                 9411c879-b3ed-4ff8-bd32-cbeb9d6ff32a  rack1',
      '',
      "Note: Non-system keyspaces don't have the same replication settings, effective ownership information is meaningless",
    ]
    const { found } = probe.parse(output(`${text.join('\n')}\n`))
    assert.deepEqual(found, {
      pods: [
        { name: 'cassandra-0', ip: '10.42.1.25', node: 'rpi05', ready: true },
        { name: 'cassandra-1', ip: '', node: '', ready: false },
      ],
      views: [
        {
          pod: 'cassandra-0',
          datacenter: 'datacenter1',
          members: [
            {
              state: 'UN',
              address: '10.42.1.25',
              load: '70.25 KiB',
              host_id: '9556c5c6-516b-41bf-b6b6-433cd576f0bc',
              rack: 'rack1',
            },
            {
              state: 'DN',
              address: '10.42.24.23',
              load: '?',
              host_id: '9411c879-b3ed-4ff8-bd32-cbeb9d6ff32a',
              rack: 'rack1',
            },
          ],
        },
      ],
    })
  })

  it('says when a member could not be asked', () => {
    const { found } = probe.parse(
      output('cassandra-0\t10.42.1.25\trpi05\tTrue\n== cassandra-0\n!! exit code 1\n'),
    )
    assert.deepEqual((found as RingView).views, [{ pod: 'cassandra-0', datacenter: '', members: [] }])
  })

  it('takes no other output for a ring', () => {
    assert.throws(
      () => probe.parse(output('cassandra-0\t1\t2\tTrue\n== cassandra-0\nsomething else\n')),
      /nothing that is known/,
    )
  })
})
