import type { Play } from '../load/program.ts'
import type { Course } from './batch.ts'

/** Why a run goes no further after a batch; undefined when it does. `count` is that of the play's batches. */
export function whyStop(
  play: Play,
  hosts: string[],
  { number, count }: { number: number; count: number },
  { run, states }: Course,
): string | undefined {
  if (run.halted !== undefined) return run.halted
  const lost = hosts.filter((host) => ['failed', 'unreachable'].includes(states.get(host) ?? ''))
  if (lost.length === 0) return undefined
  const batch = count === 1 ? 'the hosts' : `batch ${number} of ${count}`
  const share = `${lost.length} of ${hosts.length} failed in ${batch}`
  const gated = lost.filter((host) => run.gated.has(`${play.index} ${host}`))
  if (gated.length > 0) return `the gate does not hold on ${gated.join(', ')}`
  const most = play.maxFailPercentage
  if (most !== undefined && (lost.length * 100) / hosts.length > most)
    return `${share}, more than the ${most}% of max_fail_percentage`
  // Going on like this would take down one batch after the other.
  if (count > 1 && lost.length === hosts.length) return `all hosts of ${batch} failed`
  return undefined
}
