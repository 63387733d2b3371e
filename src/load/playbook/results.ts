import { readConditions, readNumber } from './keyvalues.ts'
import type { Spot } from './spot.ts'
import { REPEATING_TASKS } from './keywords.ts'
import type { Retry } from '../program.ts'

/** How often and how long a step is tried again; undefined: once. */
export function readRetry(spot: Spot, pointer: string): Retry | undefined {
  const { reader } = spot
  const whole = (value: number): boolean => Number.isInteger(value) && value >= 1
  const retries = readNumber(spot, pointer, 'retries', {
    fits: whole,
    what: 'a whole number above 0',
    example: '3',
  })
  const delay = readNumber(spot, pointer, 'delay', {
    fits: (value) => value >= 0,
    what: 'a number of seconds',
    example: '5',
  })
  const backoff = readNumber(spot, pointer, 'backoff', {
    fits: (value) => value >= 1,
    what: 'a factor of at least 1',
    example: '2',
  })
  const [until, more] = readConditions(reader, pointer, 'until')
  if (more !== undefined)
    reader.problem(more.pointer, "'until' must be one expression", "join them with 'and'")
  if (reader.get(`${pointer}/retries`) === undefined && reader.get(`${pointer}/until`) === undefined) {
    for (const key of ['delay', 'backoff'])
      if (reader.get(`${pointer}/${key}`) !== undefined)
        reader.problem(`${pointer}/${key}#key`, `'${key}' needs 'retries' beside it`, 'write e.g. retries: 3')
    return undefined
  }
  return { until: until?.value, retries: retries ?? 3, delay: delay ?? 5, backoff: backoff ?? 1 }
}

/** What decides in the task's place whether it changed something, and whether it failed. */
export function readVerdicts(
  { reader }: Spot,
  pointer: string,
  task: string,
): { changedWhen: (string | boolean)[]; failedWhen: (string | boolean)[] } {
  const changed = readConditions(reader, pointer, 'changed_when')
  const failed = readConditions(reader, pointer, 'failed_when')
  if (reader.get(`${pointer}/changed_when`) !== undefined && !REPEATING_TASKS.includes(task)) {
    const hint = `remove it: ${task} looks at the host and knows; only ${REPEATING_TASKS.join(', ')} can be overruled`
    reader.problem(`${pointer}/changed_when#key`, `'changed_when' would make a dry run of ${task} lie`, hint)
  }
  return { changedWhen: changed.map(({ value }) => value), failedWhen: failed.map(({ value }) => value) }
}
