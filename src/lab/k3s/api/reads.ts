import type { ServerResponse } from 'node:http'
import type { Cluster } from './cluster.ts'
import { apiVersionOf } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'
import type { Answer, Request } from './request.ts'
import { fieldMatch, labelMatch, type Match } from './selectors.ts'
import { gone, statusOf } from './status.ts'
import type { Change } from './store.ts'
import { asTable } from './table.ts'
import type { Target } from './target.ts'

/** True when the client wants rows for people instead of objects. */
const wantsTable = (request: Request) => (request.headers.accept ?? '').includes('as=Table')

function matchOf(request: Request, target: Target): Match {
  const byLabel = labelMatch(request.query.get('labelSelector'))
  const byField = fieldMatch(request.query.get('fieldSelector'))
  return (object) =>
    (target.namespace === undefined || object.metadata.namespace === target.namespace) &&
    (target.name === undefined || object.metadata.name === target.name) &&
    byLabel(object) &&
    byField(object)
}

export function read(cluster: Cluster, request: Request, target: Target): Answer {
  const object = cluster.require(target.kind, target.name ?? '', target.namespace)
  return {
    code: 200,
    body: wantsTable(request) ? tableOf(request, target, [object], object.metadata.resourceVersion) : object,
  }
}

export function list(cluster: Cluster, request: Request, target: Target): Answer {
  const items = cluster.store.list(target.kind, target.namespace).filter(matchOf(request, target))
  const resourceVersion = String(cluster.store.version)
  if (wantsTable(request)) return { code: 200, body: tableOf(request, target, items, resourceVersion) }
  const { kind } = target
  return {
    code: 200,
    body: { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata: { resourceVersion }, items },
  }
}

function tableOf(request: Request, target: Target, items: KubeObject[], resourceVersion: string): Value {
  return asTable(target.kind, items, resourceVersion, request.query.get('includeObject') ?? 'Metadata')
}

/** Streams changes, one JSON line each, until the client or its time limit ends it. */
export function watch(cluster: Cluster, request: Request, target: Target, response: ServerResponse): void {
  const matches = matchOf(request, target)
  const from = request.query.get('resourceVersion') ?? ''
  const missed = from === '' || from === '0' ? undefined : cluster.store.since(Number(from))
  response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' })
  response.flushHeaders()
  const send = (type: string, object: Value) => response.write(`${JSON.stringify({ type, object })}\n`)
  const show = (object: KubeObject) =>
    wantsTable(request) ? tableOf(request, target, [object], object.metadata.resourceVersion) : object
  const tell = (change: Change) => {
    if (change.kind !== target.kind) return
    const type = seenAs(change, matches)
    if (type !== undefined) send(type, show(change.object))
  }
  if (missed !== undefined) missed.forEach(tell)
  else if (from !== '' && from !== '0') {
    send('ERROR', statusOf(gone(from)))
    response.end()
    return
  } else for (const object of cluster.store.list(target.kind).filter(matches)) send('ADDED', show(object))
  follow(cluster, request, response, tell)
}

function follow(
  cluster: Cluster,
  request: Request,
  response: ServerResponse,
  tell: (change: Change) => void,
): void {
  const stop = cluster.store.onChange(tell)
  const limit = Number(request.query.get('timeoutSeconds') ?? 0)
  const timer = limit > 0 ? setTimeout(() => response.end(), limit * 1000) : undefined
  response.on('close', () => {
    stop()
    clearTimeout(timer)
  })
}

/** An object that begins or ceases to match the selectors is added or deleted for this watcher. */
function seenAs(change: Change, matches: Match): Change['type'] | undefined {
  const isIn = matches(change.object)
  const wasIn = change.previous !== undefined && matches(change.previous)
  if (change.type === 'DELETED') return isIn || wasIn ? 'DELETED' : undefined
  if (isIn) return wasIn ? 'MODIFIED' : 'ADDED'
  return wasIn ? 'DELETED' : undefined
}
