import type { Keyspace, Ring, Table } from './ring.ts'

/** What one session of cqlsh works on; `ring` is changed in place. */
export interface Session {
  ring: Ring
  keyspace?: string
  release: string
}

/** A statement that is refused, in the words of cqlsh. */
export class CqlError extends Error {}

/** Those that every Cassandra has. */
export const systemKeyspaces = [
  'system',
  'system_auth',
  'system_distributed',
  'system_schema',
  'system_traces',
  'system_views',
  'system_virtual_schema',
]

/** Marks the schema as changed; prints nothing. */
export function touched(session: Session): string {
  session.ring.schema.at = Math.max(Date.now(), session.ring.schema.at + 1)
  return ''
}

export function existing(session: Session, keyspace: string, how?: 'describe'): Keyspace {
  const found = session.ring.schema.keyspaces[keyspace]
  if (found !== undefined) return found
  if (keyspace === '')
    throw new CqlError(
      'InvalidRequest: Error from server: code=2200 [Invalid query] message="No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename"',
    )
  if (how === 'describe') throw new CqlError(`'${keyspace}' not found in keyspaces`)
  throw new CqlError(
    `InvalidRequest: Error from server: code=2200 [Invalid query] message="Keyspace '${keyspace}' does not exist"`,
  )
}

export function existingTable(session: Session, keyspace: string | undefined, tableName: string): Table {
  const found = existing(session, keyspace ?? session.keyspace ?? '').tables[tableName]
  if (found !== undefined) return found
  throw new CqlError(
    `InvalidRequest: Error from server: code=2200 [Invalid query] message="table ${tableName} does not exist"`,
  )
}

/** Reads the content of `{...}` after WITH REPLICATION. */
export function replication(text: string): Pick<Keyspace, 'strategy' | 'options' | 'copies'> {
  const pairs = [...text.matchAll(/'([^']+)'\s*:\s*'?([^',\s]+)'?/g)].map(
    ([, key = '', value = '']) => [key, value] as const,
  )
  const options = Object.fromEntries(pairs)
  const strategy = options.class ?? ''
  const copies = Number(
    options.replication_factor ?? pairs.find(([key]) => key !== 'class')?.[1] ?? Number.NaN,
  )
  if (!/^(org\.apache\.cassandra\.locator\.)?(Simple|NetworkTopology)Strategy$/.test(strategy))
    throw new CqlError(
      `ConfigurationException: Unable to find replication strategy class 'org.apache.cassandra.locator.${strategy}'`,
    )
  if (!Number.isInteger(copies) || copies < 1)
    throw new CqlError(
      `ConfigurationException: SimpleStrategy requires a replication_factor strategy option.`,
    )
  return { strategy, options, copies }
}
