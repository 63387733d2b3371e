import group from '../../tasks/group.ts'
import { testArguments, testTask } from './law.ts'

testTask(group, [
  {
    it: 'is content',
    args: { name: 'web' },
    facts: { group: { gid: 33 } },
    changes: [],
    result: { gid: 33 },
  },
  {
    it: 'creates a group',
    args: { name: 'web' },
    facts: { group: null },
    changes: [{ summary: 'create group web', effects: [{ key: 'group:web', value: { gid: null } }] }],
  },
  {
    it: 'creates a system group of a number',
    args: { name: 'web', gid: 990, system: true },
    facts: { group: null },
    changes: [
      {
        actions: [
          {
            do: 'run',
            script: 'groupadd -g 990 -r -- web',
            meaning: {
              4: 'the number is taken by another group',
              8: 'it is the primary group of a user',
              9: 'a group of that name exists',
              10: '/etc/group could not be changed',
            },
          },
        ],
      },
    ],
  },
  {
    it: 'changes the number',
    args: { name: 'web', gid: 34 },
    facts: { group: { gid: 33 } },
    changes: [{ summary: 'change group web: gid 34 (was 33)' }],
  },
  {
    it: 'removes a group',
    args: { name: 'web', state: 'absent' },
    facts: { group: { gid: 33 } },
    changes: [{ summary: 'remove group web', effects: [{ key: 'group:web', value: null }] }],
  },
  {
    it: 'has nothing to remove',
    args: { name: 'web', state: 'absent' },
    facts: { group: null },
    changes: [],
  },
  {
    it: 'does not remove root',
    args: { name: 'root', state: 'absent' },
    facts: { group: { gid: 0 } },
    refuses: /^the group root is not removed$/,
  },
])
testArguments(group, { 'no name': {}, 'a name with a blank': { name: 'a b' } })
