import type { News } from './exchange.ts'
import type { CassandraNode } from './node.ts'
import { misused, type Outcome, refused, said } from './outcome.ts'
import { present } from './ring.ts'

/** `nodetool repair` of one keyspace or of all. */
export function repair(node: CassandraNode, { ring, live }: News, args: string[]): Outcome {
  const time = new Date().toISOString().replace('T', ' ').replace('Z', '').replace('.', ',')
  const [wanted] = args.filter((word) => !word.startsWith('-'))
  const names = wanted === undefined ? Object.keys(ring.schema.keyspaces) : [wanted]
  if (wanted !== undefined && ring.schema.keyspaces[wanted] === undefined)
    return misused(`Keyspace [${wanted}] does not exist.`)
  const down = present(ring).find((one) => !live.includes(one.hostId))
  if (down !== undefined)
    return refused(
      `Repair job has failed with the error message: [${time}] Endpoint not alive: /${down.address}:7000`,
      'RuntimeException',
    )
  const lines = names.map(
    (
      name,
    ) => `[${time}] Starting repair command #1, repairing keyspace ${name} with repair options (parallelism: parallel, primary range: ${args.includes('-pr')})
[${time}] Repair completed successfully
[${time}] Repair command #1 finished in 1 second\n`,
  )
  node.log('INFO  [main] Repair completed successfully')
  return said(
    lines.join('') || `[${time}] Replication factor is 1. No repair is needed for keyspace 'system_auth'\n`,
  )
}
