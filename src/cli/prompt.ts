import { createInterface, type Interface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Interrupted } from '../core/errors.ts'

/** Asks on the terminal; a secret answer is not echoed. */
export async function ask(question: string, secret: boolean): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({
    input: process.stdin,
    output: secret ? silent : process.stderr,
    terminal: secret,
  })
  try {
    if (secret) process.stderr.write(question)
    return await Promise.race([lines.question(secret ? '' : question), closed(lines)])
  } finally {
    lines.close()
    if (secret) process.stderr.write('\n')
  }
}

/** Ctrl-C or Ctrl-D in place of an answer; nothing else would end the waiting. */
function closed(lines: Interface): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = (): void => reject(new Interrupted())
    lines.once('SIGINT', interrupt).once('close', interrupt)
  })
}
