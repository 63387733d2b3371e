import type { Change } from '../core/task.ts'
import { mayBeMade, needsOf, refusal } from '../probe/needs.ts'
import type { Seen } from './result.ts'

/** In a check: refuses changes that can't be made, for want of something that nothing planned before could make. */
export async function rehearse({ session, runAs }: Seen, planned: Change[]): Promise<void> {
  const keys = session.predictedKeys()
  const needs = planned.flatMap((change) => {
    const open = needsOf(change).filter((need) => !mayBeMade(need, keys))
    keys.push(...change.effects.map(({ key }) => key))
    return open.map((need) => ({ need, change, look: { probe: need.probe, ...runAs } }))
  })
  await session.look(needs.map(({ look }) => look))
  for (const { need, change, look } of needs) {
    const seen = session.fact(look)
    if (seen !== undefined && 'value' in seen && seen.value === null) throw refusal(need, change)
  }
}
