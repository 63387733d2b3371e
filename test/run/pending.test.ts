import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parsePending, readPendingScript, recordPendingScript } from '../../src/run/pending.ts'
import { type Loop, makeLoop, run } from '../probe/loop.ts'
import { program, step, word } from './rig.ts'

describe('notes of pending handlers', () => {
  let loop: Loop
  before(function () {
    const made = makeLoop(64 * 2 ** 20)
    if (made === undefined) return this.skip()
    loop = made
  })
  after(() => loop?.free())

  it('are there after a power cut', () => {
    const [here, cut] = ['here', 'cut'].map((name) => join(loop.directory, name)) as [string, string]
    mkdirSync(here, { recursive: true })
    mkdirSync(cut, { recursive: true })
    const handlers = ['restart', "it's two"].map((name) => step(1, word, {}, { name }))
    const [play] = program([{ steps: [], handlers }]).plays
    assert.equal(run(`mkfs.ext4 -q ${loop.device} && mount ${loop.device} ${here}`).code, 0)
    try {
      assert.equal(run(`HOME=${here}; ${recordPendingScript(false, play!, handlers)}`).code, 0)
      // What the disk holds at this moment is what a power cut would leave.
      copyFileSync(join(loop.directory, 'image'), `${cut}.image`)
    } finally {
      run(`umount ${here}`)
    }
    assert.equal(run(`mount -o loop ${cut}.image ${cut}`).code, 0)
    try {
      const left = parsePending(run(`HOME=${cut}; ${readPendingScript(false)}`))
      assert.deepEqual(left.map(({ handler }) => handler).toSorted(), ["it's two", 'restart'])
    } finally {
      run(`umount ${cut}`)
    }
  })
})
