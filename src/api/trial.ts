import { isDeepStrictEqual } from 'node:util'
import { freeze } from '../base/freeze.ts'
import type { Json } from '../core/json.ts'
import type { Args, ArgsSchema, Change, Facts, Probes, Task } from '../core/task.ts'

/**
 * Plans without a host, and makes sure of the laws that hold for every task: it changes nothing that it is given, the
 * same facts give the same plan, changes are plain data, and after its own effects it plans nothing. `args` is what the
 * task gets, defaults included. Returns the changes. Throws an Error that names the broken law; the task's own TaskError.
 */
export function checkTask<S extends ArgsSchema, P extends Probes>(
  task: Task<S, P>,
  { args, facts }: { args: Args<S>; facts: Facts<P> },
): Change[] {
  freeze(args)
  freeze(facts)
  const changes = task.plan(args, facts)
  const broken = lawBroken(task, args, facts, changes)
  if (broken !== undefined) throw new Error(`task ${task.name}: ${broken}`)
  return changes
}

function lawBroken(
  task: Task,
  args: unknown,
  facts: Record<string, Json>,
  changes: Change[],
): string | undefined {
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(changes)), changes)) return 'changes must be plain data'
  if (!isDeepStrictEqual(task.plan(args, facts), changes)) return 'the same facts must give the same plan'
  const bare = changes.find((change) => change.actions.length === 0)
  if (bare !== undefined) return `'${bare.summary}' has no action that would make it so`
  const left = task.plan(args, factsAfter(task, args, facts, changes)).find((change) => !change.repeats)
  return left && `after its own effects it must plan nothing, but it would '${left.summary}'`
}

/** What a check takes for the facts once the changes are made. */
function factsAfter(
  task: Task,
  args: unknown,
  facts: Record<string, Json>,
  changes: Change[],
): Record<string, Json> {
  const after = { ...facts }
  const probes = Object.entries(task.probes(args) as Probes)
  for (const { key, value } of changes.flatMap(({ effects }) => effects))
    for (const [name, probe] of probes) if (probe.key === key) after[name] = value
  return after
}
