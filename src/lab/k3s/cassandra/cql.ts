import { CqlError, type Session } from './cql-session.ts'
import { rules } from './cql-statements.ts'
import type { Outcome } from './outcome.ts'

/** Runs statements one after the other; like cqlsh it goes on after an error, and says so with its exit code. */
export function runCql(session: Session, text: string): Outcome {
  const outcome: Outcome = { code: 0, stdout: '', stderr: '' }
  for (const statement of splitStatements(text)) {
    try {
      outcome.stdout += runOne(session, statement)
    } catch (error) {
      if (!(error instanceof CqlError)) throw error
      outcome.stderr += `<stdin>:1:${error.message}\n`
      outcome.code = 2
    }
  }
  return outcome
}

const splitStatements = (text: string) =>
  text
    .replaceAll(/--[^\n]*$/gm, '')
    .split(';')
    .map((one) => one.trim())
    .filter((one) => one !== '')

function runOne(session: Session, statement: string): string {
  for (const { pattern, run } of rules) {
    const match = pattern.exec(statement)
    if (match !== null) return run(session, match)
  }
  const [word = ''] = statement.split(/\s/)
  throw new CqlError(
    `the simulated cqlsh of \`provision lab\` does not know this statement: ${word} ... (${statement.length} characters)`,
  )
}
