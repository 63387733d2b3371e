import { homedir } from 'node:os'
import { join } from 'node:path'
import { labPlaces } from '../../lab/places.ts'
import { EXIT_CODES } from '../../core/exitcodes.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Verdict } from '../../probe/rebuildwish.ts'
import { coloursFor } from '../../render/colour.ts'
import { agree, notAgreed, tell } from '../agreement.ts'
import type { HostLook } from './onhost.ts'
import { judgementText, keyLines, keyQuestion } from './report.ts'
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

/** Tells a verdict and asks whether it is to be carried out; gives the exit code where it ends here. */
export async function endOf(
  { title, verdict, question }: { title: string; verdict: Verdict; question: string },
  look: HostLook<unknown>,
  name: string,
  flags: RebuildFlags,
): Promise<number | undefined> {
  const colours = coloursFor(flags.output === 'json' ? process.stderr : process.stdout)
  const judgement = { title, host: name, verdict, beside: absentLines(look, name) }
  tell(
    judgementText(judgement, { looks: [{ ms: look.ms, roundTrips: { [name]: look.roundTrips } }] }, colours),
    flags,
  )
  if (verdict.healthy) return EXIT_CODES.ok
  if (verdict.refusals.length > 0) return EXIT_CODES.failed
  if (flags.check) return EXIT_CODES.pending
  if (look.seen === null) return EXIT_CODES.unreachable
  return (await agree(question, flags)) ? undefined : notAgreed()
}

/** What to do where the machine was not looked at. */
function absentLines({ seen, why, newKey }: HostLook<unknown>, name: string): string[] {
  if (seen !== null) return []
  if (newKey !== undefined)
    return [...keyLines(newKey), '  its key is not agreed to, so nobody has logged in to look']
  return [
    `  ${why?.message ?? `${name} does not answer`}`,
    '  flash its SD card with the same name, user and key, plug its SSD in, switch it on, and run this again',
  ]
}

/** Whether the host is back is for another look to tell, not for the run. */
export async function conclude(
  code: number,
  name: string,
  flags: RebuildFlags,
  judgeAgain: () => Promise<Verdict>,
): Promise<number> {
  // One that others could not be reached for may be back all the same.
  if (code !== EXIT_CODES.ok && code !== EXIT_CODES.unreachable) {
    tell(`${name} is not done; run the same command again: it goes on from there`, flags)
    return code
  }
  const { healthy, found } = await judgeAgain()
  const lines = found.map((one) => `  ${one}`)
  tell([healthy ? `${name} is back` : `${name} is not as it should be after all`, ...lines].join('\n'), flags)
  return healthy ? code : EXIT_CODES.failed
}

/** Says that a backup did not reach its host; gives the exit code. */
export function sendFailed({ why }: HostLook<unknown>, name: string): number {
  process.stderr.write(`error: ${why?.message ?? name}\n  hint: run it again: it goes on where it was\n`)
  return EXIT_CODES.unreachable
}

/** The file in which this machine knows the keys of hosts. */
function knownHostsFile({ lab }: Pick<RebuildFlags, 'lab'>): string {
  return lab ? labPlaces().knownHostsFile : join(homedir(), '.ssh/known_hosts')
}

/** Flags of the run that follows: nothing is asked again, and the key that was agreed to is taken. */
export function runFlagsOf(flags: RebuildFlags, name: string, vars: JsonObject, hostKey = '') {
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
