import type { IncomingMessage } from 'node:http'
import { parseYaml } from '../yaml.ts'
import type { User } from './auth.ts'
import type { Value } from './object.ts'
import { decodeProtobuf, isProtobuf } from './protobuf.ts'
import { badRequest } from './status.ts'

export interface Request {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  user: User
  body: Buffer
}

export interface Answer {
  code: number
  body: Value
  /** Shown by the client as warnings. */
  warnings?: string[]
}

const maxBody = 3 * 1024 * 1024

export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message) {
    size += chunk.length
    if (size > maxBody) throw badRequest('the request is larger than 3 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The body, which is JSON as a rule; YAML too, which server-side apply allows. */
export function parseBody(request: Request): Value {
  if (isProtobuf(request.body)) return decodeProtobuf(request.body)
  const text = request.body.toString()
  if (text.trim() === '') return undefined
  try {
    return /^\s*[[{]/.test(text) ? JSON.parse(text) : parseYaml(text)
  } catch (error) {
    throw badRequest(`the body is neither JSON nor YAML: ${(error as Error).message}`)
  }
}

export const isDryRun = (request: Request, body?: Value) =>
  request.query.getAll('dryRun').includes('All') || (body?.dryRun ?? []).includes('All')

/** Who owns the fields that this request writes. */
export function managerOf(request: Request): string {
  const agent = String(request.headers['user-agent'] ?? 'unknown')
  return request.query.get('fieldManager') ?? (agent.split('/')[0] || 'unknown')
}
