import { constants } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Duplex } from 'node:stream'
import { anonymous, authenticate, impersonated, type User } from '../api/auth.ts'
import { type Answer, readBody, type Request } from '../api/request.ts'
import { type Api, route } from '../api/router.ts'
import { ApiError, noSuchPath, statusOf, unauthorized } from '../api/status.ts'
import type { Exchange } from '../cassandra/exchange.ts'
import type { Pair } from '../crypto/certificate.ts'
import { log } from '../log.ts'
import type { KubeletAccess } from './kubelets.ts'
import { refuseStream, serveStream } from './streams.ts'
import { type Supervisor, supervise } from './supervisor.ts'

export interface Listener {
  api: Api
  supervisor: Supervisor
  certificate: Pair
  /** To the agents. */
  kubelets: KubeletAccess
  exchange: Exchange
}

/** Serves the API and k3s's own paths over TLS. */
export function makeListener(listener: Listener): Server {
  const options = {
    cert: listener.certificate.certificate,
    key: listener.certificate.key,
    ca: listener.supervisor.authorities.client.certificate,
    requestCert: true,
    rejectUnauthorized: false,
    // A resumed session would come without the client's certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    ALPNProtocols: ['http/1.1'],
  }
  const server = createServer(options, (message, response) => void handle(listener, message, response))
  server.on('upgrade', (message, socket, head) => void upgrade(listener, message, socket, head))
  server.keepAliveTimeout = 90_000
  server.headersTimeout = 60_000
  server.requestTimeout = 0
  return server
}

async function handle(listener: Listener, message: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const url = new URL(message.url ?? '/', 'https://k3s')
    const text = supervise(listener.supervisor, message, url.pathname)
    if (text !== undefined) return void response.writeHead(200, { 'content-type': 'text/plain' }).end(text)
    const request = await requestOf(listener, message, url)
    if (url.pathname === '/simulation/rings') return reply(response, rings(listener, request))
    const answer = await route(listener.api, request, response)
    if (answer !== undefined) reply(response, answer)
  } catch (error) {
    fail(response, error)
  }
}

/** What the nodes of Cassandra on the cluster's nodes tell each other. */
function rings({ exchange }: Listener, { method, user, body }: Request): Answer {
  if (!user.groups.includes('system:nodes')) throw noSuchPath()
  if (method === 'GET') return { code: 200, body: exchange.all() }
  return { code: 200, body: exchange.tell(JSON.parse(body.toString())) }
}

async function upgrade(
  listener: Listener,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on('error', () => {})
  try {
    await serveStream(listener.kubelets, userOf(listener, message), message, socket, head)
  } catch (error) {
    refuseStream(socket, error)
  }
}

function userOf({ api }: Listener, message: IncomingMessage): User {
  const user = authenticate(message, api.key, api.cluster.store)
  if (user === undefined || user === anonymous) throw unauthorized()
  return impersonated(api.cluster.store, user, message)
}

async function requestOf(listener: Listener, message: IncomingMessage, url: URL): Promise<Request> {
  const user = userOf(listener, message)
  const { method = 'GET', headers } = message
  return { method, headers, user, path: url.pathname, query: url.searchParams, body: await readBody(message) }
}

function reply(response: ServerResponse, answer: Answer): void {
  for (const warning of answer.warnings ?? [])
    response.appendHeader('warning', `299 - ${JSON.stringify(warning)}`)
  const isText = typeof answer.body === 'string'
  response.writeHead(answer.code, { 'content-type': isText ? 'text/plain' : 'application/json' })
  response.end(isText ? answer.body : JSON.stringify(answer.body))
}

function fail(response: ServerResponse, error: unknown): void {
  if (!(error instanceof ApiError)) log.error(`bug in the simulation: ${(error as Error).stack}`)
  const known = error instanceof ApiError ? error : new ApiError(500, 'InternalError', String(error))
  if (response.headersSent) return void response.destroy()
  response.writeHead(known.code, { 'content-type': 'application/json' })
  response.end(JSON.stringify(statusOf(known)))
}
