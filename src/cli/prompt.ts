import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

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
    return await lines.question(secret ? '' : question)
  } finally {
    lines.close()
    if (secret) process.stderr.write('\n')
  }
}
