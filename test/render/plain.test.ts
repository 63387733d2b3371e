import assert from 'node:assert/strict'
import type { RunEvent } from '../../src/core/event.ts'
import { coloursFor, noColours } from '../../src/render/colour.ts'
import { createPlain } from '../../src/render/plain.ts'
import type { Look } from '../../src/render/renderer.ts'
import type { StepEnd } from '../../src/render/report.ts'
import { runEvents, startedAt, stepOf } from './fixture.ts'
import { FakeClock } from './terminal.ts'

function plain(events: Iterable<RunEvent>, look: Partial<Look> = {}): string[] {
  let text = ''
  const renderer = createPlain(
    (part) => (text += part),
    { colours: noColours, ...look },
    new FakeClock(startedAt),
  )
  for (const event of events) renderer.event(event)
  void renderer.close()
  assert.ok(text === '' || text.endsWith('\n'))
  return text.split('\n').slice(0, -1)
}

const of = (lines: string[], host: string) => lines.filter((line) => line.startsWith(`[${host}]`))

describe('plain lines', () => {
  it('tell what changed and nothing of what did not', () => {
    const lines = plain(runEvents({ plays: 1, steps: 4, trouble: false }))
    assert.deepEqual(lines.slice(0, 3), [
      'playbooks/cluster.yaml: 1 play, 15 hosts, in the lab',
      'PLAY 1/1 Play 1 (15 hosts)',
      '[rpicloud] changed: create /etc/motd (0644)',
    ])
    assert.deepEqual(of(lines, 'rpi02'), [
      '[rpi02] changed: create /etc/motd (0644)',
      '[rpi02] changed: set the hostname to rpi02',
    ])
  })

  it('say in a check that nothing is changed', () => {
    const lines = plain(runEvents({ plays: 1, steps: 4, trouble: false, mode: 'check', lab: undefined }))
    assert.equal(lines[0], 'playbooks/cluster.yaml: 1 play, 15 hosts, check only: nothing is changed')
    assert.equal(of(lines, 'rpi02')[0], '[rpi02] would change: create /etc/motd (0644)')
  })

  it('tell a failure with all that is known of it', () => {
    assert.deepEqual(of(plain(runEvents({ plays: 1, steps: 4 })), 'rpi03'), [
      '[rpi03] FAILED 2/4 Install packages: apt-get install ended with code 100: a package could not be installed',
      '[rpi03]   command   DEBIAN_FRONTEND=noninteractive apt-get install -y docker.io',
      '[rpi03]   exit code 100',
      '[rpi03]   stderr    E: Sub-process /usr/bin/dpkg returned an error code (1)',
      '[rpi03]             E: Unmet dependencies',
      '[rpi03]   place     playbooks/cluster.yaml:21:7',
      '[rpi03]   hint      see what is wrong with: sudo dpkg --configure -a',
    ])
  })

  it("tell what a task's own script was to do, and show a command that the user wrote", () => {
    const script = `set -e\n${'x'.repeat(120)}`
    const failed = (task: string, message = 'no'): string[] =>
      plain([
        ...[...runEvents({ plays: 1, steps: 1, hosts: 1, trouble: false })].slice(0, 2),
        {
          at: 1,
          type: 'step-end',
          host: 'rpicloud',
          step: { play: 0, number: 1, name: 'Tools', task },
          status: 'failed',
          certainty: 'observed',
          changes: [{ summary: 'install git' }, { summary: 'remove vim' }],
          failure: { kind: 'command', message, hint: undefined, command: script, code: 100 },
          ms: 1,
        },
      ]).slice(2)
    assert.deepEqual(failed('package'), [
      '[rpicloud] FAILED 1/1 Tools: no',
      '[rpicloud]   doing     install git; remove vim',
      '[rpicloud]   exit code 100',
    ])
    assert.deepEqual(failed('command')[1], '[rpicloud]   command   set -e')
    const refused = failed('command', "can't write /etc/x: Permission denied").at(-1)
    assert.equal(
      refused,
      "[rpicloud]   hint      if it needs root: write 'become: true' in the play or the step",
    )
  })

  it('tell of a host that can not be reached, and of the attempts', () => {
    assert.deepEqual(of(plain(runEvents({ plays: 1, steps: 1 })), 'rpi07'), [
      '[rpi07] attempt 1 failed: connection refused by 10.0.0.7 port 22; trying again in 2.0 s',
      '[rpi07] UNREACHABLE: connection refused by 10.0.0.7 port 22',
      '[rpi07]   hint      is it powered on, and does sshd run?',
    ])
  })

  it('tell everything with verbose, and diffs with diff', () => {
    const lines = plain(runEvents({ plays: 1, steps: 4, trouble: false }), { verbose: true, diff: true })
    assert.deepEqual(of(lines, 'rpi02'), [
      '[rpi02] connected in 0.1 s',
      '[rpi02] ok: 1/4 Set the hostname',
      '[rpi02] | Reading package lists...',
      '[rpi02] | Get:1 http://deb',
      '[rpi02] |  55% ■■■ パッケージ',
      '[rpi02] changed: create /etc/motd (0644)',
      '[rpi02]   --- /etc/motd',
      '[rpi02]   +++ /etc/motd',
      '[rpi02]   @@ -0,0 +1,1 @@',
      '[rpi02]   +welcome',
      '[rpi02] skipped: 3/4 Zeitzone einstellen (Москва → 東京都千代田区霞が関一丁目) (when: docker is wanted)',
      '[rpi02] changed: set the hostname to rpi02',
    ])
  })

  it('carry escape codes only when colours are wanted', () => {
    assert.ok(!plain(runEvents(), { verbose: true, diff: true }).join('').includes('\x1b'))
    const coloured = plain(runEvents(), { colours: coloursFor({}, { FORCE_COLOR: '1' }), diff: true })
    assert.ok(coloured.some((line) => line.includes('\x1b[32m+welcome\x1b[39m')))
  })

  it('give a sign of life of a step that takes long, every 30 s', () => {
    const lines: string[] = []
    const clock = new FakeClock(startedAt)
    const renderer = createPlain((text) => lines.push(text), { colours: noColours }, clock)
    const step = stepOf(0, 2)
    renderer.event({ at: startedAt, type: 'step-start', host: 'rpi01', step })
    clock.advance(startedAt + 20_000)
    renderer.event({
      at: clock.time,
      type: 'step-output',
      host: 'rpi01',
      step,
      stream: 'stdout',
      text: 'Unpacking\n',
    })
    clock.advance(startedAt + 75_000)
    void renderer.close()
    clock.advance(startedAt + 500_000)
    assert.deepEqual(lines, [
      '[rpi01] still running after 30 s: 2/? Install packages; last: Unpacking\n',
      '[rpi01] still running after 1:00 min: 2/? Install packages, silent for 40 s; last: Unpacking\n',
    ])
  })

  it('tell of messages, unknown steps, provisional changes and interruptions', () => {
    const step = stepOf(0, 1)
    const at = startedAt
    const end = (more: Partial<StepEnd>): StepEnd => ({
      at,
      type: 'step-end',
      host: 'rpi01',
      step,
      status: 'ok',
      certainty: 'provisional',
      changes: [],
      ms: 1,
      ...more,
    })
    assert.deepEqual(
      plain([
        { at, type: 'notice', message: 'the lab has no k3s release\nit simulates one' },
        end({ status: 'ok', message: 'two\nlines' }),
        end({ status: 'unknown', message: 'package docker.io first' }),
        end({ status: 'changed' }),
        end({ status: 'changed', changes: [{ summary: 'run x', repeats: true }] }),
        end({
          status: 'changed',
          certainty: 'observed',
          step: { play: 0, number: 2, name: 'again', task: 'systemd', handler: true },
          changes: [{ summary: 'restart x', repeats: true }],
        }),
        end({ status: 'failed', failure: { kind: 'interrupted', message: 'interrupted' } }),
        {
          at,
          type: 'host-unreachable',
          host: 'rpi01',
          failure: { kind: 'task', message: 'locked by pi@laptop' },
        },
      ]),
      [
        'the lab has no k3s release',
        'it simulates one',
        '[rpi01] two',
        '[rpi01] lines',
        '[rpi01] unknown until applied: Set the hostname (package docker.io first)',
        '[rpi01] changed: 1/? Set the hostname',
        '[rpi01] changed: run x [provisional, runs every time]',
        '[rpi01] changed: restart x [handler]',
        '[rpi01] interrupted: 1/? Set the hostname',
        '[rpi01] FAILED: locked by pi@laptop',
      ],
    )
  })
})
