import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { once } from 'node:events'
import { ApiError, notFound, notSimulated, statusOf } from '../api/status.ts'
import { pods } from '../api/kinds.ts'
import { log } from '../log.ts'
import { refuseStream } from '../server/streams.ts'
import { serveAttach, serveExec } from './serve-exec.ts'
import { serveLog } from './serve-log.ts'
import { serveWeb } from './serve-web.ts'
import type { NodeIdentity } from './client.ts'
import type { Kubelet } from './kubelet.ts'
import type { NodeParts } from './node-parts.ts'
import type { PodWorker } from './pod-worker.ts'
import type { Unit } from './unit.ts'

/** A request about one container of this node. */
export interface ContainerCall {
  parts: NodeParts
  worker: PodWorker
  unit: Unit
  query: URLSearchParams
}

const kubeletPort = 10250

/** Listens as the kubelet does, for the server alone; returns the port, another one where that is taken in tests. */
export async function listenAsKubelet(
  current: () => Kubelet | undefined,
  { serving, clientAuthority }: NodeIdentity,
): Promise<number> {
  const options = {
    cert: serving.certificate,
    key: serving.key,
    ca: clientAuthority,
    requestCert: true,
    rejectUnauthorized: true,
  }
  const server = createServer(options, (message, response) => void handle(current(), message, response))
  server.on('upgrade', (message, socket, head) => void upgrade(current(), message, socket, head))
  server.requestTimeout = 0
  server.on('tlsClientError', () => {})
  await listen(server, process.env.K3S_SIM_ROOT === undefined ? kubeletPort : 0)
  server.on('error', (error) => log.error(`kubelet: ${error.message}`))
  return (server.address() as { port: number }).port
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '0.0.0.0')
  await once(server, 'listening')
}

function requireServer(message: IncomingMessage): void {
  const name = (message.socket as TLSSocket).getPeerCertificate().subject?.CN
  if (name !== 'system:kube-apiserver')
    throw new ApiError(403, 'Forbidden', `the kubelet does not serve ${String(name)}`)
}

/** Reads `/VERB/NAMESPACE/POD/CONTAINER?...`. */
function callOf(
  kubelet: Kubelet | undefined,
  message: IncomingMessage,
): { verb: string; call: ContainerCall } {
  requireServer(message)
  const url = new URL(message.url ?? '/', 'https://kubelet')
  const [verb = '', namespace = '', name = '', container = ''] = url.pathname.split('/').slice(1)
  const worker = kubelet?.find(namespace, name)
  const unit = worker?.units.find((one) => one.spec.name === container)
  if (kubelet === undefined || worker === undefined || unit === undefined) throw notFound(pods, name)
  return { verb, call: { parts: kubelet.parts, worker, unit, query: url.searchParams } }
}

async function handle(
  kubelet: Kubelet | undefined,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { verb, call } = callOf(kubelet, message)
    if (verb === 'containerLogs') await serveLog(call, response)
    else if (verb === 'http') serveWeb(call, response)
    else throw notSimulated(verb)
  } catch (error) {
    const known = error instanceof ApiError ? error : new ApiError(500, 'InternalError', String(error))
    if (response.headersSent) return void response.destroy()
    response
      .writeHead(known.code, { 'content-type': 'application/json' })
      .end(JSON.stringify(statusOf(known)))
  }
}

async function upgrade(
  kubelet: Kubelet | undefined,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => {})
  try {
    const { verb, call } = callOf(kubelet, message)
    if (verb === 'exec') serveExec(call, message, socket, head)
    else if (verb === 'attach') serveAttach(call, message, socket, head)
    else throw notSimulated(`there is no ${verb} of a pod`)
  } catch (error) {
    refuseStream(socket, error)
  }
}
