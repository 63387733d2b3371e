import assert from 'node:assert/strict'
import type { RunEvent } from '../../src/core/event.ts'
import { coloursFor, noColours } from '../../src/render/colour.ts'
import { createLive, type Terminal } from '../../src/render/live.ts'
import { width } from '../../src/render/text.ts'
import { runEvents, startedAt, stepOf } from './fixture.ts'
import { FakeClock, FakeTerminal } from './terminal.ts'

function open(columns = 80, rows = 24, colours = noColours, more = {}) {
  const terminal = new FakeTerminal(columns, rows)
  const clock = new FakeClock(startedAt)
  const live = createLive(
    { stdout: terminal, stderr: terminal } as unknown as Terminal,
    { colours, ...more },
    clock,
  )
  const feed = (event: RunEvent) => {
    clock.advance(event.at)
    live.event(event)
  }
  return { terminal, clock, live, feed }
}

/** Events of the fixture up to the first that matches. */
function until(matches: (event: RunEvent) => boolean): RunEvent[] {
  const events = [...runEvents()]
  return events.slice(0, events.findIndex(matches) + 1)
}

const firstOutput = until((event) => event.type === 'step-output' && event.host === 'rpi05')

describe('live view', () => {
  it('never is wider or taller than the terminal, whatever happens', async () => {
    for (const [columns, rows] of [
      [80, 24],
      [40, 10],
      [200, 50],
      [20, 5],
      [80, 3],
    ] as const) {
      const { terminal, feed, live } = open(columns, rows, coloursFor({}, { FORCE_COLOR: '1' }))
      let tallest = 0
      for (const [at, event] of [...runEvents()].entries()) {
        feed(event)
        if (at % 20 > 0) continue
        const permanent = terminal.lines.findLastIndex((line) => /^\[|^[✔✖] \d/.test(line)) + 1
        tallest = Math.max(tallest, terminal.lines.length - permanent)
        const wide = terminal.lines.slice(permanent).find((line) => width(line) >= columns)
        assert.equal(wide, undefined, `at ${columns}x${rows}`)
      }
      assert.ok(tallest > 0 && tallest < rows, `${tallest} lines at ${columns}x${rows}`)
      await live.close()
    }
  })

  it('counts no time before the run has begun', async () => {
    const { terminal, live } = open()
    assert.deepEqual(terminal.lines, [`starting${' '.repeat(67)}0:00`])
    await live.close()
  })

  it('shows a row per host on 80x24, with step, tail, counts and time', async () => {
    const { terminal, clock, feed, live } = open()
    firstOutput.forEach(feed)
    clock.advance(startedAt + 4300)
    const screen = terminal.screen()
    assert.equal(screen.length, 24)
    assert.deepEqual(screen.slice(-19, -15), [
      '',
      'play 1/2  Play 1  (15 hosts)                                         lab · 0:03',
      '  host            step                                       ok chg fail   time',
      '⠙ rpicloud   2/12 Install packages  55% ■■■ パッケージ        1   1    0   0:03',
    ])
    assert.match(screen.at(-11)!, /^. rpi05 +2\/12 Install packages  Get:1 http:\/\/deb +1 +0 +0 +0:03$/)
    assert.match(screen.at(-13)!, /^✖ rpi03 +2\/12 failed: Install packages  apt-get/)
    assert.match(screen.at(-9)!, /^✖ rpi07 +unreachable  connection refused/)
    await live.close()
  })

  it('draws a thousand hosts ten times a second at most, and no more of them than fit', async () => {
    const { terminal, clock, feed, live } = open(120, 50)
    let events = 0
    for (const event of runEvents({ hosts: 1000, steps: 1, plays: 1, trouble: false })) {
      feed(event)
      events++
    }
    const frames = (clock.time - startedAt) / 100 + 1
    assert.ok(
      events > 4000 && terminal.writes <= frames + 2,
      `${terminal.writes} writes for ${frames} frames`,
    )
    const most = 50 * 120
    assert.ok(
      terminal.characters <= terminal.writes * most,
      `${terminal.characters / terminal.writes} a frame`,
    )
    await live.close()
  })

  it('says how long a step has been silent, and its last words where there is room', async () => {
    for (const [columns, shown] of [
      [80, /^⠿ rpi05 .* Install packages  silent for 12 s  Get:1… +1 /],
      [120, /^⠿ rpi05 .* Install packages  silent for 12 s  Get:1 http:\/\/deb +1 /],
    ] as const) {
      const { terminal, clock, feed, live } = open(columns)
      firstOutput.forEach(feed)
      clock.advance(clock.time + 12_300)
      assert.match(terminal.screen().at(-11)!, shown)
      await live.close()
    }
  })

  it('prints a failure above the rows the moment it happens, and once', async () => {
    const { terminal, clock, feed, live } = open()
    const events = until((event) => event.type === 'step-end' && event.status === 'failed')
    events.forEach(feed)
    clock.advance(clock.time + 100)
    const said = () =>
      terminal.lines.filter((line) => line.startsWith('[rpi03] FAILED 2/12 Install packages'))
    assert.equal(said().length, 1)
    clock.advance(clock.time + 5000)
    await live.close()
    assert.equal(said().length, 1)
    assert.ok(
      terminal.lines.includes('[rpi03]   stderr    E: Sub-process /usr/bin/dpkg returned an error code (1)'),
    )
    assert.ok(terminal.lines.includes('[rpi03]             E: Unmet dependencies'))
  })

  it('leaves one line per play and nothing of the rows, and gives the cursor back', async () => {
    const { terminal, feed, live } = open()
    for (const event of runEvents({ trouble: false })) {
      feed(event)
      if (event.type === 'step-end') assert.equal(terminal.cursorShown, false)
    }
    await live.close()
    assert.deepEqual(terminal.screen(), [
      '✔ 1/2 Play 1                                      15 hosts, 90 changed    0:04',
      '✔ 2/2 Play 2                                      15 hosts, 90 changed    0:04',
    ])
    assert.equal(terminal.cursorShown, true)
    assert.equal(terminal.listenerCount('resize'), 0)
  })

  it('gives the cursor back when the process exits under it', async () => {
    const before = process.listeners('exit')
    const { terminal, feed, live } = open()
    firstOutput.forEach(feed)
    const added = process.listeners('exit').filter((one) => !before.includes(one))
    assert.equal(added.length, 1)
    assert.equal(terminal.cursorShown, false)
    added[0]!.call(process, 1)
    assert.equal(terminal.cursorShown, true)
    await live.close()
    assert.deepEqual(process.listeners('exit'), before)
  })

  it('leaves nothing of the rows behind when lines go or come above them', async () => {
    const { terminal, feed, live } = open(80, 12)
    for (const event of runEvents({ hosts: 20 })) feed(event)
    await live.close()
    assert.deepEqual(
      terminal.lines.filter((line) => /^. rpi|running|^play |starting/.test(line)),
      [],
    )
  })

  it('draws at most ten times a second, and not at all when nothing changes', async () => {
    const { terminal, clock, feed, live } = open()
    const events = [...runEvents()]
    const draws = terminal.writes
    events.slice(0, 500).forEach(feed)
    assert.ok(terminal.writes - draws <= (clock.time - startedAt) / 100 + 1)
    clock.advance(clock.time + 100)
    const quiet = terminal.writes
    clock.advance(clock.time + 10_000)
    assert.ok(terminal.writes - quiet <= 10)
    await live.close()
  })

  it('folds hosts at rest when there are more than lines', async () => {
    const { terminal, clock, feed, live } = open(80, 24)
    const events = [...runEvents({ hosts: 300, steps: 2, trouble: false })]
    events.slice(0, 900).forEach(feed)
    clock.advance(clock.time + 100)
    const screen = terminal.screen()
    assert.match(screen.at(-2)!, /^… \d+ more running: rpi/)
    assert.match(screen.at(-1)!, /^ {2}300 running$/)
    assert.equal(screen.length, 23)
    await live.close()
  })

  it('draws afresh after the terminal was resized', async () => {
    const { terminal, clock, feed, live } = open(100, 30)
    firstOutput.forEach(feed)
    clock.advance(clock.time + 100)
    terminal.columns = 60
    terminal.emit('resize')
    const rows = terminal.screen().filter((line) => /^. rpi05 /.test(line))
    assert.ok(width(rows.at(-1)!) < 60)
    await live.close()
  })

  it('shows above the rows what others write meanwhile, also a question', async () => {
    const { terminal, clock, feed, live } = open()
    firstOutput.forEach(feed)
    clock.advance(clock.time + 100)
    terminal.write('a stray warning\n')
    terminal.write('Passphrase for key: ')
    clock.advance(clock.time + 100)
    const at = terminal.lines.indexOf('a stray warning')
    assert.deepEqual(terminal.lines.slice(at, at + 3), ['a stray warning', 'Passphrase for key: ', ''])
    assert.match(terminal.screen().at(-1)!, /^ {2}13 running/)
    terminal.write('last words\n')
    await live.close()
    assert.equal(terminal.lines.filter((line) => line === 'last words').length, 1)
    terminal.write('and after')
    assert.equal(terminal.screen().at(-1), 'and after')
  })

  it('lets no escape sequence of a host through', async () => {
    const { terminal, clock, feed, live } = open()
    firstOutput.forEach(feed)
    feed({
      at: clock.time,
      type: 'step-output',
      host: 'rpi01',
      step: stepOf(0, 2),
      stream: 'stdout',
      text: '\n\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m \u202eevil\n',
    })
    clock.advance(clock.time + 100)
    assert.match(terminal.screen().find((line) => line.includes('rpi01 '))!, / red evil /)
    await live.close()
  })
})
