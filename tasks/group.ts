import { quoteAll, sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { type GroupFact, groupProbe } from '../src/probe/accounts.ts'
import { accountName } from '../src/probe/arguments.ts'

export default defineTask({
  name: 'group',
  summary: 'Creates, changes or removes a group of users.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: { ...accountName, description: 'Name of the group.' },
      state: {
        enum: ['present', 'absent'],
        default: 'present',
        description: 'Whether the group is to exist.',
      },
      gid: {
        type: 'integer',
        minimum: 0,
        description: 'Number of the group; the host chooses one when absent.',
      },
      system: {
        type: 'boolean',
        default: false,
        description: 'Create it as a system group, with a low number.',
      },
    },
  },
  example: `- name: Who may deploy
  group:
    name: deploy
`,
  returns: { gid: { type: 'integer', description: 'Number of the group.' } },
  probes: ({ name }) => ({ group: groupProbe(name) }),
  plan({ name, state, gid, system }, { group }) {
    if (state === 'absent') return group === null ? [] : [remove(name)]
    if (group === null) return [create(name, gid, system)]
    return gid === undefined || gid === group.gid ? [] : [renumber(name, gid, group.gid)]
  },
  result: (_, { group }) => ({ gid: group?.gid ?? undefined }),
})

const MEANING = {
  4: 'the number is taken by another group',
  8: 'it is the primary group of a user',
  9: 'a group of that name exists',
  10: '/etc/group could not be changed',
}

function change(name: string, summary: string, script: string, after: GroupFact): Change {
  return {
    summary,
    actions: [{ do: 'run', script, meaning: MEANING }],
    effects: [effect(groupProbe(name), after)],
  }
}

function create(name: string, gid: number | undefined, system: boolean): Change {
  const words = [...(gid === undefined ? [] : ['-g', String(gid)]), ...(system ? ['-r'] : [])]
  const script = ['groupadd', quoteAll(words), '--', quoteAll([name])].filter((one) => one !== '').join(' ')
  return change(name, `create group ${name}`, script, { gid: gid ?? null })
}

function renumber(name: string, gid: number, old: number | null): Change {
  const script = sh`groupmod -g ${String(gid)} -- ${name}`
  return change(name, `change group ${name}: gid ${gid} (was ${old})`, script, { gid })
}

function remove(name: string): Change {
  if (name === 'root') throw new TaskError('the group root is not removed')
  return change(name, `remove group ${name}`, sh`groupdel -- ${name}`, null)
}
