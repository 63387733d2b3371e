import type { Failure, RunEvent, ShownChange, StepName, StepStatus } from '../../src/core/event.ts'

export const startedAt = Date.UTC(2026, 10, 22, 18, 30, 0)
const hostNames = [
  'rpicloud',
  ...Array.from({ length: 14 }, (_, at) => `rpi${String(at + 1).padStart(2, '0')}`),
]

const aptFailure: Failure = {
  kind: 'command',
  message: 'apt-get install ended with code 100: a package could not be installed',
  hint: 'see what is wrong with: sudo dpkg --configure -a',
  place: { file: 'playbooks/cluster.yaml', line: 21, column: 7 },
  command: 'DEBIAN_FRONTEND=noninteractive apt-get install -y docker.io',
  code: 100,
  stderr: 'E: Sub-process /usr/bin/dpkg returned an error code (1)\nE: \x1b[31mUnmet\x1b[0m dependencies\n',
}
export const refused: Failure = {
  kind: 'connect',
  message: 'connection refused by 10.0.0.7 port 22',
  hint: 'is it powered on, and does sshd run?',
}

const stepNames = [
  'Set the hostname',
  'Install packages',
  'Zeitzone einstellen (Москва → 東京都千代田区霞が関一丁目)',
  'Write a very long configuration file whose name says in great detail what it does and where it goes to',
]

/** Names, tasks and numbers of a play's steps. */
export function stepOf(play: number, number: number): StepName {
  const name = stepNames[(number - 1) % stepNames.length]!
  return { play, number, name: number > stepNames.length ? `${name} ${number}` : name, task: 'command' }
}

export interface Scenario {
  hosts: number
  steps: number
  plays: number
  mode: 'apply' | 'check'
  lab?: string
  /** With failures, an unreachable host, retries and odd output. */
  trouble: boolean
}

const usual: Scenario = { hosts: 15, steps: 12, plays: 2, mode: 'apply', lab: 'lab', trouble: true }

/** The events of a run as the engine would yield them; hosts advance in turn, 10 ms per event. */
export function* runEvents(scenario: Partial<Scenario> = {}): Generator<RunEvent> {
  const { hosts, steps, plays, mode, lab, trouble } = { ...usual, ...scenario }
  const names = namesOf(hosts)
  let at = startedAt
  const stamp = <T extends object>(event: T) => ({ at: (at += 10), ...event }) as RunEvent & T
  const playNames = Array.from({ length: plays }, (_, play) => ({
    name: `Play ${play + 1}`,
    hosts: names,
    steps,
  }))
  yield stamp({
    type: 'run-start',
    run: 'a1b2c3d4',
    mode,
    playbook: 'playbooks/cluster.yaml',
    plays: playNames,
    lab,
  })
  const alive = new Set(names)
  for (let play = 0; play < plays; play++) {
    yield stamp({ type: 'play-start', play, name: `Play ${play + 1}`, hosts: [...alive] })
    if (play === 0) yield* connect(names, alive, trouble, stamp)
    for (let number = 1; number <= steps; number++) {
      for (const host of alive) yield* step(host, stepOf(play, number), alive, trouble, stamp)
    }
    for (const host of alive) yield stamp({ type: 'host-end', host, play, state: 'done' })
    yield stamp({ type: 'play-end', play })
  }
  const exitCode = trouble ? 3 : mode === 'check' ? 2 : 0
  yield stamp({
    type: 'run-end',
    run: 'a1b2c3d4',
    exitCode,
    ms: at + 10 - startedAt,
    roundTrips: { rpi01: 3 },
  })
}

function namesOf(hosts: number): string[] {
  return Array.from({ length: hosts }, (_, at) => hostNames[at] ?? `rpi${at}`)
}

type Stamp = <T extends object>(event: T) => RunEvent & T

function* connect(names: string[], alive: Set<string>, trouble: boolean, stamp: Stamp): Generator<RunEvent> {
  for (const host of names) yield stamp({ type: 'host-connecting', host, attempt: 1 })
  for (const host of names) {
    if (trouble && host === 'rpi07') {
      yield stamp({ type: 'host-retry', host, attempt: 1, failure: refused, waitMs: 2000 })
      yield stamp({ type: 'host-unreachable', host, failure: refused })
      yield stamp({ type: 'host-end', host, play: 0, state: 'unreachable' })
      alive.delete(host)
    } else yield stamp({ type: 'host-connected', host, ms: 85 })
  }
}

function* step(
  host: string,
  name: StepName,
  alive: Set<string>,
  trouble: boolean,
  stamp: Stamp,
): Generator<RunEvent> {
  yield stamp({ type: 'step-start', host, step: name })
  if (name.number === 2) {
    yield stamp({
      type: 'step-output',
      host,
      step: name,
      stream: 'stdout',
      text: 'Reading package lists...\nGet:1 http://deb',
    })
    yield stamp({
      type: 'step-output',
      host,
      step: name,
      stream: 'stdout',
      text: '.debian.org\r 10%\r 55% \x1b[32m■■■\x1b[0m パッケージ',
    })
  }
  if (trouble && host === 'rpi03' && name.number === 2 && name.play === 0) {
    yield end(host, name, 'failed', stamp, { failure: aptFailure })
    yield stamp({ type: 'host-end', host, play: name.play, state: 'failed' })
    alive.delete(host)
    return
  }
  const status = (['changed', 'ok', 'changed', 'skipped'] as const)[name.number % 4]!
  const changes = status === 'changed' ? [changeOf(host, name)] : []
  yield end(host, name, status, stamp, {
    changes,
    message: status === 'skipped' ? 'when: docker is wanted' : undefined,
  })
}

function changeOf(host: string, step: StepName): ShownChange {
  if (step.number === 4) return { summary: `set the hostname to ${host}` }
  return {
    summary: 'create /etc/motd (0644)',
    diff: '--- /etc/motd\n+++ /etc/motd\n@@ -0,0 +1,1 @@\n+welcome\n',
  }
}

function end(host: string, step: StepName, status: StepStatus, stamp: Stamp, more: object): RunEvent {
  return stamp({
    type: 'step-end',
    host,
    step,
    status,
    certainty: 'observed',
    changes: [],
    ms: 20,
    ...more,
  }) as RunEvent
}
