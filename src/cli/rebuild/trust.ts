import { homedir } from 'node:os'
import { join } from 'node:path'
import { labPlaces } from '../../lab/places.ts'
import { agree } from '../agreement.ts'
import type { HostLook } from './onhost.ts'
import { keyLines, keyQuestion } from './report.ts'
import type { RebuildFlags } from './target.ts'

/** Looks, and where the host shows another key than before once more after the user has agreed to it; undefined when he has not. */
export async function lookOnceTrusted<T>(
  name: string,
  flags: RebuildFlags,
  look: (trusted?: string) => Promise<HostLook<T>>,
): Promise<HostLook<T> | undefined> {
  const first = await look()
  if (first.newKey === undefined) return first
  if (await agree(keyQuestion(name, first.newKey), flags)) return look(first.newKey.key)
  return flags.check ? first : undefined
}

/** What to do where the machine was not looked at. */
export function absentLines({ seen, why, newKey }: HostLook<unknown>, name: string): string[] {
  if (seen !== null) return []
  if (newKey !== undefined)
    return [...keyLines(newKey), '  its key is not agreed to, so nobody has logged in to look']
  return [
    `  ${why?.message ?? `${name} does not answer`}`,
    '  flash its SD card with the same name, user and key, plug its SSD in, switch it on, and run this again',
  ]
}

/** The file in which this machine knows the keys of hosts. */
export function knownHostsFile({ lab }: Pick<RebuildFlags, 'lab'>): string {
  return lab ? labPlaces().knownHostsFile : join(homedir(), '.ssh/known_hosts')
}

/** Flags of the run that follows: nothing is asked again, and the key that was agreed to is taken. */
export function runFlagsOf(flags: RebuildFlags, name: string, vars: Record<string, string>, hostKey = '') {
  return {
    ...flags,
    onHostKey: (shown: { host: string; key: string }): boolean =>
      shown.host === name && shown.key === hostKey,
    check: false,
    yes: true,
    tags: [],
    skipTags: [],
    forks: 10,
    extraVars: [JSON.stringify({ ...vars, host_key: hostKey, known_hosts: knownHostsFile(flags) })],
  }
}
