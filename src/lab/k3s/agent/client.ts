import { Agent, request as httpsRequest, type RequestOptions } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { Value } from '../api/object.ts'
import type { Pair } from '../crypto/certificate.ts'

export interface Identity {
  authority?: string
  certificate?: string
  key?: string
  /** `user:password` */
  basic?: string
}

/** What a node is given when it joins. */
export interface NodeIdentity extends Identity {
  /** For the kubelet's own port, and the authority of those it serves. */
  serving: Pair
  clientAuthority: string
}

export interface Reply {
  code: number
  text: string
}

/** Calls the server as one identity, over one or two connections that stay open. */
export class Client {
  private readonly agent: Agent
  private readonly headers: Record<string, string>
  readonly url: string

  constructor(url: string, identity: Identity) {
    this.url = url
    this.headers = { 'user-agent': 'k3s' }
    if (identity.basic !== undefined) {
      this.headers.authorization = `Basic ${Buffer.from(identity.basic).toString('base64')}`
    }
    this.agent = new Agent({
      keepAlive: true,
      ca: identity.authority,
      cert: identity.certificate,
      key: identity.key,
      rejectUnauthorized: identity.authority !== undefined,
    })
  }

  /** Sends one request; any status code is an answer. Throws in Go's words when there is none. */
  async call(
    method: string,
    path: string,
    body?: Value,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const message = await this.open(method, path, body, headers, 10_000)
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk)
    return { code: message.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
  }

  /** Calls back for every event of a watch; resolves when the stream ends. */
  async watch(
    path: string,
    tell: (event: { type: string; object: Value }) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const message = await this.open('GET', path, undefined, {}, 0, signal)
    if (message.statusCode !== 200) {
      message.resume()
      throw new Error(`${path}: ${message.statusCode}`)
    }
    for await (const line of createInterface({ input: message })) tell(JSON.parse(line))
  }

  close(): void {
    this.agent.destroy()
  }

  private open(
    method: string,
    path: string,
    body: Value,
    headers: Record<string, string>,
    timeout: number,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const text = body === undefined ? '' : JSON.stringify(body)
    // Node frames no body of a DELETE by itself.
    const type =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const options: RequestOptions = {
      method,
      agent: this.agent,
      headers: { ...this.headers, ...type, ...headers },
      signal,
      ...(timeout > 0 ? { timeout } : {}),
    }
    return new Promise((resolve, reject) => {
      const call = httpsRequest(new URL(path, this.url), options, resolve)
      call.on('timeout', () => call.destroy(Object.assign(new Error('i/o timeout'), { code: 'ETIMEDOUT' })))
      call.on('error', (error) =>
        reject(
          new Error(`${method === 'GET' ? 'Get' : method} "${this.url}${path}": ${inGo(error, this.url)}`),
        ),
      )
      call.end(text)
    })
  }
}

/** What k3s's own network library would say: people and programs look for these words in the journal. */
function inGo(error: NodeJS.ErrnoException, url: string): string {
  const { hostname, port } = new URL(url)
  const dial = `dial tcp ${hostname}:${port || '443'}`
  switch (error.code) {
    case 'ECONNREFUSED':
      return `${dial}: connect: connection refused`
    case 'EHOSTUNREACH':
      return `${dial}: connect: no route to host`
    case 'ETIMEDOUT':
      return `${dial}: i/o timeout`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${hostname}: no such host`
    case 'CERT_NOT_YET_VALID':
    case 'CERT_HAS_EXPIRED':
      return `x509: certificate has expired or is not yet valid: current time ${new Date().toISOString()}: ${error.message}`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `x509: certificate is not valid for ${hostname}: ${error.message}`
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'x509: certificate signed by unknown authority'
    default:
      return error.message
  }
}
