import { UsageError } from '../core/errors.ts'
import type { Program } from '../load/program.ts'
import { ask } from './prompt.ts'

/** Asks what the plays want to be asked before they change anything. Throws UsageError unless each answer is yes. */
export async function confirmPlays({ plays }: Program): Promise<void> {
  const questions = plays.filter(({ hosts }) => hosts.length > 0).flatMap(({ confirm }) => confirm ?? [])
  for (const question of new Set(questions)) {
    if (!process.stdin.isTTY)
      throw new UsageError(`${question} Nobody is there to ask; nothing was contacted`, 'add --yes to agree')
    const answer = await ask(`${question} [y/N] `, false)
    if (!/^y(es)?$/i.test(answer.trim()))
      throw new UsageError('not agreed to; nothing was contacted', 'add --check to see what would be done')
  }
}
