import type { Colours } from './colour.ts'
import { failureDetails } from './failure.ts'
import { groupByText, hostsText } from './groups.ts'
import { changeText, lostLabel, stepText, stopText, unknownText, withoutHost } from './lines.ts'
import { nextSteps } from './next.ts'
import type { FailureReport, RunReport } from './report.ts'
import { tableLines } from './table.ts'
import { count, duration, printable, printableLines } from './text.ts'

export interface SummaryOptions {
  colours: Colours
  /** The words the user typed after `provision`. */
  argv: string[]
  /** What the user calls the program by, if not `provision`. */
  command?: string
  /** Directory of the run's journal. */
  journal?: string
}

/** The end of a run: what failed, what is pending, a table of the hosts, the verdict and what to do next. */
export function summaryText(report: RunReport, options: SummaryOptions): string {
  const { colours } = options
  const blocks = [
    pendingBlock(report, options),
    failuresBlock(report, options),
    handledBlock(report, options),
    tableLines(report, colours),
    handlersBlock(report, options),
    report.stopped ? [colours.red(stopText(report.stopped))] : [],
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
  const groups = groupByText(
    report.failures.map((one) => ({ host: one.host, text: failureText(one, report, colours) })),
  )
  const lines = [...groups].flatMap(([text, hosts]) => {
    const [first = '', ...rest] = text.split('\n')
    return [
      `  ${colours.red(`${hostsText(hosts, report)}: ${first}`)}`,
      ...rest.map((line) => `      ${line}`),
    ]
  })
  return [colours.bold(colours.red('Failed')), ...lines]
}

/** Failures that count for nothing, in a line each. */
function handledBlock(report: RunReport, { colours }: SummaryOptions): string[] {
  const groups = groupByText(
    report.handled.map(({ host, step, failure, how }) => {
      const [first = ''] = printableLines(failure.message)
      return { host, text: `${how}: ${stepText(step!, report)}: ${first}` }
    }),
  )
  const lines = [...groups].map(
    ([text, hosts]) => `  ${colours.yellow(`${hostsText(hosts, report)}: ${text}`)}`,
  )
  return lines.length === 0 ? [] : [colours.bold('Failed, but handled'), ...lines]
}

/** The hosts remember them. */
function handlersBlock(report: RunReport, { colours }: SummaryOptions): string[] {
  const groups = groupByText(report.pending.map(({ host, handler }) => ({ host, text: handler })))
  const lines = [...groups].map(([text, hosts]) => `  ${printable(text)}  (${hostsText(hosts, report)})`)
  return lines.length === 0 ? [] : [colours.bold('Handlers still to run: the next run does'), ...lines]
}

function failureText({ host, step, failure }: FailureReport, report: RunReport, colours: Colours): string {
  const where = step ? stepText(step, report) : lostLabel(failure)
  return [
    ...printableLines(`${where}: ${withoutHost(host, failure.message)}`),
    ...failureDetails(failure, colours),
  ].join('\n')
}

function pendingBlock(report: RunReport, { colours }: SummaryOptions): string[] {
  if (report.mode !== 'check' || report.changes.length + report.unknown.length === 0) return []
  const lines = report.plays.flatMap((play, index) => {
    const pending = pendingIn(report, index)
    return pending.length > 0 ? [`  ${colours.bold(printable(play.name))}`, ...pending] : []
  })
  const { length } = report.changes
  return [
    colours.bold(length === 0 ? 'Unknown until applied' : `Would change: ${count(length, 'change')}`),
    ...lines,
  ]
}

function pendingIn(report: RunReport, play: number): string[] {
  const changes = report.changes.map((one) => ({ ...one, text: changeText(one, one.certainty, one.step) }))
  const unknown = report.unknown.map((one) => ({ ...one, text: unknownText(one.step, one.message) }))
  const groups = groupByText([...changes, ...unknown].filter((one) => one.step.play === play))
  return [...groups].map(([text, hosts]) => `    ${printable(text)}  (${hostsText(hosts, report)})`)
}

function verdict(report: RunReport, { colours }: SummaryOptions): string {
  const hosts = Object.values(report.hosts)
  const bad = hosts.filter((host) => host.state === 'failed' || host.state === 'unreachable').length
  const took = `in ${duration(report.ms)}`
  if (report.exitCode === 130 || report.exitCode === null)
    return colours.yellow(`Interrupted after ${duration(report.ms)}.`)
  if (bad > 0)
    return colours.red(
      `${hosts.length === 1 ? 'The host' : `${bad} of ${hosts.length} hosts`} did not make it, ${took}.`,
    )
  if (report.exitCode !== 0 && report.exitCode !== 2) return colours.red(`Failed, ${took}.`)
  return colours.green(`${goodNews(report, hosts.length)}${handledNews(report)}, ${took}.`)
}

function goodNews(report: RunReport, hosts: number): string {
  const changes = report.changes.length
  if (hosts === 0) return 'There was no host to work on'
  const all = hosts === 1 ? 'The host is' : `All ${hosts} hosts are`
  if (report.mode === 'check') {
    if (changes > 0) return `${count(changes, 'change')} pending on ${count(hosts, 'host')}`
    return `${all} as described${report.unknown.length > 0 ? ', as far as a check can tell' : ''}`
  }
  return changes === 0
    ? `${all} as described; nothing was changed`
    : `${all} as described after ${count(changes, 'change')}`
}

function handledNews({ handled }: RunReport): string {
  const of = (how: string) => handled.filter((one) => one.how === how).length
  const parts = ['ignored', 'rescued'].flatMap((how) =>
    of(how) > 0 ? `${count(of(how), 'failure')} ${how}` : [],
  )
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`
}

function nextBlock(report: RunReport, { argv, command, colours }: SummaryOptions): string[] {
  const steps = nextSteps(report, argv, command)
  if (steps.length === 0) return []
  return [
    colours.bold('Next'),
    ...steps.flatMap(({ purpose, command }) => [
      `  ${colours.dim(`# ${purpose}`)}`,
      `  ${colours.cyan(command)}`,
    ]),
  ]
}
