import type { Diagnostic, Place } from '../../core/place.ts'

/** A step of a playbook, or a key of one, that may be written in Ansible's words; what became of it. */
export interface Spelling {
  place: Place
  /** As the user wrote it: ansible.builtin.apt, with_items. */
  written: string
  /** Our word for it; undefined: it does not carry over, and a diagnostic says why. */
  as?: string
  /** Of a step, and not of one of its keys: where it begins. */
  step?: Place
  /** Whether it is written in Ansible's words. */
  foreign: boolean
  /** What is not quite the same here. */
  notes: string[]
}

/** How a playbook that is written in Ansible's words fares here. */
export interface CarryOver {
  steps: number
  /** Steps without any mistake. */
  carried: number
  /** Each word that is understood, and how often it stands there. */
  words: { written: string; as: string; times: number }[]
  /** What runs, but not quite as in Ansible. */
  differs: { place: Place; written: string; note: string }[]
  /** Modules and keys that have no counterpart; the errors say what to write. */
  missing: { place: Place; written: string }[]
}

/** Undefined when nothing is written in Ansible's words. */
export function carryOver(all: Spelling[], errors: Diagnostic[]): CarryOver | undefined {
  const spellings = once(all)
  if (!spellings.some(({ foreign }) => foreign)) return undefined
  const steps = spellings.filter(({ step }) => step !== undefined)
  const spoilt = new Set(errors.map((error) => stepAt(steps, error.place)))
  return {
    steps: steps.length,
    carried: steps.filter((one) => one.as !== undefined && !spoilt.has(one)).length,
    words: wordsOf(spellings),
    differs: spellings.flatMap(({ place, written, notes }) =>
      notes.map((note) => ({ place, written, note })),
    ),
    missing: spellings
      .filter(({ as, foreign }) => as === undefined && foreign)
      .map(({ place, written }) => ({ place, written })),
  }
}

/** A role that is used twice is read twice. */
function once(spellings: Spelling[]): Spelling[] {
  const known = new Map(spellings.map((one) => [JSON.stringify([one.place, one.written]), one]))
  return [...known.values()]
}

function wordsOf(spellings: Spelling[]): CarryOver['words'] {
  const words = new Map<string, CarryOver['words'][number]>()
  for (const { written, as } of spellings) {
    if (as === undefined) continue
    const key = `${written} ${as}`
    words.set(key, { written, as, times: (words.get(key)?.times ?? 0) + 1 })
  }
  return [...words.values()]
}

/** The step that a mistake lies in: the last one that begins before it, unless it stands further left. */
function stepAt(steps: Spelling[], place: Place | undefined): Spelling | undefined {
  if (place === undefined) return undefined
  const before = steps.filter(({ step }) => step?.file === place.file && step.line <= place.line)
  const last = before.reduce<Spelling | undefined>(
    (found, one) => (found?.step && one.step && found.step.line > one.step.line ? found : one),
    undefined,
  )
  return last?.step && last.step.column <= place.column ? last : undefined
}
