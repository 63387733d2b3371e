import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { labPlaces } from '../lab/places.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import type { Inventory } from '../load/program.ts'
import { judgeRebuild } from '../probe/rebuildplan.ts'
import { coloursFor } from '../render/colour.ts'
import { agree, notAgreed, tell } from './agreement.ts'
import { type Looked, lookAround, type Seen } from './rebuild/look.ts'
import { keyQuestion, verdictText } from './rebuild/report.ts'
import { type RebuildFlags, targetOf, wishOf } from './rebuild/target.ts'
import { run } from './run.ts'
import { serverOf } from './server.ts'

const PLAYBOOK = fileURLToPath(new URL('../../playbooks/rebuild.yaml', import.meta.url))

/** Looks, shows what it found and what it will do, asks, and runs the playbook; resolves with the exit code. */
export async function rebuild(name: string, flags: RebuildFlags, argv: string[]): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const { target, kind } = targetOf(inventory, name)
  if (kind === 'server')
    return (await import('./rebuild/server.ts')).rebuildServer(inventory, target, flags, argv)
  if (kind === 'access')
    return (await import('./rebuild/access.ts')).rebuildAccess(inventory, target, flags, argv)
  const wish = wishOf(target, flags)
  const seen = await look(inventory, { target, server: serverOf(inventory)!, wish }, flags)
  if (seen === undefined) return notAgreed()
  const verdict = judgeRebuild(seen.view, seen.machine, wish)
  const stream = flags.output === 'json' ? process.stderr : process.stdout
  tell(verdictText(wish, verdict, seen, coloursFor(stream)), flags)
  if (verdict.healthy) return EXIT_CODES.ok
  if (verdict.refusals.length > 0) return EXIT_CODES.failed
  if (flags.check) return EXIT_CODES.pending
  if (seen.machine === null && !flags.poweredOff) return EXIT_CODES.unreachable
  if (!(await agree(`Rebuild ${target.name}?`, flags))) return notAgreed()
  return run(PLAYBOOK, runFlags(flags, target.name, seen), argv)
}

/** A machine whose key has changed is logged in to only once the user has agreed to its key; undefined when he has not. */
async function look(inventory: Inventory, looked: Looked, flags: RebuildFlags): Promise<Seen | undefined> {
  const seen = await lookAround(inventory, looked, flags)
  if (seen.newKey === undefined || flags.poweredOff) return seen
  if (!(await agree(keyQuestion(looked.target.name, seen.newKey), flags)))
    return flags.check ? seen : undefined
  return lookAround(inventory, { ...looked, trusted: seen.newKey.key }, flags)
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
