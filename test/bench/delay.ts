/**
 * Stands in the way to a host and delays what goes through: delay.ts PORT ADDRESS MILLISECONDS [MEGABITS], half of the
 * milliseconds each way; no more than so many megabits a second go each way.
 */
import net, { type Socket } from 'node:net'

const [port, address, roundTrip, megabits = 'Infinity'] = process.argv.slice(2) as [
  string,
  string,
  string,
  string?,
]
const half = Number(roundTrip) / 2
const bytesPerMs = Number(megabits) * 125

/** When a direction of the wire, which all connections share, is free again. */
const free = { up: 0, down: 0 }
/** In milliseconds; a sender whose packets wait longer than this is held up. */
const QUEUE = 50

/** The order stays; a long line of packets is late together, as on a long wire. */
function slowly(from: Socket, to: Socket, way: keyof typeof free): void {
  const line: (() => void)[] = []
  // Timers of different lengths may swap; whichever is first takes who is first.
  const send = (bytes: number, act: () => void): number => {
    const now = performance.now()
    free[way] = Math.max(now, free[way]) + bytes / bytesPerMs
    const waits = free[way] - now
    line.push(act)
    setTimeout(() => line.shift()!(), half + waits)
    return waits
  }
  from.on('data', (data) => {
    const waits = send(data.length, () => to.destroyed || to.write(data))
    if (waits < QUEUE) return
    from.pause()
    setTimeout(() => from.resume(), waits - QUEUE / 2)
  })
  from.on('end', () => send(0, () => to.end()))
  from.on('error', () => to.destroy())
  from.on('close', () => send(0, () => to.destroy()))
}

net
  .createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = net.connect({ host: address, port: 22, noDelay: true, allowHalfOpen: true })
    // The handshake of TCP takes a round trip of its own.
    near.pause()
    far.once('connect', () => setTimeout(() => near.resume(), 2 * half))
    slowly(near, far, 'up')
    slowly(far, near, 'down')
  })
  .listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
