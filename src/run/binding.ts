import { TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import { type BindContext, type Bound, bind, type Missing, loopItems } from '../load/bind.ts'
import { isLate } from '../load/late.ts'
import type { Play, Step } from '../load/program.ts'
import { withSecrets } from '../load/secretlookup.ts'
import type { RunContext } from './context.ts'
import { readValue } from './foreign.ts'
import type { Session } from './session.ts'
import type { Use } from './step.ts'

/** Where a step is bound: one host in one play. */
export interface Site {
  step: Step
  play: Play
  session: Session
  run: RunContext
}

export function contextOf({ play, session, run }: Site, item?: Json): BindContext {
  return {
    program: run.program,
    play,
    host: session.host,
    live: run.values,
    check: run.mode === 'check',
    item,
  }
}

/** The arguments of a use, after waiting for the values of other hosts that they need. */
export async function bindNow(use: Use): Promise<Bound> {
  const { run, session, name } = use
  for (;;) {
    const bound = await withSecrets(() => bind(use.step, contextOf(use, use.item)))
    if (bound.state === 'ready' || bound.missing.length === 0) return known(bound, run)
    const [first] = bound.missing as [Missing]
    const message = `waiting for ${first.name} of ${first.host}`
    run.emit({ type: 'step-progress', host: session.host.name, step: name, message })
    await readValue(run, session, first)
  }
}

/** What only applying can tell is accepted in a check; in an apply it can't be. */
function known(bound: Bound, run: RunContext): Bound {
  if (bound.state === 'ready' || run.mode === 'check') return bound
  throw new TaskError('a value that this step needs never became known')
}

/** The items a step runs for; [undefined] for a step without a loop. */
export async function itemsNow(site: Site): Promise<(Json | undefined)[]> {
  if (site.step.loop === undefined) return [undefined]
  for (;;) {
    const loop = await withSecrets(() => loopItems(site.step, contextOf(site)))
    if (loop.state === 'ready') return loop.items
    const [first] = loop.missing
    if (first === undefined) return []
    await readValue(site.run, site.session, first)
  }
}

/** What a step would look at, as far as its arguments are known by now. Mistakes show when the step itself runs. */
export function bindAhead(site: Site): Bound[] {
  try {
    const loop = site.step.loop === undefined ? undefined : loopItems(site.step, contextOf(site))
    if (loop?.state === 'late') return []
    const items = loop === undefined ? [undefined] : loop.items
    return items.map((item) => bind(site.step, contextOf(site, item))).filter(({ when }) => when !== false)
  } catch {
    return []
  }
}

/** Whether a script can't be run yet because a value in it is not known. */
export function looksLate(...parts: string[]): boolean {
  return parts.some(isLate)
}
