import cassandra_member from '../../tasks/cassandra_member.ts'
import { testTask } from './law.ts'

const ID = '6ea118bc-d38d-4be5-8c75-35d501edda7f'
const OTHER = '0ab13a52-9b06-406b-b6b4-e40c741550af'
const member = (state: string, address: string, host_id: string) => ({
  state,
  address,
  load: '?',
  host_id,
  rack: 'rack1',
})
const pods = [
  { name: 'cassandra-0', ip: '10.42.1.2', node: 'rpi01', ready: true },
  { name: 'cassandra-1', ip: '10.42.2.2', node: 'rpi02', ready: true },
]
const seen = (...members: ReturnType<typeof member>[]) => ({
  ring: {
    state: 'seen' as const,
    found: {
      pods,
      views: [
        {
          pod: 'cassandra-0',
          datacenter: 'datacenter1',
          members: [member('UN', '10.42.1.2', OTHER), ...members],
        },
      ],
    },
  },
})

testTask(cassandra_member, [
  {
    it: 'is content with a member that is up and the old one',
    args: { pod: 'cassandra-1', host_id: ID },
    facts: seen(member('UN', '10.42.2.2', ID)),
    changes: [],
    result: { host_id: ID },
  },
  {
    it: 'waits for one that is still down at its old address',
    args: { pod: 'cassandra-1', host_id: ID },
    facts: seen(member('DN', '10.42.2.9', ID)),
    changes: [{ summary: 'wait until cassandra-1 is up and normal in the ring' }],
  },
  {
    it: 'says that a member came back without its data',
    args: { pod: 'cassandra-1', host_id: ID },
    facts: seen(member('UN', '10.42.2.2', '9f4a580f-c14d-4bb0-8a32-bf5c208444f4')),
    refuses: /came back as a new member, 9f4a580f-.*and not as 6ea118bc-.*: it has not found its data/,
  },
  {
    it: 'takes a dead member out',
    args: { pod: 'cassandra-1', host_id: ID, state: 'absent' },
    facts: seen(member('DN', '10.42.2.9', ID)),
    changes: [{ summary: `remove cassandra-1 (${ID}, DN) from the ring: its share goes to the others` }],
  },
  {
    it: 'takes out one that is alive only after the others have seen it die',
    args: { pod: 'cassandra-1', host_id: ID, state: 'absent' },
    facts: seen(member('UN', '10.42.2.2', ID)),
    changes: [
      {
        summary: `remove cassandra-1 (${ID}, UN) from the ring once it is dead: its share goes to the others`,
      },
    ],
  },
  {
    it: 'has nothing to take out a second time',
    args: { pod: 'cassandra-1', host_id: ID, state: 'absent' },
    facts: seen(),
    changes: [],
  },
  {
    it: 'must know which one',
    args: { pod: 'cassandra-1', state: 'absent' },
    facts: seen(),
    refuses: /needs the member's host_id/,
  },
])
