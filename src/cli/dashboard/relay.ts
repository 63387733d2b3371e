import { type AddressInfo, createServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { UsageError } from '../../core/errors.ts'
import { listenOutside } from '../../lab/outside.ts'

/** How many ports after one that is taken are tried, to name a free one. */
const TRIES = 20

/**
 * Listens at 127.0.0.1 of this machine and nowhere else; also from within the lab, whose network no browser is in.
 * Throws UsageError when it can't, naming a port that is free.
 */
export async function listenAt(port: number, lab = false): Promise<Server> {
  const listen = lab ? listenOutside : listenHere
  try {
    return await listen(port)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EACCES') throw new UsageError(`port ${port} is for root only`, 'take one from 1024 on')
    if (code !== 'EADDRINUSE') throw new UsageError(`port ${port} can't be opened: ${message}`)
    const free = await freeAfter(port, listen)
    const hint = `try: provision dashboard --port ${free}${lab ? ' --lab' : ''}`
    throw new UsageError(`port ${port} of this machine is taken; nothing was contacted`, hint)
  }
}

function listenHere(port: number): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server.off('error', reject)))
  })
}

/** 0 means any, where all that were tried are taken. */
async function freeAfter(taken: number, listen: (port: number) => Promise<Server>): Promise<number> {
  for (let port = taken + 1; port <= Math.min(taken + TRIES, 65_535); port++) {
    const server = await listen(port).catch(() => undefined)
    server?.close()
    if (server !== undefined) return port
  }
  return 0
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** Joins whoever comes to a stream of their own. What it returns closes them all, and the port. */
export function relay(server: Server, dial: () => Promise<Duplex>): () => void {
  const open = new Set<Duplex>()
  const keep = (stream: Duplex, other?: Duplex): void => {
    open.add(stream)
    stream.on('error', () => stream.destroy())
    stream.once('close', () => {
      open.delete(stream)
      other?.destroy()
    })
  }
  server.on('connection', (socket) => {
    keep(socket)
    dial().then(
      (stream) => {
        keep(stream, socket)
        socket.once('close', () => stream.destroy())
        if (socket.destroyed) stream.destroy()
        socket.pipe(stream).pipe(socket)
      },
      () => socket.destroy(),
    )
  })
  return () => {
    server.close()
    for (const stream of open) stream.destroy()
  }
}
