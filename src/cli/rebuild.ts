import { EXIT_CODES } from '../core/exitcodes.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import type { Inventory } from '../load/program.ts'
import { judgeRebuild } from '../probe/rebuildplan.ts'
import { coloursFor } from '../render/colour.ts'
import type { RunReport } from '../render/report.ts'
import { agree, notAgreed, tell } from './agreement.ts'
import { ownPlaybook } from './playbooks.ts'
import { type Looked, lookAround, type Seen } from './rebuild/look.ts'
import { backText, goOnText } from './rebuild/outcome.ts'
import { keyQuestion, verdictText } from './rebuild/report.ts'
import { type RebuildFlags, refuseForeignFlags, targetOf, wishOf } from './rebuild/target.ts'
import { runFlagsOf } from './rebuild/trust.ts'
import { type RunFlags, runToReport } from './run.ts'
import { serverOf } from './server.ts'

/** Looks, shows what it found and what it will do, asks, and runs the playbook; resolves with the exit code. */
export async function rebuild(name: string, flags: RebuildFlags, argv: string[]): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const { target, kind } = targetOf(inventory, name)
  refuseForeignFlags(name, kind, flags)
  if (kind === 'server')
    return (await import('./rebuild/server.ts')).rebuildServer(inventory, target, flags, argv)
  if (kind === 'access')
    return (await import('./rebuild/access.ts')).rebuildAccess(inventory, target, flags, argv)
  const wish = wishOf(target, flags)
  const looked = { target, server: serverOf(inventory)!, wish }
  const seen = await look(inventory, looked, flags)
  if (seen === undefined) return notAgreed()
  const verdict = judgeRebuild(seen.view, seen.machine, wish)
  const stream = flags.output === 'json' ? process.stderr : process.stdout
  tell(verdictText(wish, verdict, seen, coloursFor(stream)), flags)
  if (verdict.healthy) return EXIT_CODES.ok
  if (verdict.refusals.length > 0) return EXIT_CODES.failed
  if (flags.check) return EXIT_CODES.pending
  if (seen.machine === null && !flags.poweredOff) return EXIT_CODES.unreachable
  if (!(await agree(`Rebuild ${target.name}?`, flags))) return notAgreed()
  const report = await runToReport(ownPlaybook('rebuild.yaml'), runFlags(flags, looked, seen), argv)
  return conclude(inventory, { ...looked, trusted: seen.hostKey }, seen, report, flags)
}

/** Whether the node is back is for another look to tell, not for the run. */
async function conclude(
  inventory: Inventory,
  looked: Looked,
  before: Seen,
  report: RunReport,
  flags: RebuildFlags,
): Promise<number> {
  if (report.exitCode !== EXIT_CODES.ok || before.machine === null) {
    tell(goOnText(looked.wish, before), flags)
    return report.exitCode || EXIT_CODES.unreachable
  }
  const after = await lookAround(inventory, looked, flags)
  const verdict = judgeRebuild(after.view, after.machine, looked.wish)
  tell(backText(looked.wish, verdict, { before, report, after }), flags)
  return verdict.healthy ? EXIT_CODES.ok : EXIT_CODES.failed
}

/** A machine whose key has changed is logged in to only once the user has agreed to its key; undefined when he has not. */
async function look(inventory: Inventory, looked: Looked, flags: RebuildFlags): Promise<Seen | undefined> {
  const seen = await lookAround(inventory, looked, flags)
  if (seen.newKey === undefined) return seen
  if (!(await agree(keyQuestion(looked.target.name, seen.newKey), flags)))
    return flags.check ? seen : undefined
  const { view, newKey } = seen
  const again = await lookAround(inventory, { ...looked, view, trusted: newKey.key }, flags)
  return { ...again, looks: [...seen.looks, ...again.looks] }
}

/** The playbook gets what only this look can tell. */
function runFlags(flags: RebuildFlags, { target, server }: Looked, seen: Seen): RunFlags {
  const { machine, hostKey, view } = seen
  const machine_id = machine?.machine.machine_id ?? ''
  const vars = { node: target.name, data: flags.data, machine_id, k3s_version: view.server_version }
  // Without a machine nothing but the first play can be done.
  const limit = machine === null ? server : undefined
  return { ...runFlagsOf(flags, target.name, vars, hostKey), limit }
}
