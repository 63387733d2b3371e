import type { Become } from '../core/host.ts'
import type { Probes } from '../core/task.ts'
import type { Play } from '../load/program.ts'
import { bindAhead, looksLate, type Site } from './binding.ts'
import { FACTS, hostProbe } from '../probe/host.ts'
import type { RunContext } from './context.ts'
import type { Look } from './observe.ts'
import type { Session } from './session.ts'

export function looksOf(probes: Probes, become: Become): Look[] {
  return Object.values(probes).map((probe) => ({ probe, become }))
}

/** What the steps of a play from that number on will look at, so that it travels in one flight with the next look. */
export function looksFrom(session: Session, play: Play, number: number, run: RunContext): Look[] {
  const steps = play.steps.filter((step) => step.number >= number)
  return steps.flatMap((step) => stepLooks({ step, play, session, run }))
}

/** What the rest of the play will look at, this step's other items included. */
export function looksAhead({ session, play, step, run }: Site): Look[] {
  return looksFrom(session, play, step.number, run)
}

/** What all plays that a host takes part in will look at. */
export function looksOfProgram(session: Session, run: RunContext): Look[] {
  const plays = run.program.plays.filter((play) => play.hosts.includes(session.host.name))
  return plays.flatMap((play) => looksFrom(session, play, 1, run))
}

function stepLooks(site: Site): Look[] {
  return bindAhead(site).flatMap((bound) => {
    const facts =
      bound.state === 'late' && bound.missing.some(({ name }) => name === FACTS)
        ? [hostLook(site.session)]
        : []
    try {
      const looks = looksOf(site.step.task.probes(bound.args), site.step.become)
      return [...facts, ...looks.filter(({ probe }) => isKnown(probe))]
    } catch {
      // The task can't say what to look at before its arguments are known.
      return facts
    }
  })
}

/** Anybody may see it; with the privilege of the other looks it needs no shell of its own. */
export function hostLook(session: Session): Look {
  return { probe: hostProbe, become: session.root }
}

function isKnown({ key, script }: Look['probe']): boolean {
  return !looksLate(key, typeof script === 'string' ? script : script.subject)
}
