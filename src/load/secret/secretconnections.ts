import { isPlaceholder } from '../../base/redact.ts'
import { UsageError } from '../../core/errors.ts'
import { becomeOn, type Host } from '../../core/host.ts'
import type { Program } from '../program.ts'
import { LATE } from '../../core/late.ts'
import { secretText } from './secret.ts'
import { settleSecrets } from './secretlookup.ts'

/** Puts the secrets of connections, such as sudo passwords, in their places, as far as they have been looked up. */
export function revealConnections(hosts: Host[]): void {
  for (const { connection } of hosts)
    for (const [key, value] of Object.entries(connection)) {
      const text = typeof value === 'string' && isPlaceholder(value) ? secretText(value) : LATE
      if (text !== LATE) Object.assign(connection, { [key]: text })
    }
}

/** Hosts on which a step becomes another user, also those whose values may only be read. */
export function hostsThatBecome({ plays, inventory }: Program): Host[] {
  return [...inventory.hosts.values()].filter((host) =>
    plays.some(
      ({ everyHost, steps, handlers, gate }) =>
        everyHost.includes(host.name) &&
        [...steps, ...handlers, ...gate].some(({ become }) => becomeOn(host, become)),
    ),
  )
}

/** Looks up what the connections to those hosts need. Throws UsageError. */
export async function lookUpConnections(hosts: Host[]): Promise<void> {
  const reveal = (): [] => {
    revealConnections(hosts)
    return []
  }
  const problems = await settleSecrets(reveal, { sound: true })
  if (problems.length > 0) throw new UsageError(problems)
}
