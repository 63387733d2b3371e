import { readFileSync } from 'node:fs'
import { parseCqlsh } from '../cassandra/cqlsh.ts'
import type { Outcome } from '../cassandra/outcome.ts'
import type { Ask } from './stand-in.ts'

/** Runs the statements given with -e, in a file or on standard input. */
export async function cqlsh(args: string[], ask: Ask): Promise<Outcome> {
  const { isVersionAsked, statements, file, host, port, cqlVersion, keyspace } = parseCqlsh(args)
  if (isVersionAsked) return { code: 0, stdout: 'cqlsh 6.1.0\n', stderr: '' }
  let text: string
  try {
    text = statements ?? readFileSync(file ?? 0, 'utf8')
  } catch (error) {
    return {
      code: 1,
      stdout: '',
      stderr: `Can't open '${file ?? 'standard input'}': ${(error as Error).message}\n`,
    }
  }
  return ask({ cql: { host, port, cqlVersion, keyspace, text } })
}
