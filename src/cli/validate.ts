import { printedJson } from '../base/printed-json.ts'
import { processSecrets } from '../base/redact.ts'
import { UsageError } from '../core/errors.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { type CarryOver, carryOver, type Spelling } from '../load/ansible/carryover.ts'
import { loadProgram } from '../load/compile.ts'
import { parseExtraVars } from '../load/extravars.ts'
import type { ReleaseSource } from '../load/file/release.ts'
import { askSecretsWith } from '../load/secret/secretask.ts'
import { hasIdentity } from '../load/secret/secretlookup.ts'
import { carryOverText } from '../render/carryover.ts'
import { coloursFor } from '../render/colour.ts'
import { diagnosticsText } from '../render/diagnostics.ts'
import { playsText } from '../render/plays.ts'
import { count } from '../render/text.ts'

export interface ValidateFlags {
  inventory: string | string[]
  extraVars?: string[]
  /** List what there is. */
  steps?: boolean
  output: 'text' | 'json'
}

/** Nothing is contacted, not even the place that releases come from. */
export const UNSEEN: ReleaseSource = {
  release: (version) => ({ version, binaries: {}, problem: 'not looked up' }),
}

/**
 * Checks a playbook with its inventory; throws UsageError with every mistake. With `json` mistakes are written like
 * everything else; resolves with the exit code.
 */
export async function validate(playbook: string, flags: ValidateFlags): Promise<number> {
  const spellings: Spelling[] = []
  try {
    await check(playbook, flags, spellings)
    return EXIT_CODES.ok
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const ansible = carryOver(spellings, error.diagnostics)
    if (flags.output !== 'json') {
      if (ansible !== undefined) writeCarryOver(ansible)
      throw error
    }
    const errors = error.diagnostics.filter(({ severity }) => severity === 'error')
    const warnings = error.diagnostics.filter(({ severity }) => severity === 'warning')
    writeJson({ playbook, errors, warnings, ansible })
    return EXIT_CODES.usage
  }
}

function writeJson(found: object): void {
  process.stdout.write(`${printedJson(processSecrets.maskAll(found), 2)}\n`)
}

function writeCarryOver(found: CarryOver): void {
  process.stdout.write(`${carryOverText(found, coloursFor(process.stdout))}\n`)
}

async function check(playbook: string, flags: ValidateFlags, spellings: Spelling[]): Promise<void> {
  const { inventory } = flags
  const extraVars = await parseExtraVars(flags.extraVars ?? [])
  // Nobody is asked and no command runs; what is encrypted is tried if there is a key.
  askSecretsWith('nothing is asked for here')
  const secrets = (await hasIdentity()) ? 'encrypted' : 'none'
  const program = await loadProgram({ playbook, inventory, extraVars, releases: UNSEEN, secrets, spellings })
  const plays = program.plays.map(({ name, hosts, steps }) => ({
    name,
    hosts,
    steps: steps.map((step) => step.name),
  }))
  const ansible = carryOver(spellings, [])
  if (flags.output === 'json') {
    return writeJson({ playbook, plays, errors: [], warnings: program.warnings, ansible })
  }
  const warnings = diagnosticsText(program.warnings, coloursFor(process.stdout))
  if (warnings !== '') process.stdout.write(`${warnings}\n`)
  if (ansible !== undefined) writeCarryOver(ansible)
  if (flags.steps) process.stdout.write(`${playsText(program.plays, coloursFor(process.stdout))}\n`)
  const steps = plays.reduce((sum, play) => sum + play.steps.length, 0)
  process.stdout.write(
    `${playbook}: ${count(plays.length, 'play')}, ${count(steps, 'step')}, nothing wrong\n`,
  )
}
