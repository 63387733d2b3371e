import type { Connection, Connector } from '../../connect/connection.ts'
import { ConnectError } from '../../core/errors.ts'
import { EXIT_CODES } from '../../core/exitcodes.ts'
import { becomeOn, type Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import { lookUpConnections } from '../../load/secret/secretconnections.ts'
import { accessHoldingsProbe } from '../../probe/accessbackup.ts'
import { type AccessSeen, type AccessWish, judgeAccess, partsToRestore } from '../../probe/accessplan.ts'
import { registryProbe } from '../../probe/docker.ts'
import { machineProbe } from '../../probe/machine.ts'
import { nodeViewProbe } from '../../probe/nodeview.ts'
import { notAgreed, tell } from '../agreement.ts'
import { registryPort } from '../backup/holdings.ts'
import { type OpenedBackup, openForRestore, viewOf } from '../backup/opened.ts'
import { ownPlaybook } from '../playbooks.ts'
import { lookAsRoot } from '../rootlook.ts'
import { run } from '../run.ts'
import { serverOf } from '../server.ts'
import { carry } from './carry.ts'
import { type HostLook, onHost } from './onhost.ts'
import type { RebuildFlags } from './target.ts'
import { conclude, endOf, lookOnceTrusted, runFlagsOf, sendFailed } from './trust.ts'

/** Brings the access node back, with what a backup has of it; resolves with the exit code. */
export async function rebuildAccess(
  inventory: Inventory,
  target: Host,
  flags: RebuildFlags,
  argv: string[],
): Promise<number> {
  const { name } = target
  const server = inventory.hosts.get(serverOf(inventory) ?? '')!
  const opened = await openForRestore(server.name, flags)
  await lookUpConnections([server].filter((host) => becomeOn(host, true)))
  const lookAgain = (trusted?: string): Promise<HostLook<AccessSeen>> =>
    onHost(inventory, { target, trusted }, flags, (connection, connector) =>
      seenOn(connection, connector, server),
    )
  const look = await lookOnceTrusted(name, flags, lookAgain)
  if (look === undefined) return notAgreed()
  const wish: AccessWish = { host: name, address: target.connection.address ?? name, server: server.name }
  const verdict = judgeAccess(look.seen, partsOf(opened), wish)
  const told = { title: `${name}, the access node`, verdict, question: `Rebuild ${name}?` }
  const end = await endOf(told, look, name, flags)
  if (end !== undefined) return end
  const code = await bringBack(inventory, { target, look, opened }, flags, argv)
  if (look.seen?.view !== null)
    return conclude(code, name, flags, async () =>
      judgeAccess((await lookAgain()).seen, partsOf(opened), wish),
    )
  tell(`\n${name} can't join before the server is back; next: provision rebuild ${server.name}`, flags)
  return code === EXIT_CODES.ok ? EXIT_CODES.failed : code
}

function partsOf(opened: OpenedBackup | undefined) {
  const view = viewOf(opened)
  return view === undefined ? undefined : { ...view, parts: opened!.backup.manifest.parts }
}

async function seenOn(connection: Connection, connector: Connector, server: Host): Promise<AccessSeen> {
  const { host } = connection
  const port = registryPort(host)
  const [machine, holdings, service, asked] = await Promise.all([
    lookAsRoot(connection, machineProbe('', '')),
    lookAsRoot(connection, accessHoldingsProbe(port)),
    lookAsRoot(connection, registryProbe(port)),
    askServer(connector, server, host.name),
  ])
  return { machine, holdings, serves: service.health === 200, ...asked }
}

async function askServer(
  connector: Connector,
  server: Host,
  name: string,
): Promise<Pick<AccessSeen, 'view' | 'why'>> {
  let connection: Connection | undefined
  try {
    connection = await connector.connect(server)
    const probe = nodeViewProbe(name.toLowerCase(), server.name.toLowerCase())
    const { found } = await lookAsRoot(connection, probe)
    return { view: found, ...(found === null ? { why: 'its API server does not answer' } : {}) }
  } catch (error) {
    if (error instanceof ConnectError) return { view: null, why: error.message }
    throw error
  } finally {
    await connection?.close()
  }
}

interface Rebuilding {
  target: Host
  look: HostLook<AccessSeen>
  opened: OpenedBackup | undefined
}

async function bringBack(
  inventory: Inventory,
  { target, look, opened }: Rebuilding,
  flags: RebuildFlags,
  argv: string[],
): Promise<number> {
  const seen = look.seen!
  const parts = opened?.backup.manifest.parts ?? []
  const wanted = partsToRestore(seen, parts)
  const sent = await onHost(inventory, { target, trusted: look.hostKey }, flags, async (connection) => {
    for (const part of parts.filter(({ name }) => wanted.includes(name)))
      await carry(connection, opened!.backup, part, opened!.keys)
  })
  if (sent.seen === null) return sendFailed(sent, target.name)
  const vars = {
    node: target.name,
    data: 'keep',
    access_is_prepared: true,
    backup: opened?.backup.name ?? 'none',
    machine_id: seen.machine.machine_id,
    ...(seen.view === null ? {} : { k3s_version: seen.view.server_version }),
  }
  const runFlags = runFlagsOf(flags, target.name, vars, look.hostKey)
  return run(ownPlaybook(seen.view === null ? 'access.yaml' : 'rebuild-access.yaml'), runFlags, argv)
}
