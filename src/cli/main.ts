import { CommanderError } from 'commander'
import { Interrupted, UsageError } from '../core/errors.ts'
import { commandLine } from './program.ts'
import { withCommand } from './words.ts'

/** Exit code of a usage mistake: nothing was contacted. */
const USAGE = 1
const FAILED = 3
const INTERRUPTED = 130

async function main(argv: string[]): Promise<void> {
  try {
    const program = commandLine(argv)
    await program.parseAsync(withCommand(program, argv), { from: 'user' })
  } catch (error) {
    process.exitCode = await report(error)
  }
}

async function report(error: unknown): Promise<number> {
  // Commander has said what is wrong already; `--help` and `--version` end here too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE
  if (error instanceof Interrupted) return INTERRUPTED
  const { coloursFor } = await import('../render/colour.ts')
  const colours = coloursFor(process.stderr)
  if (error instanceof UsageError) {
    const { diagnosticsText } = await import('../render/diagnostics.ts')
    process.stderr.write(`${diagnosticsText(error.diagnostics, colours)}\n`)
    return USAGE
  }
  const { failureOf } = await import('../run/failure.ts')
  const { failureDetails } = await import('../render/failure.ts')
  const failure = failureOf(error)
  process.stderr.write(`${[`error: ${failure.message}`, ...failureDetails(failure, colours)].join('\n')}\n`)
  return FAILED
}

// A closed pipe (`provision ... | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
  throw error
})

void main(process.argv.slice(2))
