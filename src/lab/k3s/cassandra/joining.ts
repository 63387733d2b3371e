import { type Member, present, type Ring } from './ring.ts'

/** What a starting node brings along. */
export interface Newcomer {
  hostId: string
  address: string
  /** It has been in the ring before: its data is there. */
  hasData: boolean
  isSeed: boolean
  /** Members that answer it. */
  live: Set<string>
  /** -Dcassandra.consistent.rangemovement=false */
  mayBeInconsistent: boolean
  /** -Dcassandra.replace_address_first_boot */
  replaces?: string
}

/** Why a node can't join, in Cassandra's words; undefined when it can. */
export function joinObstacle(ring: Ring, newcomer: Newcomer): string | undefined {
  const others = present(ring).filter((one) => one.hostId !== newcomer.hostId)
  if (newcomer.hasData) {
    const own = ring.members[newcomer.hostId]
    return own?.state === 'left'
      ? 'This node was decommissioned and will not rejoin the ring unless cassandra.override_decommission=true has been set, or all existing data is removed and the node is bootstrapped again'
      : undefined
  }
  const live = others.filter((one) => newcomer.live.has(one.hostId))
  if (newcomer.isSeed && live.length === 0) return undefined
  if (live.length === 0) return 'Unable to gossip with any peers'
  return newcomer.replaces === undefined
    ? bootstrapObstacle(others, newcomer)
    : replaceObstacle(others, newcomer)
}

function bootstrapObstacle(others: Member[], newcomer: Newcomer): string | undefined {
  const { address, isSeed, mayBeInconsistent, live } = newcomer
  if (others.some((one) => one.address === address))
    return `A node with address /${address}:7000 already exists, cancelling join. Use cassandra.replace_address if you want to replace this node.`
  // Seeds take their place without fetching any data.
  if (isSeed || mayBeInconsistent) return undefined
  if (others.some((one) => one.state !== 'normal'))
    return 'Other bootstrapping/leaving/moving nodes detected, cannot bootstrap while cassandra.consistent.rangemovement is true'
  const down = others.find((one) => !live.has(one.hostId))
  return down === undefined
    ? undefined
    : `A node required to move the data consistently is down (/${down.address}:7000). If you wish to move the data from a potentially inconsistent replica, restart the node with -Dcassandra.consistent.rangemovement=false`
}

function replaceObstacle(others: Member[], { replaces, live }: Newcomer): string | undefined {
  const old = others.find((one) => one.address === replaces)
  if (old === undefined) return `Cannot replace_address /${replaces}:7000 because it doesn't exist in gossip`
  return live.has(old.hostId) ? 'Cannot replace a live node...' : undefined
}
