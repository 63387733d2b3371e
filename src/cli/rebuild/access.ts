import type { Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import type { RebuildFlags } from './target.ts'
export async function rebuildAccess(
  _inventory: Inventory,
  _target: Host,
  _flags: RebuildFlags,
  _argv: string[],
): Promise<number> {
  return 1
}
