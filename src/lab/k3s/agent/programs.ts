import { mkdirSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Value } from '../api/object.ts'
import { runCql } from '../cassandra/cql.ts'
import { nodetool } from '../cassandra/nodetool.ts'
import type { Outcome } from '../cassandra/outcome.ts'
import { present } from '../cassandra/ring.ts'
import type { Service } from '../cassandra/ycsb.ts'
import { log } from '../log.ts'
import type { Kubelet } from './kubelet.ts'

/** What a program in a container asks the agent. */
export interface Question {
  container: string
  nodetool?: string[]
  cql?: { host: string; port: number; cqlVersion?: string; keyspace?: string; text: string }
  benchmark?: { host: string; keyspace: string; table: string; quorum: boolean }
  /** Counts of what a benchmark did to its table. */
  written?: { host: string; keyspace: string; table: string; rows: number; reads: number; writes: number }
}

/** Answers the programs that stand in for others in this node's containers, over a socket that those see. */
export function listenForPrograms(directory: string, kubelet: Kubelet): void {
  const path = join(directory, 'socket')
  mkdirSync(directory, { recursive: true })
  rmSync(path, { force: true })
  const server = createServer((message, response) => void answer(kubelet, message, response))
  server.on('error', (error) => log.error(`programs in containers can't be answered: ${error.message}`))
  server.listen(path)
}

async function answer(kubelet: Kubelet, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  try {
    const question = JSON.parse(Buffer.concat(chunks).toString()) as Question
    response.end(JSON.stringify(await respond(kubelet, question)))
  } catch (error) {
    response.end(
      JSON.stringify({ code: 1, stdout: '', stderr: `${(error as Error).message}\n` } satisfies Outcome),
    )
  }
}

async function respond(kubelet: Kubelet, question: Question): Promise<Outcome | Service> {
  const namespace = kubelet.ownerOf(question.container)?.pod.metadata.namespace ?? 'default'
  if (question.nodetool !== undefined)
    return nodetool(kubelet.parts.cassandras.get(question.container), question.nodetool)
  if (question.cql !== undefined) return cql(kubelet, namespace, question.cql, question.container)
  if (question.benchmark !== undefined)
    return serviceFor(kubelet, namespace, question.benchmark, question.container)
  if (question.written !== undefined) return count(kubelet, namespace, question.written, question.container)
  return { code: 1, stdout: '', stderr: 'the agent does not know this question\n' }
}

/** The ring whose node answers at a host, or why none does. */
async function connect(kubelet: Kubelet, namespace: string, host: string, container: string) {
  const own = kubelet.ownerOf(container)?.pod
  const names = ['localhost', '127.0.0.1', own?.metadata.name]
  const { rings } = kubelet.parts
  const address = names.includes(host) ? own?.status?.podIP : await rings.resolve(host, namespace)
  if (address === undefined) return { failure: `[Errno -2] Name or service not known` }
  for (const { ring, live } of await rings.all()) {
    const member = present(ring).find((one) => one.address === address)
    if (member?.state === 'normal' && live.includes(member.hostId)) return { ring, live, member }
  }
  return {
    failure: `ConnectionRefusedError(111, "Tried connecting to [('${address}', 9042)]. Last error: Connection refused")`,
    address,
  }
}

const supported: Record<string, string> = { '3.': '3.4.4', '4.0': '3.4.5', '4.1': '3.4.6', '5.': '3.4.7' }

async function cql(kubelet: Kubelet, namespace: string, call: Value, container: string): Promise<Outcome> {
  const { ring, failure, member, address } = await connect(kubelet, namespace, call.host, container)
  const refuse = (why: string): Outcome => ({ code: 1, stdout: '', stderr: `Connection error: ${why}\n` })
  if (ring === undefined)
    return refuse(
      address === undefined
        ? `('Unable to connect to any servers', {'${call.host}': ${failure}})`
        : `('Unable to connect to any servers', {'${address}:${call.port}': ${failure}})`,
    )
  const version =
    Object.entries(supported).find(([start]) => member.release.startsWith(start))?.[1] ?? '3.4.6'
  if (call.cqlVersion !== undefined && call.cqlVersion !== version)
    return refuse(
      `('Unable to connect to any servers', {'${address ?? member.address}': ProtocolError("cql_version '${call.cqlVersion}' is not supported by remote (w/ native protocol). Supported versions: ['${version}']")})`,
    )
  const draft = structuredClone(ring)
  const outcome = runCql({ ring: draft, keyspace: call.keyspace, release: member.release }, call.text)
  if (draft.schema.at !== ring.schema.at) await kubelet.parts.rings.tell({ ring: draft })
  return outcome
}

async function serviceFor(
  kubelet: Kubelet,
  namespace: string,
  asked: Value,
  container: string,
): Promise<Outcome | Service> {
  const refuse = (stderr: string): Outcome => ({ code: 1, stdout: '', stderr })
  const found = await connect(kubelet, namespace, asked.host, container)
  if (found.ring === undefined)
    return refuse(
      `com.datastax.driver.core.exceptions.NoHostAvailableException: All host(s) tried for query failed (tried: ${asked.host}/${found.address ?? 'unresolved'}:9042 (com.datastax.driver.core.exceptions.TransportException: [${asked.host}] Cannot connect))`,
    )
  const keyspace = found.ring.schema.keyspaces[asked.keyspace]
  if (keyspace === undefined)
    return refuse(
      `com.datastax.driver.core.exceptions.InvalidQueryException: Keyspace '${asked.keyspace}' does not exist`,
    )
  if (keyspace.tables[asked.table] === undefined)
    return refuse(
      `com.datastax.driver.core.exceptions.InvalidQueryException: table ${asked.table} does not exist`,
    )
  const all = present(found.ring).length
  const down = (all - found.live.length) / all
  const { copies } = keyspace
  const needed = asked.quorum ? Math.floor(copies / 2) + 1 : 1
  return { nodes: found.live.length, copies, failing: chanceOfTooFew(copies, needed, down) }
}

/** Chance that fewer than `needed` of `copies` answer when each is down with the chance given. */
function chanceOfTooFew(copies: number, needed: number, down: number): number {
  let sum = 0
  for (let up = 0; up < needed; up += 1)
    sum += binomial(copies, up) * (1 - down) ** up * down ** (copies - up)
  return sum
}

function binomial(of: number, some: number): number {
  let result = 1
  for (let step = 1; step <= some; step += 1) result = (result * (of - some + step)) / step
  return result
}

async function count(
  kubelet: Kubelet,
  namespace: string,
  written: Value,
  container: string,
): Promise<Outcome> {
  const { ring } = await connect(kubelet, namespace, written.host, container)
  const table = ring?.schema.keyspaces[written.keyspace]?.tables[written.table]
  if (ring === undefined || table === undefined) return { code: 1, stdout: '', stderr: 'the table is gone\n' }
  table.rows = Math.max(table.rows, written.rows)
  table.reads += written.reads
  table.writes += written.writes
  ring.schema.at = Math.max(Date.now(), ring.schema.at + 1)
  await kubelet.parts.rings.tell({ ring })
  return { code: 0, stdout: '', stderr: '' }
}
