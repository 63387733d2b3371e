import { createHash } from 'node:crypto'
import { processSecrets } from '../base/redact.ts'
import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Change, Probe, ResultSchema } from '../core/task.ts'

/** What a command printed; null when it has not been run, "unforeseen" where a check says that it would be. */
export type Printed = { rc: number; stdout: string; stderr: string } | 'unforeseen' | null

/** Of the result of a command. */
export const PRINTED: ResultSchema = {
  rc: { type: 'integer', description: 'Exit code of the command.' },
  stdout: { type: 'string', description: 'What it printed, without the last line break.' },
  stderr: { type: 'string', description: 'What it said on standard error, without the last line break.' },
}

/** Holds the place of what a command will have printed; `id` tells it from others on the host. */
export function notYetRun(id: string): Probe<Printed> {
  return { key: `command:${hash(id)}`, script: '', parse: () => null, personal: true }
}

/** Runs a command that only reads. */
export function reading(script: string, stdin: string | undefined): Probe<Printed> {
  const given = stdin === undefined ? '' : sh`printf %s ${stdin} | `
  return {
    key: `reading:${hash(JSON.stringify([script, stdin]))}`,
    script: `${given}(\n${script}\n)`,
    parse: ({ code, stdout, stderr }) => ({ rc: code, stdout: stdout.toString(), stderr }),
    personal: true,
  }
}

/** Whether a command that only reads succeeds. */
export function succeeds(script: string): Probe<boolean> {
  return {
    key: `succeeds:${hash(script)}`,
    script: `(\n${script}\n) >/dev/null 2>&1`,
    parse: ({ code }) => code === 0,
    personal: true,
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** The first line of a script, for a summary. */
export function shortCommand(cmd: string): string {
  // A secret that is cut short could not be masked any more.
  const script = processSecrets.mask(cmd.trim())
  const line = script.split('\n', 1)[0] ?? ''
  const cut = line.length > 100 ? `${line.slice(0, 97)}...` : line
  return cut === script ? cut : `${cut} ...`.replace('... ...', '...')
}

/** A command that only reads has nothing to change, but may have failed. Throws TaskError then. */
export function requireSuccess(printed: Printed, ok: number[]): Change[] {
  if (printed === null || printed === 'unforeseen' || ok.includes(printed.rc)) return []
  const why = printed.stderr.trim() || printed.stdout.trim()
  throw new TaskError(
    `the command ended with exit code ${printed.rc}${why && `: ${why.split('\n').slice(-3).join('\n')}`}`,
  )
}

/** What `register` holds of it. */
export function printedResult(printed: Printed): Record<string, Json | undefined> {
  if (printed === null) return {}
  if (printed === 'unforeseen') return { rc: undefined, stdout: undefined, stderr: undefined }
  const { rc, stdout, stderr } = printed
  return { rc, stdout: stdout.replace(/\n$/, ''), stderr: stderr.replace(/\n$/, '') }
}
