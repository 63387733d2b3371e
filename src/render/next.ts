import { quoteAll } from '../base/shell.ts'
import type { RunReport } from './report.ts'

export interface NextStep {
  /** Why one would do it. */
  purpose: string
  command: string
}

/** What to do after a run. `argv` are the words the user typed after `provision`. */
export function nextSteps(report: RunReport, argv: string[]): NextStep[] {
  const lost = hostsIn(report, 'unreachable')
  const failed = [...hostsIn(report, 'failed'), ...lost]
  if (report.exitCode === 130 || report.exitCode === null)
    return [{ purpose: 'go on where it stopped', command: provision(argv) }]
  if (failed.length > 0) return afterFailure(failed, lost, argv)
  if (report.mode === 'check' && report.exitCode === 2)
    return [{ purpose: 'make these changes', command: provision(without(argv, checkFlags)) }]
  return report.mode === 'apply' && report.lab !== undefined ? tour(report) : []
}

const checkFlags = /^--(check|dry-run)$/
const limitFlags = /^(-l|--limit)(=.*)?$/
const inventoryFlags = /^(-i|--inventory)(=.*)?$/
const valueFlags = /^(-e|--extra-vars)$/

function hostsIn(report: RunReport, state: 'failed' | 'unreachable'): string[] {
  return Object.values(report.hosts).flatMap((host) => (host.state === state ? host.host : []))
}

function afterFailure(failed: string[], lost: string[], argv: string[]): NextStep[] {
  const again = [...without(argv, limitFlags, 1), '--limit', failed.join(',')]
  const reach = lost.length > 0 && {
    purpose: 'see whether they can be reached',
    command: provision(['ping', lost.join(','), ...aboutHosts(argv)]),
  }
  return [...(reach ? [reach] : []), { purpose: 'try again on these hosts only', command: provision(again) }]
}

/** The words that say which hosts there are: --lab and the inventory. */
function aboutHosts(argv: string[]): string[] {
  return argv.filter(
    (word, at) =>
      word === '--lab' || inventoryFlags.test(word) || /^(-i|--inventory)$/.test(argv[at - 1] ?? ''),
  )
}

function tour(report: RunReport): NextStep[] {
  const first = Object.keys(report.hosts)[0]
  const node = Object.keys(report.hosts).find((host) => host !== first) ?? first ?? 'all'
  return [
    { purpose: 'see that nothing is left to do', command: provision([report.playbook, '--lab', '--check']) },
    { purpose: 'ask all hosts something', command: provision(['exec', 'all', '--lab', '--', 'uptime']) },
    { purpose: 'look around on one of them', command: provision(['lab', 'ssh', node]) },
  ]
}

/** Leaves out flags, with the value that follows one that was not written as --flag=value. */
function without(argv: string[], flags: RegExp, values: 0 | 1 = 0): string[] {
  return argv.filter((word, at) => {
    const before = argv[at - 1]
    const isValue = values === 1 && before !== undefined && flags.test(before) && !before.includes('=')
    return !flags.test(word) && !isValue
  })
}

/** The command as one would type it. Values given by -e may be secrets and are left for the user to fill in. */
function provision(argv: string[]): string {
  const words = argv.map((word, at) => (valueFlags.test(argv[at - 1] ?? '') ? hideValue(word) : word))
  return `provision ${quoteAll(words)}`
}

function hideValue(word: string): string {
  return word.startsWith('@') ? word : word.replace(/=.*$/s, '=...')
}
