import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { gather } from '../../src/connect/gather.ts'

describe('writes of one turn', () => {
  const pieces: string[] = []
  const open = (): Duplex =>
    gather(
      new Duplex({
        read() {},
        write(chunk: Buffer, _encoding, done) {
          pieces.push(chunk.toString())
          done()
        },
      }),
    )
  beforeEach(() => void pieces.splice(0))

  it('leave in one piece, and those of the next turn in another', async () => {
    const stream = open()
    for (const part of ['a', 'b', 'c']) stream.write(Buffer.from(part))
    assert.deepEqual(pieces, [])
    await setImmediate()
    stream.write(Buffer.from('d'))
    await setImmediate()
    assert.deepEqual(pieces, ['abc', 'd'])
  })

  it('are not lost when the stream ends in the same turn', async () => {
    const stream = open()
    stream.write(Buffer.from('a'))
    stream.write(Buffer.from('b'))
    stream.end()
    await once(stream, 'finish')
    assert.equal(pieces.join(''), 'ab')
  })
})
