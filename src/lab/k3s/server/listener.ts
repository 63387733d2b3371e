import { constants } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { anonymous, authenticate } from '../api/auth.ts'
import { type Answer, readBody, type Request } from '../api/request.ts'
import { type Api, route } from '../api/router.ts'
import { ApiError, statusOf, unauthorized } from '../api/status.ts'
import type { Pair } from '../crypto/certificate.ts'
import { log } from '../log.ts'
import { type Supervisor, supervise } from './supervisor.ts'

export interface Listener {
  api: Api
  supervisor: Supervisor
  certificate: Pair
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
    const answer = route(listener.api, await requestOf(listener, message, url), response)
    if (answer !== undefined) reply(response, answer)
  } catch (error) {
    fail(response, error)
  }
}

async function requestOf(listener: Listener, message: IncomingMessage, url: URL): Promise<Request> {
  const { key, cluster } = listener.api
  const user = authenticate(message, key, cluster.store)
  if (user === undefined || user === anonymous) throw unauthorized()
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
