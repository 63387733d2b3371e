import type { Change } from '../core/task.ts'
import { mayBeMade, type Need, needOf, needsOf, refusal } from '../probe/needs.ts'
import { type Look, lookOf } from './observe.ts'
import type { Seen } from './result.ts'

interface Wanted {
  need: Need
  change: Change
  look: Look
}

/** In a check: refuses changes that can't be made, for want of something that nothing planned before could make. */
export async function rehearse(seen: Seen, planned: Change[]): Promise<void> {
  const { session } = seen
  const keys = session.predictions.keys()
  const wanted = planned.flatMap((change) => {
    const open = wantedFor(change, seen).filter(
      ({ need, look }) => !mayBeMade(need, keys) && !session.predictions.isUnforeseen(look),
    )
    keys.push(...change.effects.map(({ key }) => key))
    return open
  })
  await session.look(wanted.map(({ look }) => look))
  for (const { need, change, look } of wanted) {
    const fact = session.fact(look)
    if (fact !== undefined && 'value' in fact && fact.value !== true)
      throw refusal(need, change, fact.value as string | null)
  }
}

/** Whether there may be a user of that name by the time a step becomes it. */
export function mayBecome(user: string, { session }: Seen): boolean {
  return mayBeMade(needOf('owner', user), session.predictions.keys())
}

function wantedFor(change: Change, { session, runAs }: Seen): Wanted[] {
  const wanted = needsOf(change).map((need) => ({ need, change, look: lookOf(need.probe, runAs) }))
  if (typeof runAs.become !== 'string') return wanted
  const need = needOf('owner', runAs.become)
  return [{ need, change, look: lookOf(need.probe, { become: session.root, exports: '' }) }, ...wanted]
}
