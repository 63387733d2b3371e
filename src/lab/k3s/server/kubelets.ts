import { request as httpsRequest } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import type { Cluster } from '../api/cluster.ts'
import { nodes } from '../api/kinds.ts'
import type { KubeObject, Value } from '../api/object.ts'
import { ApiError, badRequest } from '../api/status.ts'
import type { Pair } from '../crypto/certificate.ts'

/** How the server reaches the agents: as the kubelet's one client, by its certificate. */
export interface KubeletAccess {
  cluster: Cluster
  /** Of the server, for the agents. */
  client: Pair
  authority: string
}

export interface KubeletAddress {
  host: string
  port: number
}

/** Where the agent of a pod's node listens. */
export function kubeletOf({ cluster }: KubeletAccess, pod: KubeObject): KubeletAddress {
  const { nodeName } = pod.spec
  if (nodeName === undefined) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
  const node = cluster.require(nodes, nodeName)
  const host = (node.status?.addresses ?? []).find((one: Value) => one.type === 'InternalIP')?.address
  return { host, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250 }
}

const identity = ({ client, authority }: KubeletAccess) => ({
  cert: client.certificate,
  key: client.key,
  ca: authority,
  // The node's certificate bears its name and the address it had when it joined.
  checkServerIdentity: () => undefined,
})

const dialing = ({ host, port }: KubeletAddress, error: NodeJS.ErrnoException) => {
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ETIMEDOUT: 'i/o timeout',
  }
  return new ApiError(
    500,
    'InternalError',
    `error dialing backend: dial tcp ${host}:${port}: ${reasons[error.code ?? ''] ?? error.message}`,
  )
}

const patience = 10_000

/** Passes an upgraded connection on to an agent and back, byte by byte. */
export function tunnel(
  access: KubeletAccess,
  to: KubeletAddress,
  path: string,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const backend: TLSSocket = connect(
      { ...to, ...identity(access), timeout: patience, ALPNProtocols: ['http/1.1'] },
      () => {
        backend.setTimeout(0)
        backend.write(`${message.method} ${path} HTTP/1.1\r\n${headerLines(message)}\r\n`)
        backend.write(head)
        socket.pipe(backend).pipe(socket)
        resolve()
      },
    )
    const close = () => {
      backend.destroy()
      socket.destroy()
    }
    backend.on('timeout', () =>
      backend.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })),
    )
    backend.on('error', (error) => {
      reject(dialing(to, error))
      if (backend.bytesRead > 0) close()
    })
    backend.on('close', () => socket.end())
    socket.on('error', close)
    socket.on('close', () => backend.destroy())
  })
}

function headerLines({ rawHeaders }: IncomingMessage): string {
  let lines = ''
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!/^(authorization|cookie)$/i.test(rawHeaders[index] ?? ''))
      lines += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`
  }
  return lines
}

/** Passes a plain request on to an agent and its answer back. */
export function relay(
  access: KubeletAccess,
  to: KubeletAddress,
  path: string,
  asked: { method: string; headers: Record<string, string>; body: Buffer },
  response: ServerResponse,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      ...to,
      ...identity(access),
      path,
      method: asked.method,
      headers: asked.headers,
      agent: false as const,
    }
    const call = httpsRequest(options, (reply) => {
      call.setTimeout(0)
      response.writeHead(reply.statusCode ?? 502, reply.headers)
      response.flushHeaders()
      reply.pipe(response)
      reply.on('end', resolve)
      response.on('close', () => call.destroy())
    })
    call.setTimeout(patience, () =>
      call.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })),
    )
    call.on('error', (error) => (response.headersSent ? resolve() : reject(dialing(to, error))))
    call.end(asked.body)
  })
}
