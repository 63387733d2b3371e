import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RunEvent } from '../../src/core/event.ts'
import { type FaultName, labDown, labFault, labSudo, labUp } from '../../src/lab/lab.ts'
import { labPlaces } from '../../src/lab/places.ts'
import { leaderOf } from '../../src/lab/processes.ts'
import { labObstacle } from '../../src/lab/requirements.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { testLab } from './names.ts'

/** A lab that is up already is named by PROVISION_TEST_LAB; it is used as it is and stays up. */
const given = process.env.PROVISION_TEST_LAB
const NAME = given ?? testLab('small')
const LAUNCHER = fileURLToPath(new URL('../../src/cli/launch.cjs', import.meta.url))
export const SMALL = fileURLToPath(new URL('inventory.yaml', import.meta.url))

/** The first four hosts of the inventory that the playbooks are written for. */
export function smallCluster(): string {
  const whole = readFileSync(new URL('../../inventory.yaml', import.meta.url), 'utf8')
  const fewer = whole.replaceAll(/(rpi\[0[12]):14\]/g, '$1:03]').replace('[11:24]', '[11:13]')
  return fewer.replaceAll(/ram: \dGiB/g, 'ram: 1GiB')
}

let booted: Promise<unknown> | undefined
let outer: string | undefined
let folder: string | undefined
let told = false

/** To be called in a `describe`: its tests find the hosts of test/lab/inventory.yaml booted, or are skipped. */
export function useSmallLab(): void {
  before('boot the small lab', async function () {
    this.timeout(300_000)
    outer = process.env.PROVISION_LAB
    process.env.PROVISION_LAB = NAME
    const obstacle = labObstacle()
    if (obstacle === null) return void (await (booted ??= boot()))
    if (!told) console.log(`  skipped: ${obstacle}`)
    told = true
    this.skip()
  })
  after(() => {
    if (outer === undefined) delete process.env.PROVISION_LAB
    else process.env.PROVISION_LAB = outer
  })
}

async function boot(): Promise<void> {
  if (!given) await labDown(quiet)
  const { inventory } = await loadInventory(SMALL)
  await labUp(inventory, { say: quiet, install: 'yes' })
}

/** Process groups of the program that have not ended. */
const running = new Set<number>()

after('take the small lab down', async function () {
  this.timeout(60_000)
  for (const group of running) process.kill(-group, 'SIGKILL')
  if (folder) rmSync(folder, { recursive: true, force: true })
  if (!booted || given) return
  const others = process.env.PROVISION_LAB
  process.env.PROVISION_LAB = NAME
  await labDown(quiet)
  process.env.PROVISION_LAB = others
})

function quiet(): void {}

/** Asks until it holds; a test's time limit is the end of patience. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(200)
}

export const fault = (host: string, name: FaultName, argument?: string): Promise<void> =>
  labFault(host, name, quiet, argument)

export const sudoAsks = (host: string, asks: boolean): void => labSudo(host, asks ? 'password' : 'nopasswd')

export interface Said {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs sh as root in a node, past its network and its sshd. */
export function inside(host: string, script: string): Promise<Said> {
  const leader = leaderOf(labPlaces(), host)
  assert(leader !== null, `${host} is off`)
  return answerOf('nsenter', ['-t', String(leader), '-a', '/bin/sh', '-c', script])
}

/** Runs a program of this machine. */
export function answerOf(program: string, argv: string[]): Promise<Said> {
  return outcome(spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'] }))
}

/** A file of a node's, as this machine sees it. */
export function pathOf(host: string, file: string): string {
  return `/proc/${leaderOf(labPlaces(), host)}/root${file}`
}

/** What root sees in a node; fails when the script does. */
export async function look(host: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await inside(host, script)
  assert.equal(code, 0, `${script}\n${stdout}${stderr}`)
  return stdout
}

function outcome(child: ChildProcess): Promise<Said> {
  return new Promise((resolve, reject) => {
    const said: Said = { code: null, stdout: '', stderr: '' }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...said, code }))
  })
}

/** The directory the program is run in; files are written below it. */
export function workplace(): string {
  return (folder ??= mkdtempSync(path.join(tmpdir(), 'provision-small-')))
}

