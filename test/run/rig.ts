import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Redactor } from '../../src/base/redact.ts'
import { sh } from '../../src/base/shell.ts'
import type { Connection, Connector } from '../../src/connect/connection.ts'
import { createConnector } from '../../src/connect/connector.ts'
import { ConnectError, TaskError } from '../../src/core/errors.ts'
import type { RunEvent } from '../../src/core/event.ts'
import type { Host } from '../../src/core/host.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { type Change, defineTask, effect, type Probe, type Task } from '../../src/core/task.ts'
import type { Play, Program, Step } from '../../src/load/program.ts'
import { runProgram } from '../../src/run/conduct.ts'

const place = { file: 'playbook.yaml', line: 1, column: 1 }

function host(name: string): Host {
  return { name, groups: ['all'], vars: {}, connection: { kind: 'ssh' } }
}

export function step(number: number, task: Task, args: JsonObject, more: Partial<Step> = {}): Step {
  const name = `${task.name} ${number}`
  const lists = {
    when: [],
    notify: [],
    listen: [],
    tags: [],
    outerItems: [],
    changedWhen: [],
    failedWhen: [],
  }
  const plain = { ignoreErrors: false, runOnce: false, noLog: false, environment: {}, defaults: {} }
  const step = {
    number,
    name,
    task,
    args,
    ...lists,
    ...plain,
    loopVar: 'item',
    vars: {},
    become: false,
    timeout: 30,
    place,
  }
  return { ...step, placeOf: () => place, ...more }
}

export function program(
  plays: (Pick<Play, 'steps' | 'handlers'> & Partial<Play>)[],
  names = ['one'],
): Program {
  const hosts = new Map(names.map((name) => [name, host(name)]))
  const inventory = { file: 'inventory.yaml', hosts, groups: new Map([['all', names]]) }
  const whole = plays.map((play, index) => {
    const around = { index, name: `play ${index}`, hosts: names, everyHost: names, vars: {}, place }
    const plain = { flow: play.steps, gate: [], layers: [], serial: [], anyErrorsFatal: false }
    return { ...around, ...plain, ...play }
  })
  return {
    playbook: 'playbook.yaml',
    inventory,
    plays: whole,
    releases: { release: () => assert.fail() },
    warnings: [],
  }
}

export interface Ran {
  events: RunEvent[]
  /** `host step status` of every step that ended. */
  steps: string[]
  changes: string[]
  exitCode: number
  roundTrips: Record<string, number>
}

export interface Circumstances {
  signal?: AbortSignal
  forks?: number
  /** Hosts that can't be reached. */
  down?: string[]
  /** Hosts that another run holds the lock of. */
  taken?: string[]
  onEvent?(event: RunEvent): void
}

export async function run(
  what: Program,
  mode: 'apply' | 'check' = 'apply',
  given: Circumstances = {},
): Promise<Ran> {
  const connector = connectorFor(what, given)
  const { signal = new AbortController().signal, forks = 10 } = given
  const options = { mode, connector, redactor: new Redactor(), forks, signal, owner: 'the tests' }
  const events: RunEvent[] = []
  for await (const event of runProgram(what, options)) {
    events.push(event)
    given.onEvent?.(event)
  }
  await connector.close()
  const ends = events.filter((event) => event.type === 'step-end')
  const { exitCode, roundTrips } = events.find((event) => event.type === 'run-end')!
  return {
    events,
    steps: ends.map(({ host, step, status }) => `${host} ${step.name} ${status}`),
    changes: ends.flatMap(({ changes }) => changes.map(({ summary }) => summary)),
    exitCode,
    roundTrips,
  }
}

/** All hosts are this machine, which has but one lock, and other tests may be running on it: so each has its own. */
function connectorFor({ inventory }: Program, { down = [], taken = [] }: Circumstances): Connector {
  const connector = createConnector({ lookup: (name) => inventory.hosts.get(name) })
  const held = new Map<string, string>()
  const connect = async (host: Host): Promise<Connection> => {
    if (down.includes(host.name)) throw new ConnectError(`${host.name} is down`)
    const connection = await connector.connect({ ...host, connection: { ...host.connection, kind: 'local' } })
    const lock = async (owner: string) => {
      if (taken.includes(host.name)) return 'bob@laptop'
      const machine = host.connection.address ?? host.name
      const first = held.get(machine) ?? host.name
      held.set(machine, first)
      return first === host.name ? null : owner
    }
    return Object.assign(connection, { lock })
  }
  return { connect, close: () => connector.close() }
}

/** A folder of its own for each test, also as the home of the login user. */
export function useFolder(): { path: string } {
  const folder = { path: '' }
  const home = process.env.HOME
  beforeEach(() => {
    folder.path = mkdtempSync(path.join(tmpdir(), 'provision-run-'))
    process.env.HOME = folder.path
  })
  afterEach(() => {
    process.env.HOME = home
    rmSync(folder.path, { recursive: true, force: true })
  })
  return folder
}

function wordProbe(file: string): Probe<string | null> {
  return {
    key: `word:${file}`,
    script: sh`[ -e ${file} ] || exit 4; cat ${file}`,
    parse: ({ code, stdout }) => (code === 4 ? null : stdout.toString()),
  }
}

/** The smallest task there can be: a file holds a word. */
export const word = defineTask({
  name: 'word',
  summary: 'a file holds a word',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['file', 'word'],
    properties: {
      file: { type: 'string', description: 'path' },
      word: { type: 'string', description: 'what it holds' },
      script: { type: 'string', description: 'the action, instead of the one that writes the word' },
      atomic: { type: 'boolean', description: 'the action is never cut short' },
      token: { type: 'string', format: 'secret', description: 'a secret that the action prints' },
      opaque: { type: 'boolean', description: 'the change does more than it says' },
      bug: { type: 'boolean', description: 'the refusal is an error of the program' },
      refuse: { type: 'string', description: 'refuses with these words while the file is absent' },
    },
  },
  example: '',
  probes: ({ file }) => ({ now: wordProbe(file) }),
  plan({ file, word, script, atomic, token, opaque, bug, refuse }, { now }): Change[] {
    if (now === word) return []
    if (refuse !== undefined && now === null) throw bug ? new Error(refuse) : new TaskError(refuse)
    const print = token === undefined ? '' : sh`echo ${token}; `
    const action = `${print}${script ?? sh`printf %s ${word} > ${file}`}`
    const change: Change = {
      summary: `write ${word}`,
      actions: [{ do: 'run', script: action, atomic: atomic || undefined }],
      effects: [effect(wordProbe(file), word)],
    }
    return [opaque ? { ...change, opaque } : change]
  },
  result: (_args, { now }) => ({ word: now ?? undefined }),
})
