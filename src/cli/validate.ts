import { processSecrets } from '../base/redact.ts'
import { UsageError } from '../core/errors.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { loadProgram } from '../load/compile.ts'
import { parseExtraVars } from '../load/extravars.ts'
import type { ReleaseSource } from '../load/release.ts'
import { askSecretsWith } from '../load/secretask.ts'
import { hasIdentity } from '../load/secretlookup.ts'
import { coloursFor } from '../render/colour.ts'
import { diagnosticsText } from '../render/diagnostics.ts'
import { count } from '../render/text.ts'

export interface ValidateFlags {
  inventory: string | string[]
  extraVars: string[]
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
  try {
    await check(playbook, flags)
    return EXIT_CODES.ok
  } catch (error) {
    if (flags.output !== 'json' || !(error instanceof UsageError)) throw error
    const errors = error.diagnostics.filter(({ severity }) => severity === 'error')
    const warnings = error.diagnostics.filter(({ severity }) => severity === 'warning')
    writeJson({ playbook, errors, warnings })
    return EXIT_CODES.usage
  }
}

function writeJson(found: object): void {
  process.stdout.write(`${JSON.stringify(processSecrets.maskAll(found), null, 2)}\n`)
}

async function check(playbook: string, flags: ValidateFlags): Promise<void> {
  const { inventory } = flags
  const extraVars = await parseExtraVars(flags.extraVars)
  // Nobody is asked and no command runs; what is encrypted is tried if there is a key.
  askSecretsWith('nothing is asked for here')
  const secrets = (await hasIdentity()) ? 'encrypted' : 'none'
  const program = await loadProgram({ playbook, inventory, extraVars, releases: UNSEEN, secrets })
  const plays = program.plays.map(({ name, hosts, steps }) => ({
    name,
    hosts,
    steps: steps.map((step) => step.name),
  }))
  if (flags.output === 'json') {
    return writeJson({ playbook, plays, errors: [], warnings: program.warnings })
  }
  const warnings = diagnosticsText(program.warnings, coloursFor(process.stdout))
  if (warnings !== '') process.stdout.write(`${warnings}\n`)
  const steps = plays.reduce((sum, play) => sum + play.steps.length, 0)
  process.stdout.write(
    `${playbook}: ${count(plays.length, 'play')}, ${count(steps, 'step')}, nothing wrong\n`,
  )
}
