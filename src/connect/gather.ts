import type { Duplex } from 'node:stream'

type Chunk = { chunk: Buffer }

/**
 * Lets what is written in one turn of the loop leave in one piece. ssh2 writes each packet in three: on a socket that
 * is three system calls, and on a channel through a jump host three packets more, each of them in three again.
 */
export function gather(stream: Duplex): Duplex {
  const write = stream.write.bind(stream) as (data: Buffer) => boolean
  let open = false
  const takeMany = (chunks: Chunk[], done: (error?: Error | null) => void): void =>
    stream._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done)
  // A channel takes one chunk at a time, unless it is told how to take many.
  if (typeof stream._writev !== 'function') Object.assign(stream, { _writev: takeMany })
  const uncork = (): void => {
    open = false
    stream.uncork()
  }
  return Object.assign(stream, {
    write(data: Buffer): boolean {
      if (!open) {
        open = true
        stream.cork()
        process.nextTick(uncork)
      }
      return write(data)
    },
  })
}
