import {
  CqlError,
  existing,
  existingTable,
  replication,
  type Session,
  systemKeyspaces,
  touched,
} from './cql-session.ts'
import { type Keyspace, present } from './ring.ts'

interface Rule {
  pattern: RegExp
  run: (session: Session, match: RegExpExecArray) => string
}

const name = String.raw`"?(\w+)"?`
const table = String.raw`(?:"?(\w+)"?\.)?"?(\w+)"?`

/** The statements that are known; the first that fits counts. */
export const rules: Rule[] = [
  {
    pattern: new RegExp(
      `^create\\s+keyspace\\s+(if\\s+not\\s+exists\\s+)?${name}\\s+with\\s+replication\\s*=\\s*\\{(.*?)\\}`,
      'is',
    ),
    run: createKeyspace,
  },
  {
    pattern: new RegExp(
      `^alter\\s+keyspace\\s+(if\\s+exists\\s+)?${name}\\s+with\\s+replication\\s*=\\s*\\{(.*?)\\}`,
      'is',
    ),
    run: (session, [, , keyspace = '', options = '']) => {
      Object.assign(existing(session, keyspace), replication(options))
      return touched(session)
    },
  },
  { pattern: new RegExp(`^drop\\s+keyspace\\s+(if\\s+exists\\s+)?${name}$`, 'i'), run: dropKeyspace },
  {
    pattern: new RegExp(`^use\\s+${name}$`, 'i'),
    run: (session, [, keyspace = '']) => {
      existing(session, keyspace)
      session.keyspace = keyspace
      return ''
    },
  },
  {
    pattern: new RegExp(`^create\\s+table\\s+(if\\s+not\\s+exists\\s+)?${table}\\s*\\((.*)\\)`, 'is'),
    run: createTable,
  },
  {
    pattern: new RegExp(`^drop\\s+table\\s+(if\\s+exists\\s+)?${table}$`, 'i'),
    run: (session, [, isOptional, keyspace, tableName = '']) => {
      const { tables } = existing(session, keyspace ?? session.keyspace ?? '')
      if (tables[tableName] === undefined && isOptional === undefined)
        throw new CqlError(
          `InvalidRequest: Error from server: code=2200 [Invalid query] message="Table '${keyspace ?? session.keyspace}.${tableName}' doesn't exist"`,
        )
      delete tables[tableName]
      return touched(session)
    },
  },
  {
    pattern: new RegExp(`^truncate\\s+(?:table\\s+)?${table}$`, 'i'),
    run: (session, [, keyspace, tableName = '']) => {
      Object.assign(existingTable(session, keyspace, tableName), { rows: 0 })
      return touched(session)
    },
  },
  {
    pattern: new RegExp(`^select\\s+count\\s*\\(\\s*\\*\\s*\\)\\s+from\\s+${table}$`, 'i'),
    run: (session, [, keyspace, tableName = '']) => {
      const { rows } = existingTable(session, keyspace, tableName)
      return `${oneColumn('count', [String(rows)])}\nWarnings :\nAggregation query used without partition key\n\n`
    },
  },
  {
    pattern: /^select\s+(release_version|cluster_name|data_center|rack)\s+from\s+system\.local$/i,
    run: ({ ring, release }, [, column = '']) => {
      const values: Record<string, string> = {
        release_version: release,
        cluster_name: ring.name.split('/')[1] ?? '',
        data_center: 'datacenter1',
        rack: 'rack1',
      }
      return oneColumn(column, [values[column.toLowerCase()] ?? ''])
    },
  },
  {
    pattern: /^select\s+keyspace_name\s+from\s+system_schema\.keyspaces$/i,
    run: ({ ring }) =>
      oneColumn('keyspace_name', [...Object.keys(ring.schema.keyspaces), ...systemKeyspaces]),
  },
  {
    pattern: /^select\s+keyspace_name\s*,\s*replication\s+from\s+system_schema\.keyspaces$/i,
    run: ({ ring }) => {
      const own = Object.entries(ring.schema.keyspaces).map(([one, { options }]) => [one, mapText(options)])
      const local = mapText({ class: 'org.apache.cassandra.locator.LocalStrategy' })
      const rows = [...own, ...systemKeyspaces.map((one) => [one, local])]
      const lines = rows.map(([one, options]) => ` ${one!.padStart(20)} | ${options}\n`)
      return `\n        keyspace_name | replication\n----------------------+-------------\n${lines.join('')}\n(${rows.length} rows)\n`
    },
  },
  {
    pattern: /^desc(?:ribe)?\s+keyspaces$/i,
    run: ({ ring }) =>
      `\n${[...Object.keys(ring.schema.keyspaces), ...systemKeyspaces].sort().join('  ')}\n\n`,
  },
  {
    pattern: /^desc(?:ribe)?\s+tables$/i,
    run: ({ ring, keyspace }) => {
      const chosen = Object.entries(ring.schema.keyspaces).filter(
        ([one]) => keyspace === undefined || one === keyspace,
      )
      return chosen
        .map(
          ([one, { tables }]) =>
            `\nKeyspace ${one}\n${'-'.repeat(one.length + 9)}\n${Object.keys(tables).join('  ')}\n`,
        )
        .join('')
    },
  },
  {
    pattern: new RegExp(`^desc(?:ribe)?\\s+keyspace\\s+${name}$`, 'i'),
    run: (session, [, keyspace = '']) =>
      `\n${describeKeyspace(keyspace, existing(session, keyspace, 'describe'))}\n`,
  },
  {
    pattern: new RegExp(`^desc(?:ribe)?\\s+(?:table\\s+)?${table}$`, 'i'),
    run: (session, [, keyspace, tableName = '']) => {
      const { columns } = existingTable(session, keyspace, tableName)
      return `\nCREATE TABLE ${keyspace ?? session.keyspace}.${tableName} (\n    ${columns}\n);\n\n`
    },
  },
  { pattern: /^consistency(?:\s+\w+)?$/i, run: () => 'Current consistency level is ONE.\n' },
]

