import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'

/**
 * The command line with the word "run" put in where it was left out, so that `provision x.yaml --help` tells of a run.
 * Throws UsageError when the first word is neither a command nor a playbook, and shows the help when there is none.
 */
export function withCommand(program: Command, argv: string[]): string[] {
  const [first] = argv
  if (first === undefined) return program.help({ error: true })
  const commands = [...program.commands.map((one) => one.name()), 'help']
  if (first.startsWith('-') || commands.includes(first)) return argv
  if (/[./]/.test(first) || existsSync(first)) return ['run', ...argv]
  throw new UsageError(`'${first}' is neither a command nor a playbook`, didYouMean(first, commands))
}
