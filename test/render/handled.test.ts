import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { RunEvent, StepName } from '../../src/core/event.ts'
import { noColours } from '../../src/render/colour.ts'
import { eventSchema } from '../../src/render/eventschema.ts'
import { createPlain } from '../../src/render/plain.ts'
import { foldRun } from '../../src/render/report.ts'
import { summaryText } from '../../src/render/summary.ts'
import { startedAt } from './fixture.ts'
import { FakeClock } from './terminal.ts'

const at = startedAt
const name: StepName = { play: 0, number: 2, name: 'Upgrade', task: 'command' }
const failure = { kind: 'task' as const, message: 'no\nreally' }
const end = (host: string, more: Partial<Extract<RunEvent, { type: 'step-end' }>>): RunEvent => ({
  at,
  type: 'step-end',
  host,
  step: name,
  status: 'failed',
  certainty: 'observed',
  changes: [],
  ms: 1,
  ...more,
})
const hosts = ['rpi01', 'rpi02', 'rpi03']
const start: RunEvent[] = [
  {
    at,
    type: 'run-start',
    run: 'a',
    mode: 'apply',
    playbook: 'x.yaml',
    plays: [{ name: 'Rolling', hosts, steps: 3 }],
  },
  { at, type: 'play-start', play: 0, name: 'Rolling', hosts },
  { at, type: 'batch-start', play: 0, batch: 1, batches: 3, hosts: ['rpi01'] },
]
const finish = (exitCode: number): RunEvent => ({
  at,
  type: 'run-end',
  run: 'a',
  exitCode,
  ms: 1000,
  roundTrips: {},
})
const endHost = (host: string, state: 'done' | 'failed' | 'stopped', pending?: string[]): RunEvent => ({
  at,
  type: 'host-end',
  host,
  play: 0,
  state,
  pending,
})

const handled: RunEvent[] = [
  ...start,
  end('rpi01', { failure, handled: 'ignored', tries: 3 }),
  end('rpi01', { failure, handled: 'rescued', step: { ...name, item: 'a' } }),
  end('rpi01', { status: 'changed', step: { ...name, delegate: 'rpi09' }, changes: [{ summary: 'drain' }] }),
  endHost('rpi01', 'done'),
  finish(0),
]
const stopped: RunEvent[] = [
  ...start,
  end('rpi01', { failure, step: { ...name, gate: true }, tries: 2 }),
  endHost('rpi01', 'failed', ['restart docker']),
  { at, type: 'run-stopped', play: 0, message: 'the gate does not hold on rpi01', hosts: ['rpi02', 'rpi03'] },
  endHost('rpi02', 'stopped'),
  endHost('rpi03', 'stopped'),
  finish(3),
]

function plain(events: RunEvent[]): string[] {
  const lines: string[] = []
  const renderer = createPlain(
    (text) => lines.push(...text.split('\n').slice(0, -1)),
    { colours: noColours },
    new FakeClock(at),
  )
  for (const event of events) renderer.event(event)
  void renderer.close()
  return lines
}
const summary = (events: RunEvent[]) =>
  summaryText(foldRun(events), { colours: noColours, argv: ['x.yaml', '-l', 'agents'] })

describe('failures that are handled, batches and gates', () => {
  it('fit the schema', () => {
    const validate = new Ajv2020().compile(eventSchema)
    for (const event of [...handled, ...stopped])
      assert.ok(validate(JSON.parse(JSON.stringify(event))), JSON.stringify(validate.errors))
  })

  it('take a plain line each', () => {
    assert.deepEqual(plain(handled).slice(2), [
      'BATCH 1/3 (rpi01)',
      '[rpi01] failed, ignored: 2/3 Upgrade: no',
      '[rpi01] failed, rescued: 2/3 Upgrade (a): no',
      '[rpi01] changed on rpi09: drain',
    ])
  })

  it('count for no failure of the host', () => {
    const text = summary(handled)
    assert.match(
      text,
      /Failed, but handled\n {2}rpi01: ignored: 2\/3 Upgrade: no\n {2}rpi01: rescued: 2\/3 Upgrade \(a\): no/,
    )
    assert.match(text, /host +ok +changed +skipped +failed +ignored +rescued +time\nrpi01 +0 +1 +0 +0 +1 +1 /)
    assert.match(text, /after 1 change; 1 failure ignored, 1 failure rescued, in 1\.0 s\./)
  })

  it('say why a run has stopped, what is untouched and which handlers are left', () => {
    assert.deepEqual(plain(stopped).slice(3), [
      '[rpi01] FAILED gate Upgrade: no',
      '[rpi01]   really (after 2 tries)',
      'STOPPED: the gate does not hold on rpi01; not touched: rpi02, rpi03',
    ])
    const text = summary(stopped)
    assert.match(text, /Handlers still to run: the next run does\n {2}restart docker {2}\(rpi01\)/)
    assert.match(text, /\nSTOPPED: the gate does not hold on rpi01; not touched: rpi02, rpi03\n/)
    assert.match(text, /rpi02 .* stopped\n/)
    assert.match(text, /# try again\n {2}provision x.yaml -l agents\n/)
  })

  it('tell a jump host that is down once for each attempt', () => {
    const down = (host: string) => ({
      kind: 'connect' as const,
      message: `${host}: jump host rpi09 can't be reached`,
      hint: 'x',
    })
    const attempts = [1, 2].flatMap((attempt) =>
      hosts.map(
        (host): RunEvent => ({ at, type: 'host-retry', host, attempt, failure: down(host), waitMs: 1000 }),
      ),
    )
    const ends = hosts.map((host): RunEvent => ({ at, type: 'host-unreachable', host, failure: down(host) }))
    assert.deepEqual(plain([...attempts, ...ends]), [
      "[rpi01] attempt 1 failed: jump host rpi09 can't be reached; trying again in 1.0 s",
      "[rpi01] attempt 2 failed: jump host rpi09 can't be reached; trying again in 1.0 s",
      "[rpi01] UNREACHABLE: jump host rpi09 can't be reached",
      '[rpi01]   hint      x',
      "[rpi02] UNREACHABLE: jump host rpi09 can't be reached",
      "[rpi03] UNREACHABLE: jump host rpi09 can't be reached",
    ])
  })
})
