import { quoteAll } from '../base/shell.ts'
import type { RunReport } from './report.ts'

export interface NextStep {
  /** Why one would do it. */
  purpose: string
  command: string
}

const checkFlags = ['--check', '--dry-run']
const limitFlags = ['-l', '--limit']
const inventoryFlags = ['-i', '--inventory']
const variableFlags = ['-e', '--extra-vars']

/** What to do after a run. `argv` are the words the user typed after `provision`. */
export function nextSteps(report: RunReport, argv: string[]): NextStep[] {
  const typed = separate(argv)
  const lost = hostsIn(report, 'unreachable')
  const failed = [...hostsIn(report, 'failed'), ...lost]
  if (report.exitCode === 130 || report.exitCode === null)
    return [{ purpose: 'go on where it stopped', command: provision(typed) }]
  if (failed.length > 0) return afterFailure(failed, lost, typed)
  if (report.mode === 'check' && report.exitCode === 2)
    return [
      {
        purpose: 'make these changes',
        command: provision(typed.filter((word) => !checkFlags.includes(word))),
      },
    ]
  return report.mode === 'apply' && report.lab !== undefined ? tour(report) : []
}

/** Writes --flag=value and -fvalue as two words. */
function separate(argv: string[]): string[] {
  return argv.flatMap(
    (word) =>
      /^(--[\w-]+)=(.*)$|^(-[elit])(.+)$/s
        .exec(word)
        ?.slice(1)
        .filter((part) => part !== undefined) ?? word,
  )
}

function hostsIn(report: RunReport, state: 'failed' | 'unreachable'): string[] {
  return Object.values(report.hosts).flatMap((host) => (host.state === state ? host.host : []))
}

function afterFailure(failed: string[], lost: string[], typed: string[]): NextStep[] {
  const where = typed.filter((word, at) => word === '--lab' || isOf(inventoryFlags, typed, at))
  const reach = {
    purpose: 'see whether they can be reached',
    command: provision(['ping', lost.join(','), ...where]),
  }
  const rest = typed.filter((_, at) => !isOf(limitFlags, typed, at))
  const again = provision([...rest, '--limit', failed.join(',')])
  return [...(lost.length > 0 ? [reach] : []), { purpose: 'try again on these hosts only', command: again }]
}

/** Whether the word is one of these flags or the value of one. */
function isOf(flags: string[], typed: string[], at: number): boolean {
  return flags.includes(typed[at]!) || flags.includes(typed[at - 1]!)
}

function tour(report: RunReport): NextStep[] {
  const hosts = Object.keys(report.hosts)
  return [
    { purpose: 'see that nothing is left to do', command: provision([report.playbook, '--lab', '--check']) },
    { purpose: 'ask all hosts something', command: provision(['exec', 'all', '--lab', '--', 'uptime']) },
    { purpose: 'look around on one of them', command: provision(['lab', 'ssh', hosts[1] ?? hosts[0]!]) },
  ]
}

/** The command as one would type it. Values given by -e may be secrets and are left for the user to fill in. */
function provision(words: string[]): string {
  return `provision ${quoteAll(words.map((word, at) => (variableFlags.includes(words[at - 1]!) ? hideValue(word) : word)))}`
}

function hideValue(word: string): string {
  return word.startsWith('@') ? word : word.replace(/=.*$/s, '=...')
}
