import { request } from 'node:http'
import { join } from 'node:path'
import type { Question } from '../agent/programs.ts'
import type { Value } from '../api/object.ts'
import type { Outcome } from '../cassandra/outcome.ts'
import { containerVariable, inContainer } from '../container/standins.ts'
import { die } from '../log.ts'
import { cqlsh } from './cqlsh.ts'
import { ycsb } from './ycsb.ts'

/** A program of a container, under its own name. It ends with its exit code. */
export async function standIn([program, ...args]: string[]): Promise<void> {
  switch (program) {
    case 'nodetool':
      return finish(await ask({ nodetool: args }))
    case 'cqlsh':
      return finish(await cqlsh(args, ask))
    case 'ycsb':
      return ycsb(args, ask)
    default:
      die(`nothing stands in for '${program}'`)
  }
}

export type Ask = (question: Omit<Question, 'container'>) => Promise<Value>

/** Asks the agent of the node that this container runs on. */
const ask: Ask = (question) => {
  const container = process.env[containerVariable] ?? ''
  const socketPath = join(inContainer.agent, 'socket')
  return new Promise((resolve) => {
    const call = request({ socketPath, method: 'POST', path: '/' }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())))
    })
    const stderr =
      'the agent of this node, which answers for the programs of the simulation, is not running\n'
    call.on('error', () => resolve({ code: 1, stdout: '', stderr } satisfies Outcome))
    call.end(JSON.stringify({ container, ...question }))
  })
}

function finish({ code, stdout, stderr }: Outcome): void {
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = code
}
