import type { Value } from '../api/object.ts'
import { expand } from './environment.ts'
import type { StandIn } from './standins.ts'

/** Ends as the agent tells it to with a signal: its exit codes are those of Cassandra. */
const daemon = [
  '/bin/sh',
  '-c',
  'trap "exit 143" TERM; trap "exit 1" USR1; trap "exit 3" USR2; sleep infinity & wait',
]

const idle = ['/bin/sh', '-c', 'trap "exit 0" TERM; sleep infinity & wait']

/** Waits for `kubectl attach`, which runs the real command and then tells how it ended. */
const awaiting = [
  '/bin/sh',
  '-c',
  'trap "exit 143" TERM; trap "exit \\$(cat /run/simulated/exit)" USR1; while :; do sleep 3600 & wait; done',
]

/** What an attached client of the container runs. */
export function attachedCommand(container: Value): string[] {
  const words: string[] = [...(container.command ?? []), ...(container.args ?? [])]
  return words.length > 0 ? words : ['/bin/sh']
}

/**
 * What a container runs: the command of its spec where the lab has such programs, otherwise nothing but waiting.
 * `exists` tells whether a program is there.
 */
export function commandOf(
  container: Value,
  standIn: StandIn,
  env: Record<string, string>,
  exists: (program: string) => boolean,
): string[] {
  const command: string[] = (container.command ?? []).map((word: string) => expand(word, env))
  const args: string[] = (container.args ?? []).map((word: string) => expand(word, env))
  const isEntered = command.length === 0
  if (standIn.role === 'cassandra' && (isEntered || /cassandra$|docker-entrypoint/.test(command[0] ?? '')))
    return daemon
  if (container.stdin === true && standIn.role !== 'cassandra') return awaiting
  if (!isEntered && (standIn.role === 'shell' || exists(command[0] ?? ''))) return [...command, ...args]
  if (isEntered && standIn.role === 'shell') return args.length > 0 ? args : ['/bin/sh', '-c', ':']
  return idle
}
