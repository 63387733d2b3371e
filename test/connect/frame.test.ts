import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MarkScanner, scriptBody } from '../../src/connect/frame.ts'

const NONCE = '@0123456789abcdef'

/** What a scanner makes of a stream that arrives in pieces of these sizes, round and round. */
function scan(stream: Buffer, sizes: number[]): string[] {
  const seen: string[] = []
  let data = ''
  const flush = () => {
    if (data !== '') seen.push(data)
    data = ''
  }
  const scanner = new MarkScanner(
    NONCE,
    (chunk) => (data += chunk.toString('latin1')),
    (kind, seq, value) => {
      flush()
      seen.push(`${kind} ${seq} ${value}`)
    },
  )
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const size = sizes[turn % sizes.length]!
    scanner.push(stream.subarray(at, at + size))
    at += size
  }
  flush()
  return seen
}

describe('marks in a stream', () => {
  const stream = Buffer.from(
    `${NONCE} begin 1\nout${NONCE} end 1 0\n${NONCE} begin 2\n@012 not a mark\n${NONCE} end 2 127\nlater\n`,
  )
  const parts = ['begin 1 ', 'out', 'end 1 0', 'begin 2 ', '@012 not a mark\n', 'end 2 127', 'later\n']

  it('are found and taken out', () => assert.deepEqual(scan(stream, [stream.length]), parts))

  it('are found wherever the borders of its pieces are', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }), (sizes) => {
        assert.deepEqual(scan(stream, sizes), parts)
      }),
    )
  })

  it('leave any other bytes as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (bytes, size) => {
        const stream = Buffer.concat([bytes, Buffer.from(`${NONCE} end 7 3\n`)])
        const expected = bytes.length === 0 ? [] : [Buffer.from(bytes).toString('latin1')]
        assert.deepEqual(scan(stream, [size]), [...expected, 'end 7 3'])
      }),
    )
  })

  it('a script with a NUL byte, which no shell can be given, is refused', () => {
    assert.throws(() => scriptBody('echo \0'), { name: 'CommandError', message: /NUL byte/ })
  })
})
