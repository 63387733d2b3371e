import { failureDetails } from './failure.ts'
import { changeText, stepText } from './lines.ts'
import { nextSteps } from './next.ts'
import type { Look } from './renderer.ts'
import type { ChangeReport, HostReport, HostState, RunReport } from './report.ts'
import { count, duration, hostRange, padEnd, padStart, printable, printableLines, width } from './text.ts'

export interface SummaryOptions extends Pick<Look, 'colours'> {
  /** The words the user typed after `provision`. */
  argv: string[]
  /** Directory of the run's journal. */
  journal?: string
}

/** The end of a run: what failed, what is pending, a table of the hosts, the verdict and what to do next. */
export function summaryText(report: RunReport, options: SummaryOptions): string {
  const { colours } = options
  const blocks = [
    pendingBlock(report, options),
    failuresBlock(report, options),
    tableLines(report, options),
    [verdict(report, options), ...(options.journal ? [colours.dim(`journal: ${options.journal}`)] : [])],
    nextBlock(report, options),
  ]
  return `\n${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`
}

function failuresBlock(report: RunReport, { colours }: SummaryOptions): string[] {
  if (report.failures.length === 0) return []
  const blocks = report.failures.flatMap(({ host, step, failure }) => {
    const where = step ? `${stepText(step, report)}: ` : 'unreachable: '
    const [first = '', ...rest] = printableLines(where + failure.message)
    return [
      `  ${colours.red(`${host}: ${first}`)}`,
      ...[...rest, ...failureDetails(failure, colours)].map((line) => `      ${line}`),
    ]
  })
  return [colours.bold(colours.red('Failed')), ...blocks]
}

function pendingBlock(report: RunReport, { colours }: SummaryOptions): string[] {
  if (report.mode !== 'check' || (report.changes.length === 0 && report.unknown.length === 0)) return []
  const lines = report.plays.flatMap((play, index) => {
    const changes = groupChanges(report.changes.filter((change) => change.step.play === index))
    const unknown = groupUnknown(report, index)
    if (changes.size + unknown.size === 0) return []
    return [`  ${colours.bold(printable(play.name))}`, ...hostLines(changes), ...hostLines(unknown)]
  })
  return [colours.bold(`Would change: ${count(report.changes.length, 'change')}`), ...lines]
}

/** The same change on many hosts is one line: 15 x 12 changes are read at a glance or not at all. */
function groupChanges(changes: ChangeReport[]): Map<string, string[]> {
  return groupHosts(changes.map((change) => [changeText(change, change.certainty), change.host]))
}

function groupUnknown(report: RunReport, play: number): Map<string, string[]> {
  const here = report.unknown.filter(({ step }) => step.play === play)
  return groupHosts(
    here.map(({ step, host, message }) => [
      `unknown until applied: ${step.name}${message ? ` (${message})` : ''}`,
      host,
    ]),
  )
}

function groupHosts(pairs: [string, string][]): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [text, host] of pairs) {
    const hosts = groups.get(text)
    if (!hosts) groups.set(text, [host])
    else if (hosts.at(-1) !== host) hosts.push(host)
  }
  return groups
}

function hostLines(groups: Map<string, string[]>): string[] {
  return [...groups].map(
    ([text, hosts]) => `    ${printable(text)}  (${hostRange([...new Set(hosts)].sort(inOrder))})`,
  )
}

const collator = new Intl.Collator('en', { numeric: true })
const inOrder = (a: string, b: string) => collator.compare(a, b)

function tableLines(report: RunReport, { colours }: SummaryOptions): string[] {
  const hosts = Object.values(report.hosts)
  if (hosts.length === 0) return []
  const changed = report.mode === 'check' ? 'would change' : 'changed'
  const withUnknown = hosts.some((host) => host.unknown > 0)
  const head = ['host', 'ok', changed, 'skipped', 'failed', ...(withUnknown ? ['unknown'] : []), 'time', '']
  const rows = hosts.map((host) => cells(host, withUnknown))
  const widths = head.map((title, at) => Math.max(width(title), ...rows.map((row) => width(row[at]!))))
  const line = (row: string[]) =>
    row.map((cell, at) => (at === 0 || at === row.length - 1 ? padEnd : padStart)(cell, widths[at]!))
  return [
    colours.dim(line(head).join('  ').trimEnd()),
    ...hosts.map((host, at) => colourRow(line(rows[at]!), host, colours).join('  ').trimEnd()),
  ]
}

function cells(host: HostReport, withUnknown: boolean): string[] {
  const { ok, changed, skipped, failed, unknown } = host
  const numbers = [ok, changed, skipped, failed, ...(withUnknown ? [unknown] : [])].map(String)
  return [host.host, ...numbers, duration(host.to - host.from), stateText(host)]
}

const stateTexts: Record<HostState, string> = {
  waiting: 'not reached',
  running: 'cut off',
  done: '',
  failed: 'FAILED',
  unreachable: 'UNREACHABLE',
  interrupted: 'interrupted',
}

function stateText(host: HostReport): string {
  return stateTexts[host.state]
}

function colourRow(row: string[], host: HostReport, colours: SummaryOptions['colours']): string[] {
  const paints: Record<number, (text: string) => string> = {
    1: host.ok > 0 ? colours.green : colours.dim,
    2: host.changed > 0 ? colours.yellow : colours.dim,
    3: colours.dim,
    4: host.failed > 0 ? colours.red : colours.dim,
    [row.length - 1]: colours.red,
  }
  return row.map((cell, at) => paints[at]?.(cell) ?? cell)
}

function verdict(report: RunReport, { colours }: SummaryOptions): string {
  const hosts = Object.values(report.hosts)
  const bad = hosts.filter((host) => host.state === 'failed' || host.state === 'unreachable').length
  const took = `in ${duration(report.ms)}`
  if (report.exitCode === 130 || report.exitCode === null)
    return colours.yellow(`Interrupted after ${duration(report.ms)}.`)
  if (bad > 0) return colours.red(`${bad} of ${count(hosts.length, 'host')} did not make it, ${took}.`)
  if (report.exitCode !== 0 && report.exitCode !== 2) return colours.red(`Failed, ${took}.`)
  return colours.green(`${goodNews(report, hosts.length)}, ${took}.`)
}

function goodNews(report: RunReport, hosts: number): string {
  const changes = report.changes.length
  const all = hosts === 1 ? 'The host is' : `All ${hosts} hosts are`
  if (report.mode === 'check')
    return changes + report.unknown.length === 0
      ? `${all} as described`
      : `${count(changes, 'change')} pending on ${count(hosts, 'host')}`
  return changes === 0
    ? `${all} as described; nothing was changed`
    : `${all} as described after ${count(changes, 'change')}`
}

function nextBlock(report: RunReport, { argv, colours }: SummaryOptions): string[] {
  const steps = nextSteps(report, argv)
  if (steps.length === 0) return []
  const widest = Math.max(...steps.map((step) => width(step.command)))
  const fits = widest <= 60
  return [
    colours.bold('Next'),
    ...steps.map(
      ({ purpose, command }) =>
        `  ${colours.cyan(fits ? padEnd(command, widest) : command)}  ${colours.dim(`# ${purpose}`)}`,
    ),
  ]
}
