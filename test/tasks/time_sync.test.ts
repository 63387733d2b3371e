import assert from 'node:assert/strict'
import time_sync from '../../tasks/time_sync.ts'
import { testArguments, testTask } from './law.ts'

const set = { summary: 'have the clock set by the network' }
const clock = { borrowed: false, synchronized: true, service: true }

testTask(time_sync, [
  { it: 'leaves a right clock alone', args: {}, facts: { clock }, changes: [] },
  {
    it: 'waits for one that is not set yet',
    args: {},
    facts: { clock: { ...clock, synchronized: false } },
    changes: [set],
  },
  {
    it: 'has one kept right that was only set once',
    args: {},
    facts: { clock: { ...clock, service: false } },
    changes: [set],
  },
  {
    it: "leaves the clock of a container's machine alone",
    args: {},
    facts: { clock: { borrowed: true, synchronized: false, service: false } },
    changes: [],
  },
])

testArguments(time_sync, { 'no time at all': { timeout: 0 } })

describe('the probe of time_sync', () => {
  it('reads what timedatectl says', () => {
    const parse = (text: string) =>
      time_sync.probes({ timeout: 1 }).clock.parse({ code: 0, stdout: Buffer.from(text), stderr: '' })
    assert.deepEqual(parse('NTP=yes\nNTPSynchronized=no\n'), { ...clock, synchronized: false })
    assert.deepEqual(parse('container\n'), { borrowed: true, synchronized: false, service: false })
    assert.deepEqual(parse(''), { borrowed: false, synchronized: false, service: false })
  })
})
