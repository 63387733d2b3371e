import { Redactor } from '../../base/redact.ts'
import type { Connection, Connector } from '../../connect/connection.ts'
import type { ShownKey } from '../../connect/hostkey.ts'
import { ConnectError } from '../../core/errors.ts'
import { becomeOn, type Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import { lookUpConnections } from '../../load/secret/secretconnections.ts'
import { connectorFor, type ReachOptions } from '../reach.ts'

/** What came of a look at one host whose key may have changed. */
export interface HostLook<T> {
  /** Null where it was not looked at; `why` says why then. */
  seen: T | null
  why?: { message: string; hint?: string }
  /** The key that it has shown, as in known_hosts. */
  hostKey?: string
  /** It differs from those that are known for the host, and nobody has agreed to it yet. */
  newKey?: ShownKey
  roundTrips: number
  ms: number
}

/** In seconds. */
const CONNECT_TIME = 20

/** Opens a connection to a host, whose changed key is taken if it is `trusted`; gives what `work` makes of it. */
export async function onHost<T>(
  inventory: Inventory,
  { target, trusted }: { target: Host; trusted?: string },
  flags: ReachOptions,
  work: (connection: Connection, connector: Connector) => Promise<T>,
): Promise<HostLook<T>> {
  await lookUpConnections([target].filter((host) => becomeOn(host, true)))
  const began = performance.now()
  const { connector, keys } = await watchingConnector(inventory, { target, trusted }, flags)
  try {
    const look = await reach(connector, target, work)
    return { ...look, ms: performance.now() - began, ...keys() }
  } finally {
    await connector.close()
  }
}

/** A connector that takes a changed key of the target only if it is `trusted`, and `keys` that tell which one was shown. */
export async function watchingConnector(
  inventory: Inventory,
  { target, trusted }: { target: Host; trusted?: string },
  flags: ReachOptions,
): Promise<{ connector: Connector; keys: () => Pick<HostLook<unknown>, 'hostKey' | 'newKey'> }> {
  let shown: ShownKey | undefined
  const onHostKey = (key: ShownKey): boolean => {
    if (key.host === target.name) shown = key
    return key.host === target.name && key.key === trusted
  }
  const options = { ...flags, connectTimeout: CONNECT_TIME, onHostKey }
  const connector = await connectorFor(inventory, options, new Redactor())
  const keys = () => {
    const isNew = shown !== undefined && shown.replaces.length > 0 && shown.key !== trusted
    return { hostKey: shown?.key, newKey: isNew ? shown : undefined }
  }
  return { connector, keys }
}

/** The same over a connector that is open; a host that can't be reached is seen as null. */
export async function reach<T>(
  connector: Connector,
  target: Host,
  work: (connection: Connection, connector: Connector) => Promise<T>,
): Promise<Omit<HostLook<T>, 'ms'>> {
  let connection: Connection | undefined
  try {
    connection = await connector.connect(target)
    const seen = await work(connection, connector)
    return { seen, roundTrips: connection.roundTrips }
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error
    const { message, hint } = error
    return { seen: null, why: { message, hint }, roundTrips: connection?.roundTrips ?? 0 }
  } finally {
    await connection?.close()
  }
}