function createKeyspace(
  session: Session,
  [, isOptional, keyspace = '', options = '']: RegExpExecArray,
): string {
  const { keyspaces } = session.ring.schema
  if (keyspaces[keyspace] !== undefined || systemKeyspaces.includes(keyspace)) {
    if (isOptional !== undefined) return ''
    throw new CqlError(`AlreadyExists: Keyspace '${keyspace}' already exists`)
  }
  const made = replication(options)
  keyspaces[keyspace] = { ...made, tables: {} }
  const nodes = present(session.ring).length
  touched(session)
  return made.copies <= nodes
    ? ''
    : `\nWarnings :\nYour replication factor ${made.copies} for keyspace ${keyspace} is higher than the number of nodes ${nodes}\n\n`
}

function dropKeyspace(session: Session, [, isOptional, keyspace = '']: RegExpExecArray): string {
  if (session.ring.schema.keyspaces[keyspace] === undefined && isOptional === undefined)
    throw new CqlError(
      `InvalidRequest: Error from server: code=2200 [Invalid query] message="Keyspace '${keyspace}' doesn't exist"`,
    )
  delete session.ring.schema.keyspaces[keyspace]
  return touched(session)
}

function createTable(
  session: Session,
  [, isOptional, keyspace, tableName = '', columns = '']: RegExpExecArray,
): string {
  const { tables } = existing(session, keyspace ?? session.keyspace ?? '')
  if (tables[tableName] !== undefined) {
    if (isOptional !== undefined) return ''
    throw new CqlError(`AlreadyExists: Table '${keyspace ?? session.keyspace}.${tableName}' already exists`)
  }
  tables[tableName] = { columns: columns.trim().replaceAll(/\s+/g, ' '), rows: 0, reads: 0, writes: 0 }
  return touched(session)
}

function describeKeyspace(keyspace: string, { options, tables }: Keyspace): string {
  const head = `CREATE KEYSPACE ${keyspace} WITH replication = ${mapText(options)}  AND durable_writes = true;\n`
  const rest = Object.entries(tables).map(
    ([one, { columns }]) => `\nCREATE TABLE ${keyspace}.${one} (\n    ${columns}\n);\n`,
  )
  return head + rest.join('')
}

function mapText(options: Record<string, string>): string {
  const pairs = Object.entries(options).map(([key, value]) => `'${key}': '${value}'`)
  return `{${pairs.join(', ')}}`
}

function oneColumn(heading: string, values: string[]): string {
  const width = Math.max(heading.length, ...values.map((value) => value.length))
  const line = (text: string) => ` ${text.padStart(width)}\n`
  const count = `(${values.length} rows)`
  return `\n${line(heading)}${'-'.repeat(width + 2)}\n${values.map(line).join('')}\n${count}\n`
}
