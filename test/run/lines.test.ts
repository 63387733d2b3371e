import assert from 'node:assert/strict'
import { linesOf } from '../../src/run/lines.ts'

describe('streamed text', () => {
  const collect = () => {
    const told: string[] = []
    return { told, ...linesOf((stream, text) => void told.push(`${stream}: ${text}`)) }
  }

  it('is told in whole lines, however it comes, and its last words at the end', () => {
    const { told, push, flush } = collect()
    for (const piece of ['pass', 'word ', 'is se', 'cret\nand', ' more\n\nla']) push('stdout', piece)
    push('stderr', 'st\n')
    push('stdout', 'st')
    flush()
    flush()
    assert.deepEqual(told, [
      'stdout: password is secret\n',
      'stdout: and more\n\n',
      'stderr: st\n',
      'stdout: last',
    ])
  })

  it('may be one line of 40 MB', function () {
    // Looked through anew with each piece it would take minutes.
    this.timeout(20_000)
    const { told, push, flush } = collect()
    const piece = 'x'.repeat(32_768)
    for (let gone = 0; gone < 40e6; gone += piece.length) push('stdout', piece)
    flush()
    assert.deepEqual([told.length, told[0]!.length > 40e6], [1, true])
  })
})
