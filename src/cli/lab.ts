import { spawnSync } from 'node:child_process'
import { printedJson } from '../base/printed-json.ts'
import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import {
  FAULTS,
  labDown,
  labFault,
  type LabLine,
  type LabState,
  labStatus,
  labUp,
  type NodeState,
} from '../lab/lab.ts'
import { labPlaces, namespacePath } from '../lab/places.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import { coloursFor } from '../render/colour.ts'
import { duration, padEnd, padStart } from '../render/text.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { interruption } from './interruption.ts'

export async function up(flags: { inventory: string | string[]; yes?: boolean }): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const install = flags.yes ? 'yes' : process.stdin.isTTY ? 'ask' : 'no'
  const start = Date.now()
  const stop = interruption()
  const say = teller(start)
  const { name, nodes } = await labUp(inventory, { say, install, signal: stop.signal })
  stop.end()
  const ready = nodes.filter(({ state }) => state === 'up').length
  say({ text: `the lab '${name}' is up: ${ready} of ${nodes.length} nodes` })
  return ready === nodes.length ? EXIT_CODES.ok : EXIT_CODES.unreachable
}

export async function down(): Promise<void> {
  const say = teller(Date.now())
  say({ text: `taking down the lab '${labPlaces().name}'` })
  await labDown(say)
}

/** Progress as lines, each with the seconds since the start. */
function teller(start: number): (line: LabLine) => void {
  const colours = coloursFor(process.stdout)
  return ({ host, text }) => {
    const time = `${((Date.now() - start) / 1000).toFixed(1)} s`
    process.stdout.write(`${colours.dim(padStart(time, 8))}  ${host ? `${host}: ` : ''}${text}\n`)
  }
}

export async function status(flags: { output: 'text' | 'json' }): Promise<number> {
  const state = labStatus()
  if (flags.output === 'json') process.stdout.write(`${printedJson(state, 2)}\n`)
  else if (state === null)
    process.stdout.write(`the lab '${labPlaces().name}' is not up; boot it with 'provision lab up'\n`)
  else process.stdout.write(`${table(state).join('\n')}\n`)
  return state !== null && state.nodes.every((node) => node.state === 'up')
    ? EXIT_CODES.ok
    : EXIT_CODES.unreachable
}

function table({ name, nodes }: LabState): string[] {
  const rows = nodes.map(row)
  const widths = HEADINGS.map((heading, i) =>
    Math.max(heading.length, ...rows.map((cells) => cells[i]!.length)),
  )
  const line = (cells: string[]) =>
    `  ${cells.map((cell, i) => padEnd(cell, widths[i]!)).join('  ')}`.trimEnd()
  return [`lab '${name}': ${nodes.length} nodes`, line(HEADINGS), ...rows.map(line)]
}

const HEADINGS = ['node', 'address', 'state', 'up for', 'memory', 'disk', 'faults']
const MIB = 2 ** 20

function row({ name, address, state, seconds, memoryUsed, memoryLimit, disk, faults }: NodeState): string[] {
  const used = memoryUsed === null ? '-' : `${Math.round(memoryUsed / MIB)}`
  const upFor = seconds === null ? '-' : duration(seconds * 1000)
  const memory = `${used} of ${Math.round(memoryLimit / MIB)} MiB`
  return [name, address, state, upFor, memory, disk?.device ?? '-', faults.join(' ')]
}

/** Breaks or mends a node by the fault's name; lists what can be done where none is named. */
export async function injectFault(host?: string, fault?: string, argument?: string): Promise<void> {
  if (host !== undefined && fault !== undefined) return labFault(host, fault, teller(Date.now()), argument)
  const rows = Object.entries(FAULTS).map(([name, { summary }]) => `  ${padEnd(name, 10)} ${summary}`)
  process.stdout.write(`provision lab fault HOST FAULT\n${rows.join('\n')}\n`)
}

/** A shell on a node, as the user would get it from the laptop. */
export async function ssh(host: string): Promise<number> {
  const state = labStatus()
  if (state === null) {
    throw new UsageError(`the lab '${labPlaces().name}' is not up`, "boot it with 'provision lab up'")
  }
  const names = state.nodes.map(({ name }) => name)
  if (!names.includes(host)) throw new UsageError(`no node '${host}' in the lab`, didYouMean(host, names))
  const inside = [`--net=${namespacePath(labPlaces().laptop)}`, 'ssh', '-F', state.sshConfig, host]
  return spawnSync('nsenter', inside, { stdio: 'inherit' }).status ?? EXIT_CODES.unreachable
}
