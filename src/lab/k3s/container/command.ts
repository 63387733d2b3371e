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
  if (!isEntered && (standIn.role === 'shell' || exists(command[0] ?? ''))) return [...command, ...args]
  if (isEntered && standIn.role === 'shell')
    return args.length > 0 ? args : container.stdin === true ? ['/bin/sh'] : ['/bin/sh', '-c', ':']
  return idle
}