export function write(name: string, content: string | Buffer): string {
  const file = path.join(workplace(), name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

/** Something that must never be seen; `secret()` looks for it after every run. */
export const SECRET = 'hunter2-never-shown'

/** A run of the program that is under way. */
export interface Started {
  /** To its process group, as a terminal does it. */
  signal(name: NodeJS.Signals): void
  /** Resolves once standard error holds the text. */
  warning(text: string): Promise<void>
  /** Resolves with the first event that fits. */
  event(fits: (event: RunEvent) => boolean): Promise<RunEvent>
  end: Promise<Ended>
}

export interface Ended extends Said {
  /** With --output json. */
  events: RunEvent[]
}

/** Starts the program as a user would, in the workplace. No output may hold a stack trace or the secret. */
export function start(...words: string[]): Started {
  return follow(words, [])
}

/** `restraints` are options of setpriv under which it is to run. */
function follow(words: string[], restraints: string[]): Started {
  const argv = restraints.length > 0 ? ['setpriv', ...restraints, process.execPath] : [process.execPath]
  const child = spawn(argv[0]!, [...argv.slice(1), LAUNCHER, ...words], {
    cwd: workplace(),
    detached: true,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child.pid!)
  const events: RunEvent[] = []
  const waiting: (() => void)[] = []
  let [rest, warnings, over] = ['', '', false]
  const wake = (): void => {
    for (const one of waiting.splice(0)) one()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{"at":')) events.push(JSON.parse(line) as RunEvent)
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    warnings += text
    wake()
  })
  const end = outcome(child)
    .then((said) => {
      requireDecency(words, said)
      return { ...said, events }
    })
    .finally(() => {
      over = true
      running.delete(child.pid!)
      wake()
    })
  const seen = async <T>(find: () => T | undefined | false): Promise<T> => {
    for (;;) {
      const found = find()
      if (found) return found
      if (over) assert.fail(`it ended before, with ${failuresOf(await end).join('\n')}`)
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
  }
  return {
    signal: (name) => process.kill(-child.pid!, name),
    warning: async (text) => void (await seen(() => warnings.includes(text))),
    event: (fits) => seen(() => events.find(fits)),
    end,
  }
}

function requireDecency(words: string[], { stdout, stderr }: Said): void {
  const text = stdout + stderr
  assert.doesNotMatch(
    text,
    /^\s+at .*:\d+:\d+\)?$|"stack"|this is a bug/m,
    `a stack trace: provision ${words.join(' ')}`,
  )
  assert(!text.includes(SECRET), `the secret is shown by: provision ${words.join(' ')}\n${text}`)
}

/** Runs the program to its end. */
export function provision(...words: string[]): Promise<Ended> {
  return start(...words).end
}

/** Runs the program as a user who is not root and may do little. */
export function asNobody(...words: string[]): Promise<Ended> {
  return follow(words, ['--reuid=65534', '--clear-groups', '--bounding-set=-all']).end
}

/** Runs the program as a root to whom the permissions of files apply, as they do to everybody else. */
export function withoutPrivilege(...words: string[]): Promise<Ended> {
  return follow(words, ['--bounding-set=-dac_override,-dac_read_search']).end
}

let playbooks = 0

/** Writes a playbook; returns the words that run it in the lab. */
export function playbook(text: string, ...words: string[]): string[] {
  const name = `playbook-${++playbooks}.yaml`
  write(name, text)
  return [name, '-i', SMALL, '--lab', ...words]
}

/** Writes an inventory in which a host of the lab has more variables; returns the words that use it. */
export function inventoryWith(host: string, vars: Record<string, string>): string[] {
  const lines = Object.entries(vars).map(([name, value]) => `      ${name}: ${JSON.stringify(value)}\n`)
  const more = `    more:\n      hosts:\n        ${host}:\n      vars:\n${lines.join('').replaceAll(/^/gm, '  ').trimEnd()}\n`
  return ['-i', write(`with-${Object.keys(vars).join('-')}.yaml`, `${readFileSync(SMALL, 'utf8')}${more}`)]
}

/** Runs a playbook and returns its events. */
export function play(text: string, ...words: string[]): Promise<Ended> {
  return provision(...playbook(text, '--output', 'json', ...words))
}

type Of<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>

export function eventsOf<T extends RunEvent['type']>(events: RunEvent[], type: T): Of<T>[] {
  return events.filter((event): event is Of<T> => event.type === type)
}

/** `host: step status` for every step that ended. */
export function stepsOf({ events }: Ended): string[] {
  return eventsOf(events, 'step-end').map(({ host, step, status }) => `${host}: ${step.name} ${status}`)
}

/** `host: summary` of every change, made or planned. */
export function changesOf({ events }: Ended): string[] {
  return eventsOf(events, 'step-end').flatMap(({ host, changes }) =>
    changes.map(({ summary }) => `${host}: ${summary}`),
  )
}

/** Why hosts did not make it, as `host: message`. */
export function failuresOf({ events }: Ended): string[] {
  const steps = eventsOf(events, 'step-end').flatMap(({ host, failure }) =>
    failure ? [{ host, failure }] : [],
  )
  return [...steps, ...eventsOf(events, 'host-unreachable')].map(
    ({ host, failure }) => `${host}: ${failure.message}`,
  )
}

/** Everything that the runs so far have journalled. */
export function journals(): string {
  const root = path.join(workplace(), '.provision/runs')
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((file) => readFileSync(path.join(file.parentPath, file.name), 'utf8')).join('\n')
}
