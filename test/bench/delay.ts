/** Stands in the way to a host and delays what goes through: delay.ts PORT ADDRESS MILLISECONDS, half of them each way. */
import net, { type Socket } from 'node:net'

const [port, address, roundTrip] = process.argv.slice(2) as [string, string, string]
const half = Number(roundTrip) / 2

/** The order stays; a long line of packets is late together, as on a long wire. */
function slowly(from: Socket, to: Socket): void {
  from.on('data', (data) => setTimeout(() => to.destroyed || to.write(data), half))
  from.on('end', () => setTimeout(() => to.end(), half))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), half))
}

net
  .createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = net.connect({ host: address, port: 22, noDelay: true, allowHalfOpen: true })
    // The handshake of TCP takes a round trip of its own.
    near.pause()
    far.once('connect', () => setTimeout(() => near.resume(), 2 * half))
    slowly(near, far)
    slowly(far, near)
  })
  .listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
