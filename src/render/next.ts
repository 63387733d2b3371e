import { quoteAll } from '../base/shell.ts'
import type { RunReport } from './report.ts'
import { hostRange } from './text.ts'

export interface NextStep {
  /** Why one would do it. */
  purpose: string
  command: string
}

const checkFlags = ['-C', '--check', '--dry-run']
const limitFlags = ['-l', '--limit']
const inventoryFlags = ['-i', '--inventory']
const variableFlags = ['-e', '--extra-vars']

/** What to do after a run. `argv` are the words the user typed after `provision`, or after what he calls it by. */
export function nextSteps(report: RunReport, argv: string[], command = 'provision'): NextStep[] {
  return stepsAfter(report, separate(argv)).map(({ purpose, words }) => ({
    purpose,
    command: `${command} ${quoteAll(withoutValues(words))}`,
  }))
}

interface Advice {
  purpose: string
  words: string[]
}

function stepsAfter(report: RunReport, typed: string[]): Advice[] {
  const lost = hostsIn(report, 'unreachable')
  const failed = [...hostsIn(report, 'failed'), ...lost]
  if (report.exitCode === 130 || report.exitCode === null)
    return [{ purpose: 'go on where it stopped', words: typed }]
  if (failed.length > 0) return afterFailure(report, failed, lost, typed)
  if (report.mode === 'check' && report.exitCode === 2)
    return [{ purpose: 'make these changes', words: withoutCheck(typed) }]
  const worked = Object.keys(report.hosts).length > 0
  return worked && report.mode === 'apply' && report.lab !== undefined ? tour(report, typed) : []
}

/** -CD are two flags in one word. */
function withoutCheck(typed: string[]): string[] {
  return typed
    .map((word) => (/^-[CDKv]{2,}$/.test(word) ? word.replaceAll('C', '') : word))
    .filter((word) => !checkFlags.includes(word))
}

/** Writes --flag=value and -fvalue as two words. */
function separate(argv: string[]): string[] {
  return argv.flatMap(
    (word) =>
      /^(--[\w-]+)=(.*)$|^(-[elitf])(.+)$/s
        .exec(word)
        ?.slice(1)
        .filter((part) => part !== undefined) ?? word,
  )
}

function hostsIn(report: RunReport, state: 'failed' | 'unreachable'): string[] {
  return Object.values(report.hosts).flatMap((host) => (host.state === state ? host.host : []))
}

function afterFailure(report: RunReport, failed: string[], lost: string[], typed: string[]): Advice[] {
  const reach = {
    purpose: 'see whether they can be reached',
    words: ['ping', pattern(lost), ...place(typed)],
  }
  const rest = typed.filter((_, at) => !isOf(limitFlags, typed, at))
  // Those that the run did not come to are to be worked on, too; and a rebuild takes no other hosts.
  const again =
    report.stopped !== undefined ||
    typed[0] === 'rebuild' ||
    failed.length === Object.keys(report.hosts).length
      ? { purpose: 'try again', words: typed }
      : { purpose: 'try again on these hosts only', words: [...rest, '--limit', pattern(failed)] }
  return [...(lost.length > 0 ? [reach] : []), again]
}

/** Hosts as a pattern: "rpicloud,rpi[01:14]". */
function pattern(hosts: string[]): string {
  return hostRange(hosts).replaceAll(' ', '')
}

/** Which hosts are meant: the inventory, and whether those of the lab. */
function place(typed: string[]): string[] {
  return typed.filter((word, at) => word === '--lab' || isOf(inventoryFlags, typed, at))
}

/** Whether the word is one of these flags or the value of one. */
function isOf(flags: string[], typed: string[], at: number): boolean {
  return flags.includes(typed[at]!) || flags.includes(typed[at - 1]!)
}

function tour(report: RunReport, typed: string[]): Advice[] {
  const hosts = Object.keys(report.hosts)
  return [
    { purpose: 'see that nothing is left to do', words: [...typed, '--check'] },
    { purpose: 'ask all hosts something', words: ['exec', 'all', ...place(typed), '--', 'uptime'] },
    { purpose: 'look around on one of them', words: ['lab', 'ssh', hosts[1] ?? hosts[0]!] },
  ]
}

/** Values given by -e may be secrets and are left for the user to fill in. */
function withoutValues(words: string[]): string[] {
  return words.map((word, at) => (variableFlags.includes(words[at - 1]!) ? hideValue(word) : word))
}

function hideValue(word: string): string {
  return word.startsWith('@') ? word : word.replace(/=.*$/s, '=...')
}
