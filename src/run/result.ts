import { CommandError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Change, Probes } from '../core/task.ts'
import type { Bound } from '../load/bind.ts'
import { LATE } from '../core/late.ts'
import type { Step } from '../load/program.ts'
import { factsOf, type RunAs } from './observe.ts'
import type { Session } from './session.ts'

type Result = Record<string, Json>

/** What a step is looked at and planned with. */
export interface Seen {
  step: Step
  bound: Bound
  probes: Probes
  runAs: RunAs
  /** Of the host that it runs on. */
  session: Session
}

/** The register of a step; what only applying can tell is marked so. */
export function resultOf(seen: Seen, planned: Change[], mode: 'apply' | 'check'): Result {
  const { step, bound, probes, runAs, session } = seen
  const flags = { changed: planned.length > 0, failed: false, skipped: false }
  // Only where a failure does not end it, anything that follows sees whether it failed.
  const mayFail = mode === 'check' && planned.length > 0 && step.ignoreErrors
  const failure: Result = mayFail ? { failed: LATE, msg: LATE } : {}
  if (step.task.result === undefined) return { ...flags, ...failure }
  const facts = factsOf(probes, runAs, session)
  const own = Object.entries(step.task.result(bound.args, facts) as Record<string, Json | undefined>)
  return { ...Object.fromEntries(own.map(([key, value]) => [key, value ?? LATE])), ...flags, ...failure }
}

/** The register of a step that failed: the error's words, what a command printed, and what is known beside. */
export function failedResult(error: unknown, planned: Change[] = [], seen?: Seen): Result {
  const known = Object.entries(seen === undefined ? {} : attempt(seen)).filter(([, value]) => value !== LATE)
  const printed: Result =
    error instanceof CommandError
      ? { rc: error.code, stdout: withoutEnd(error.stdout ?? ''), stderr: withoutEnd(error.stderr) }
      : {}
  const msg = error instanceof Error ? error.message : String(error)
  const flags = { changed: planned.length > 0, failed: true, skipped: false }
  return { ...Object.fromEntries(known), ...printed, msg, ...flags }
}

function attempt(seen: Seen): Result {
  try {
    return resultOf(seen, [], 'apply')
  } catch {
    return {}
  }
}

function withoutEnd(text: string): string {
  return text.replace(/\n$/, '')
}
