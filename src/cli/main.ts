import { CommanderError } from 'commander'
import { Interrupted, UsageError } from '../core/errors.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { askSecretsWith } from '../load/secret/secretask.ts'
import { maskOutput } from './masking.ts'
import { commandLine } from './program.ts'
import { withCommand } from './words.ts'

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
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage
  if (error instanceof Interrupted) return EXIT_CODES.interrupted
  const { coloursFor } = await import('../render/colour.ts')
  const colours = coloursFor(process.stderr)
  if (error instanceof UsageError) {
    const { diagnosticsText } = await import('../render/diagnostics.ts')
    process.stderr.write(`${diagnosticsText(error.diagnostics, colours)}\n`)
    return EXIT_CODES.usage
  }
  const { failureOf } = await import('../run/failure.ts')
  const { failureDetails } = await import('../render/failure.ts')
  const failure = failureOf(error)
  process.stderr.write(`${[`error: ${failure.message}`, ...failureDetails(failure, colours)].join('\n')}\n`)
  return failure.kind === 'connect' ? EXIT_CODES.unreachable : EXIT_CODES.failed
}

// A closed pipe (`provision ... | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
  throw error
})

maskOutput(process.stdout)
maskOutput(process.stderr)
if (process.stdin.isTTY) askSecretsWith(async (question) => (await import('./prompt.ts')).ask(question, true))

void main(process.argv.slice(2))
