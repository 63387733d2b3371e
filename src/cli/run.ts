import { hostname, userInfo } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Redactor } from '../base/redact.ts'
import type { RunEvent } from '../core/event.ts'
import { simulatedReleases } from '../lab/k3s/release.ts'
import { labPlaces } from '../lab/places.ts'
import { loadProgram } from '../load/compile.ts'
import { parseExtraVars } from '../load/extravars.ts'
import type { Program } from '../load/program.ts'
import type { ReleaseSource } from '../load/file/release.ts'
import { askSecretsWith } from '../load/secret/secretask.ts'
import { coloursFor } from '../render/colour.ts'
import { diagnosticsText } from '../render/diagnostics.ts'
import { Journal } from '../render/journal.ts'
import type { Renderer } from '../render/renderer.ts'
import { addEvent, emptyReport, type RunReport } from '../render/report.ts'
import { summaryText } from '../render/summary.ts'
import { runProgram } from '../run/conduct.ts'
import type { RunOptions } from '../run/context.ts'
import { confirmPlays } from './confirm.ts'
import { connectorFor, type ReachOptions } from './reach.ts'
import { interruption } from './interruption.ts'
import { optimiseLess } from './optimising.ts'
import type { Loading, Profiler } from './profiler.ts'

export interface RunFlags extends ReachOptions {
  limit?: string
  tags?: string[]
  skipTags?: string[]
  check?: boolean
  diff?: boolean
  extraVars?: string[]
  forks: number
  output?: 'live' | 'plain' | 'json'
  verbose?: boolean
  /** Ends with where the time went. */
  profile?: boolean
  /** Answers what plays ask. */
  yes?: boolean
  yesDeleteData?: boolean
}

/** Loads, checks and runs a playbook; resolves with the exit code. `argv` is what the user typed. */
export async function run(playbook: string, flags: RunFlags, argv: string[]): Promise<number> {
  return (await runToReport(playbook, flags, argv)).exitCode ?? 0
}

/** As run(); resolves with all that became of it. */
export async function runToReport(playbook: string, flags: RunFlags, argv: string[]): Promise<RunReport> {
  const { inventory, limit, tags, skipTags, yesDeleteData: deleteData } = flags
  const extraVars = await parseExtraVars(flags.extraVars ?? [])
  const releases = releasesFor(flags)
  const selection = { limit, tags, skipTags, extraVars, deleteData }
  const loading = { read: 0, sound: 0 }
  const onRead = (): void => void (loading.read = process.uptime())
  const program = await loadProgram({ playbook, inventory, releases, onRead, ...selection })
  loading.sound = process.uptime()
  askSecretsWith('the run has begun')
  const warnings = diagnosticsText(program.warnings, coloursFor(process.stderr))
  if (warnings !== '') process.stderr.write(`${warnings}\n`)
  if (!flags.check && !flags.yes) await confirmPlays(program)
  optimiseLess(new Set(program.plays.flatMap(({ hosts }) => hosts)).size)
  const stop = interruption()
  const renderer = await rendererFor(flags)
  const redactor = new Redactor()
  const connector = await connectorFor(program.inventory, flags, redactor)
  const options: RunOptions = {
    mode: flags.check ? 'check' : 'apply',
    connector,
    redactor,
    forks: flags.forks,
    signal: stop.signal,
    owner: owner(),
    notices: releases && usesKubernetes(program) ? [SIMULATED] : [],
    lab: flags.lab ? 'lab' : undefined,
  }
  try {
    const profiler = flags.profile ? await profiling(flags, loading) : undefined
    return await follow(runProgram(program, options), renderer, flags, argv, profiler)
  } finally {
    await connector.close()
    stop.end()
  }
}

const SIMULATED =
  'Kubernetes is SIMULATED in this lab: its objects are kept, its containers are stand-ins. ' +
  'With PROVISION_K3S=/path/to/k3s a real one is used.'

/** In the lab k3s is simulated unless a real binary is given. */
function releasesFor({ lab }: RunFlags): ReleaseSource | undefined {
  if (!lab || process.env.PROVISION_K3S) return undefined
  const program = fileURLToPath(new URL('../../dist/k3s-simulated.js', import.meta.url))
  return simulatedReleases(program, `${labPlaces().state}/k3s`)
}

/** By its tasks, or by a command that is run. */
function usesKubernetes({ plays }: Program): boolean {
  const steps = plays.flatMap((play) => [...play.steps, ...play.handlers])
  return steps.some(({ task, args }) => /k3s|k8s|kubectl/.test(`${task.name} ${JSON.stringify(args)}`))
}

/** Pulls the events: the only loop that does. */
async function follow(
  events: AsyncIterable<RunEvent>,
  renderer: Renderer,
  flags: RunFlags,
  argv: string[],
  profiler?: Profiler,
): Promise<RunReport> {
  const journal = new Journal('.provision/runs', (message) => process.stderr.write(`${message}\n`))
  const report = emptyReport()
  try {
    for await (const event of events) {
      const tell = (): void => {
        addEvent(report, event)
        journal.event(event)
        renderer.event(event)
      }
      if (profiler === undefined) tell()
      else profiler.event(event, tell)
    }
  } finally {
    journal.close()
    await renderer.close()
  }
  if (flags.output !== 'json') {
    process.stdout.write(
      summaryText(report, {
        colours: coloursFor(process.stdout),
        argv,
        command: programName(),
        journal: journal.path,
      }),
    )
  }
  profiler?.tell()
  return report
}

async function profiling({ output }: RunFlags, loading: Loading): Promise<Profiler> {
  return (await import('./profiler.ts')).createProfiler(loading, output === 'json')
}

async function rendererFor(flags: RunFlags): Promise<Renderer> {
  const look = { colours: coloursFor(process.stdout), verbose: flags.verbose, diff: flags.diff }
  const write = (text: string) => void process.stdout.write(text)
  switch (flags.output ?? (process.stdout.isTTY ? 'live' : 'plain')) {
    case 'live':
      return (await import('../render/live.ts')).createLive(process, look)
    case 'plain':
      return (await import('../render/plain.ts')).createPlain(write, look)
    case 'json':
      return (await import('../render/json.ts')).createJson(write)
  }
}

/** Where only npx knows the program, commands to copy must say so. */
function programName(): string {
  return process.env.npm_lifecycle_event === 'npx' ? 'npx provision' : 'provision'
}

function owner(): string {
  return `${userInfo().username}@${hostname()}, process ${process.pid}, since ${new Date().toISOString()}`
}
