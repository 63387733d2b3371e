import type { News } from './exchange.ts'
import type { CassandraNode } from './node.ts'
import type { Outcome } from './outcome.ts'
import { type Keyspace, ownership, sizeOf, type Table } from './ring.ts'

/** Output of `nodetool tablestats`, of all tables or of those named `keyspace` or `keyspace.table`. */
export function tableStats(node: CassandraNode, { ring }: News, args: string[]): Outcome {
  const wanted = args.filter((word) => !word.startsWith('-'))
  const all = Object.entries(ring.schema.keyspaces).flatMap(([keyspace, { tables }]) =>
    Object.keys(tables).map((table) => `${keyspace}.${table}`),
  )
  const unknown = wanted.find((one) => !all.includes(one) && ring.schema.keyspaces[one] === undefined)
  if (unknown !== undefined) {
    const kind = unknown.includes('.') ? `Unknown table: ${unknown}` : `Unknown keyspace: ${unknown}`
    return {
      code: 1,
      stdout: '',
      stderr: `nodetool: ${kind}\nSee 'nodetool help' or 'nodetool help <command>'.\n`,
    }
  }
  const isShown = (keyspace: string, table: string) =>
    wanted.length === 0 || wanted.includes(keyspace) || wanted.includes(`${keyspace}.${table}`)
  const parts = Object.entries(ring.schema.keyspaces).map(([name, keyspace]) => {
    const share = ownership(ring, keyspace.copies).get(node.hostId) ?? 0
    return keyspaceText(name, keyspace, share, (table) => isShown(name, table))
  })
  // What every Cassandra has of its own.
  const stdout = `Total number of tables: ${44 + all.length}\n----------------\n${parts.join('')}`
  return { code: 0, stdout, stderr: '' }
}

function keyspaceText(
  name: string,
  keyspace: Keyspace,
  share: number,
  isShown: (table: string) => boolean,
): string {
  const tables = Object.entries(keyspace.tables).filter(([table]) => isShown(table))
  if (tables.length === 0) return ''
  const sum = (field: 'reads' | 'writes') =>
    Math.round(tables.reduce((total, [, table]) => total + table[field] * share, 0))
  const head = [
    `Read Count: ${sum('reads')}`,
    `Read Latency: ${sum('reads') === 0 ? 'NaN' : '0.4871523178807947'} ms`,
    `Write Count: ${sum('writes')}`,
    `Write Latency: ${sum('writes') === 0 ? 'NaN' : '0.0746256729326626'} ms`,
    'Pending Flushes: 0',
  ]
  const lines = head.map((line) => `\t${line}\n`).join('')
  const texts = tables.map(([table, content]) => tableText(table, content, share))
  return `Keyspace : ${name}\n${lines}${texts.join('\n')}\n----------------\n`
}

function tableText(name: string, table: Table, share: number): string {
  const rows = Math.round(table.rows * share)
  const reads = Math.round(table.reads * share)
  const writes = Math.round(table.writes * share)
  const size = sizeOf(table, share)
  const lines = [
    `Table: ${name}`,
    `SSTable count: ${rows === 0 ? 0 : 1}`,
    'Old SSTable count: 0',
    `Space used (live): ${size}`,
    `Space used (total): ${size}`,
    'Space used by snapshots (total): 0',
    `Off heap memory used (total): ${Math.round(rows * 1.7)}`,
    `SSTable Compression Ratio: ${rows === 0 ? '-1.0' : '0.9938585064328254'}`,
    `Number of partitions (estimate): ${rows}`,
    'Memtable cell count: 0',
    'Memtable data size: 0',
    'Memtable off heap memory used: 0',
    `Memtable switch count: ${rows === 0 ? 0 : 1}`,
    `Local read count: ${reads}`,
    `Local read latency: ${reads === 0 ? 'NaN' : '0.487'} ms`,
    `Local write count: ${writes}`,
    `Local write latency: ${writes === 0 ? 'NaN' : '0.070'} ms`,
    'Pending flushes: 0',
    'Percent repaired: 0.0',
    'Bytes repaired: 0.000KiB',
    `Bytes unrepaired: ${(size / 2 ** 20).toFixed(3)}MiB`,
    'Bytes pending repair: 0.000KiB',
    'Bloom filter false positives: 0',
    'Bloom filter false ratio: 0.00000',
    `Bloom filter space used: ${rows}`,
    `Bloom filter off heap memory used: ${rows}`,
    `Index summary off heap memory used: ${Math.round(rows * 0.22)}`,
    `Compression metadata off heap memory used: ${Math.round(rows * 0.43)}`,
    `Compacted partition minimum bytes: ${rows === 0 ? 0 : 925}`,
    `Compacted partition maximum bytes: ${rows === 0 ? 0 : 1109}`,
    `Compacted partition mean bytes: ${rows === 0 ? 0 : 1109}`,
    'Average live cells per slice (last five minutes): NaN',
    'Maximum live cells per slice (last five minutes): 0',
    'Average tombstones per slice (last five minutes): NaN',
    'Maximum tombstones per slice (last five minutes): 0',
    'Dropped Mutations: 0',
    'Droppable tombstone ratio: 0.00000',
  ]
  return lines.map((line) => `\t\t${line}\n`).join('')
}
