import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A stretch of wire that can be cut or frozen. */
export interface Proxy {
  port: number
  connections: number
  /** Bytes that went to the server. */
  sent: number
  /** Cuts all connections once so many bytes went to the server. */
  cutWhenSent: number
  /** Cuts each further connection after so many bytes from the server. */
  cutAfter: number
  /** Takes connections and says nothing. */
  mute: boolean
  /** Nothing goes through any more, and nobody is told. */
  freeze(): void
  /** Cuts all connections. */
  cut(): void
  close(): void
}

export async function startProxy(target: number): Promise<Proxy> {
  const pairs = new Set<[Socket, Socket]>()
  const proxy: Proxy = {
    port: 0,
    connections: 0,
    sent: 0,
    cutWhenSent: Number.POSITIVE_INFINITY,
    cutAfter: Number.POSITIVE_INFINITY,
    mute: false,
    freeze() {
      for (const [near, far] of pairs) {
        near.unpipe().pause()
        far.unpipe().pause().removeAllListeners('data')
      }
    },
    cut() {
      for (const [near, far] of pairs) {
        near.destroy()
        far.destroy()
      }
    },
    close() {
      proxy.cut()
      listener.close()
    },
  }
  const listener = createServer({ noDelay: true }, (near) => {
    proxy.connections++
    const far = connect({ host: '127.0.0.1', port: target, noDelay: true })
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    let passed = 0
    near.pipe(far)
    near.on('data', (data) => {
      proxy.sent += data.length
      if (proxy.sent >= proxy.cutWhenSent) proxy.cut()
    })
    far.on('data', (data) => {
      const rest = proxy.cutAfter - passed
      passed += data.length
      if (proxy.mute) return
      near.write(data.subarray(0, Math.min(rest, data.length)))
      if (passed >= proxy.cutAfter) near.destroySoon()
    })
    const end = () => {
      near.destroy()
      far.destroy()
      pairs.delete(pair)
    }
    for (const socket of pair) socket.on('error', end).on('close', end)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  proxy.port = (listener.address() as AddressInfo).port
  return proxy
}
