import { EXIT_CODES } from '../core/exitcodes.ts'
import { ask } from './prompt.ts'

export interface AgreementFlags {
  yes?: boolean
  output?: 'live' | 'plain' | 'json'
}

/** In JSON nothing else may stand between the events. */
export function tell(text: string, { output }: AgreementFlags): void {
  const stream = output === 'json' ? process.stderr : process.stdout
  stream.write(`${text}\n`)
}

/** Says that nothing was done; gives the exit code. */
export function notAgreed(): number {
  const hint = process.stdin.isTTY ? '' : '; nobody is there to ask: add --yes to agree'
  process.stderr.write(`not agreed to, nothing was changed${hint}\n`)
  return EXIT_CODES.usage
}

/** Whether the user says yes, here or by --yes. */
export async function agree(question: string, flags: AgreementFlags): Promise<boolean> {
  if (flags.yes || !process.stdin.isTTY) {
    tell(`${question}${flags.yes ? ' yes (--yes)' : ''}`, flags)
    return flags.yes ?? false
  }
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `, false)).trim())
}
