import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../core/errors.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { labPlaces } from '../lab/places.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import { judgeRebuild } from '../probe/rebuildplan.ts'
import { coloursFor } from '../render/colour.ts'
import { ask } from './prompt.ts'
import { lookAround, type Seen } from './rebuild/look.ts'
import { keyQuestion, verdictText } from './rebuild/report.ts'
import { type RebuildFlags, targetOf, wishOf } from './rebuild/target.ts'
import { run } from './run.ts'
import { serverOf } from './server.ts'

const PLAYBOOK = fileURLToPath(new URL('../../playbooks/rebuild.yaml', import.meta.url))

/** Looks, shows what it found and what it will do, asks, and runs the playbook; resolves with the exit code. */
export async function rebuild(name: string, flags: RebuildFlags, argv: string[]): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const target = targetOf(inventory, name)
  const wish = wishOf(target, flags)
  const server = serverOf(inventory)!
  let seen = await lookAround(inventory, { target, server, wish }, flags)
  if (seen.newKey !== undefined && !flags.poweredOff) {
    const agreed = await agree(keyQuestion(target.name, seen.newKey), flags)
    if (agreed) seen = await lookAround(inventory, { target, server, wish, trusted: seen.newKey.key }, flags)
    else if (!flags.check) return say('not agreed to; nothing was changed', EXIT_CODES.usage)
  }
  const verdict = judgeRebuild(seen.view, seen.machine, wish)
  const colours = coloursFor(process.stdout)
  process.stdout.write(`${verdictText(wish, verdict, seen, colours)}\n`)
  if (verdict.healthy) return EXIT_CODES.ok
  if (verdict.refusals.length > 0) return EXIT_CODES.failed
  if (seen.machine === null && !flags.poweredOff && !flags.check) return EXIT_CODES.unreachable
  if (flags.check) return EXIT_CODES.pending
  if (!(await agree(`Rebuild ${target.name}?`, flags)))
    return say('not agreed to; nothing was changed', EXIT_CODES.usage)
  return run(PLAYBOOK, runFlags(flags, target.name, seen), argv)
}

function say(text: string, code: number): number {
  process.stderr.write(`${text}\n`)
  return code
}

/** Throws UsageError when there is nobody to ask. */
async function agree(question: string, { yes, check }: RebuildFlags): Promise<boolean> {
  if (yes) {
    process.stdout.write(`${question} yes (--yes)\n`)
    return true
  }
  if (!process.stdin.isTTY) {
    if (check) return false
    throw new UsageError(`${question} Nobody is there to ask; nothing was changed`, 'add --yes to agree')
  }
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `, false)).trim())
}

/** The playbook gets what only this look can tell. */
function runFlags(flags: RebuildFlags, node: string, seen: Seen): Parameters<typeof run>[1] {
  const { machine, hostKey } = seen
  const known = flags.lab ? labPlaces().knownHostsFile : join(homedir(), '.ssh/known_hosts')
  const vars = {
    node,
    data: flags.data,
    machine_id: machine?.machine.machine_id ?? '',
    host_key: hostKey ?? '',
    known_hosts: known,
    k3s_version: seen.view.server_version,
  }
  const onHostKey = (shown: { host: string; key: string }): boolean =>
    shown.host === node && shown.key === hostKey
  return {
    ...flags,
    onHostKey,
    check: false,
    yes: true,
    tags: [],
    skipTags: [],
    extraVars: [JSON.stringify(vars)],
    forks: 10,
  }
}
