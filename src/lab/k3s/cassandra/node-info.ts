import type { News } from './exchange.ts'
import type { CassandraNode } from './node.ts'
import { loadOf, present } from './ring.ts'
import { formatSize } from './status.ts'

const ownOf = (node: CassandraNode, { ring }: News) => ring.members[node.hostId]

/** Output of `nodetool info`. */
export function info(node: CassandraNode, news: News): string {
  const own = ownOf(node, news)
  const rows: [string, string][] = [
    ['ID', node.hostId],
    ['Gossip active', String(node.phase !== 'drained')],
    ['Native Transport active', String(node.phase === 'normal')],
    ['Load', own === undefined ? '?' : formatSize(loadOf(news.ring, own))],
    ['Generation No', String(Math.floor(node.startedAt / 1000))],
    ['Uptime (seconds)', String(Math.floor((Date.now() - node.startedAt) / 1000))],
    ['Heap Memory (MB)', '212.45 / 494.00'],
    ['Off Heap Memory (MB)', '0.00'],
    ['Data Center', node.datacenter],
    ['Rack', node.rack],
    ['Exceptions', '0'],
    ['Percent Repaired', '100.0%'],
    [
      'Token',
      own?.tokens.length === 1 ? (own.tokens[0] ?? '') : '(invoke with -T/--tokens to see all 16 tokens)',
    ],
  ]
  return rows.map(([label, value]) => `${label.padEnd(23)}: ${value}\n`).join('')
}

/** Output of `nodetool describecluster`. */
export function describe(node: CassandraNode, { ring, live }: News): string {
  const addresses = (isLive: boolean) =>
    present(ring)
      .filter((one) => live.includes(one.hostId) === isLive)
      .map((one) => one.address)
  const version = '54e17321-3f2e-37ca-9b08-d91ba7bdd369'
  const down = addresses(false)
  const keyspaces = Object.entries(ring.schema.keyspaces).map(
    ([name, one]) =>
      `\t${name} -> Replication class: ${one.strategy} {${Object.entries(one.options)
        .map((pair) => pair.join('='))
        .join(', ')}}\n`,
  )
  return `Cluster Information:
\tName: ${node.cluster}
\tSnitch: org.apache.cassandra.locator.SimpleSnitch
\tDynamicEndPointSnitch: enabled
\tPartitioner: org.apache.cassandra.dht.Murmur3Partitioner
\tSchema versions:
\t\t${version}: [${addresses(true).join(', ')}]

${down.length === 0 ? '' : `\t\tUNREACHABLE: [${down.join(', ')}]\n\n`}Stats for all nodes:
\tLive: ${addresses(true).length}
\tJoining: ${present(ring).filter((one) => one.state === 'joining').length}
\tMoving: 0
\tLeaving: 0
\tUnreachable: ${down.length}

Data Centers: 
\t${node.datacenter} #Nodes: ${present(ring).length} #Down: ${down.length}

Database versions:
\t${node.parts.release}: [${addresses(true)
    .map((one) => `${one}:7000`)
    .join(', ')}]

Keyspaces:
${keyspaces.join('')}\tsystem_traces -> Replication class: SimpleStrategy {replication_factor=2}
`
}

const modes = {
  starting: 'STARTING',
  joining: 'JOINING',
  normal: 'NORMAL',
  drained: 'DRAINED',
  decommissioned: 'DECOMMISSIONED',
}

/** Output of `nodetool netstats`. */
export const netstats = (node: CassandraNode) =>
  `Mode: ${modes[node.phase]}\nNot sending any streams.\nRead Repair Statistics:\nAttempted: 0\nMismatch (Blocking): 0\nMismatch (Background): 0\n`
