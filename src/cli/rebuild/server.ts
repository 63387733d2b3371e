import { EXIT_CODES } from '../../core/exitcodes.ts'
import type { Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import { blockProbe } from '../../probe/block.ts'
import { judgeRestore, type ServerSeen, type ServerWish } from '../../probe/restoreplan.ts'
import { serverMachineProbe } from '../../probe/servermachine.ts'
import { notAgreed } from '../agreement.ts'
import { type OpenedBackup, openForRestore, viewOf } from '../backup/opened.ts'
import { ownPlaybook } from '../playbooks.ts'
import { lookAsRoot } from '../rootlook.ts'
import { run } from '../run.ts'
import { carry } from './carry.ts'
import { type HostLook, onHost } from './onhost.ts'
import { type RebuildFlags, storageOf } from './target.ts'
import { conclude, endOf, lookOnceTrusted, runFlagsOf, sendFailed } from './trust.ts'

/** Brings the server back from a backup; resolves with the exit code. */
export async function rebuildServer(
  inventory: Inventory,
  target: Host,
  flags: RebuildFlags,
  argv: string[],
): Promise<number> {
  const { name } = target
  const opened = await openForRestore(name, flags)
  const wish = { host: name, address: target.connection.address ?? name, ...storageOf(target) }
  const look = await lookOnceTrusted(name, flags, (trusted) =>
    onHost(inventory, { target, trusted }, flags, (connection) => seenOn(connection, wish)),
  )
  if (look === undefined) return notAgreed()
  const verdict = judgeRestore(look.seen, viewOf(opened), wish)
  const told = { title: `${name}, the k3s server`, verdict, question: `Rebuild ${name} from this backup?` }
  const end = await endOf(told, look, name, flags)
  if (end !== undefined || opened === undefined) return end ?? EXIT_CODES.failed
  const code = await restore(inventory, { target, look, opened }, flags, argv)
  return conclude(code, name, flags, async () => {
    const after = await onHost(inventory, { target }, flags, (connection) => seenOn(connection, wish))
    return judgeRestore(after.seen, viewOf(opened), wish)
  })
}

async function seenOn(
  connection: Parameters<typeof lookAsRoot>[0],
  { device, mount }: ServerWish,
): Promise<ServerSeen> {
  const [machine, block] = await Promise.all([
    lookAsRoot(connection, serverMachineProbe(mount)),
    device === '' ? null : lookAsRoot(connection, blockProbe(device)),
  ])
  return { machine, block }
}

interface Restoring {
  target: Host
  look: HostLook<ServerSeen>
  opened: OpenedBackup
}

/** The backup is unpacked on the host first: the playbook then has everything there that it needs. */
async function restore(
  inventory: Inventory,
  { target, look, opened }: Restoring,
  flags: RebuildFlags,
  argv: string[],
): Promise<number> {
  const { backup, keys } = opened
  const part = backup.manifest.parts.find(({ name }) => name === 'server')!
  const sent = await onHost(inventory, { target, trusted: look.hostKey }, flags, (connection) =>
    carry(connection, backup, part, keys),
  )
  if (sent.seen === null) return sendFailed(sent, target.name)
  const vars = { backup: backup.name, k3s_version: backup.manifest.k3s_version }
  return run(ownPlaybook('restore.yaml'), runFlagsOf(flags, target.name, vars, look.hostKey), argv)
}
