import assert from 'node:assert/strict'
import type { RunEvent } from '../../src/core/event.ts'
import { foldRun } from '../../src/render/report.ts'
import { refused, runEvents, startedAt, stepOf } from './fixture.ts'

const at = startedAt
const host = 'rpi01'
const end = (status: 'failed' | 'changed', more: object): RunEvent => ({
  at,
  type: 'step-end',
  host,
  step: stepOf(0, 1),
  status,
  certainty: 'observed',
  changes: [],
  ms: 1,
  ...more,
})

describe('report of a run', () => {
  it('counts per host and per play', () => {
    const report = foldRun(runEvents())
    const { ok, changed, skipped, failed, state } = report.hosts.rpi02!
    assert.deepEqual(
      { ok, changed, skipped, failed, state },
      { ok: 6, changed: 12, skipped: 6, failed: 0, state: 'done' },
    )
    assert.equal(report.hosts.rpi03!.state, 'failed')
    assert.equal(report.hosts.rpi07!.state, 'unreachable')
    assert.deepEqual(
      report.plays.map((play) => [play.hosts.length, play.failed]),
      [
        [15, 1],
        [13, 0],
      ],
    )
    assert.equal(report.exitCode, 3)
    assert.equal(report.failures.length, 2)
    assert.deepEqual(JSON.parse(JSON.stringify(report)).roundTrips, { rpi01: 3 })
  })

  it('counts no change of a step that failed, and a step that changed without saying what', () => {
    const report = foldRun([
      end('failed', { changes: [{ summary: 'x' }], failure: { kind: 'task', message: 'no' } }),
      end('changed', {}),
    ])
    assert.deepEqual(
      report.changes.map((change) => change.summary),
      ['Set the hostname'],
    )
  })

  it('takes a locked host for failed, and an interrupted step for no failure', () => {
    const locked: RunEvent = {
      at,
      type: 'host-unreachable',
      host,
      failure: { kind: 'task', message: 'locked' },
    }
    const lost: RunEvent = { at, type: 'host-unreachable', host, failure: refused }
    const over = (state: 'failed' | 'unreachable' | 'interrupted'): RunEvent => ({
      at,
      type: 'host-end',
      host,
      play: 0,
      state,
    })
    assert.equal(foldRun([locked, over('failed')]).hosts[host]!.state, 'failed')
    assert.equal(foldRun([lost, over('unreachable')]).hosts[host]!.state, 'unreachable')
    const stopped = foldRun([
      end('failed', { failure: { kind: 'interrupted', message: '' } }),
      over('interrupted'),
    ])
    assert.equal(stopped.hosts[host]!.state, 'interrupted')
    assert.deepEqual([stopped.failures, stopped.hosts[host]!.failed], [[], 0])
  })
})
