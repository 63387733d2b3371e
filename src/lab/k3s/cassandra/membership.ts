import type { CassandraNode } from './node.ts'
import { misused, type Outcome, refused, said } from './outcome.ts'
import { type Member, present } from './ring.ts'

/** Takes a dead node out of the ring. */
export async function removeNode(node: CassandraNode, what: string): Promise<Outcome> {
  if (what === '') return misused('Required parameters are missing: remove_operation')
  if (what === 'status') return said('RemovalStatus: No token removals in process.\n')
  if (what === 'force') return said('RemovalStatus: No token removals in process.\n')
  const { ring, live } = await node.exchange()
  const member = ring.members[what]
  if (member === undefined || !present(ring).includes(member)) return refused('Host ID not found.')
  if (what === node.hostId) return refused('Cannot remove self')
  if (live.includes(what))
    return refused(
      `Node /${member.address}:7000 is alive and owns this ID. Use decommission command to remove it from the ring`,
    )
  await forget(node, member)
  return said('')
}

export async function assassinate(node: CassandraNode, address: string): Promise<Outcome> {
  const { ring } = await node.exchange()
  const member = present(ring).find((one) => one.address === address)
  if (member !== undefined) await forget(node, member)
  return said('')
}

async function forget(node: CassandraNode, member: Member): Promise<void> {
  node.log(`INFO  [main] Removing tokens for /${member.address}:7000`)
  await node.change((ring) => {
    ring.members[member.hostId] = { ...member, state: 'removed', isUp: false, at: Date.now() }
  })
}

/** Leaves the ring for good. */
export async function decommission(node: CassandraNode): Promise<Outcome> {
  const { ring } = await node.exchange()
  if (present(ring).length < 2)
    return refused('no other normal nodes in the ring; decommission would be pointless')
  const most = Math.max(0, ...Object.values(ring.schema.keyspaces).map((one) => one.copies))
  if (present(ring).length - 1 < most)
    return refused(
      'Not enough live nodes to maintain replication factor in keyspace ' +
        `${Object.keys(ring.schema.keyspaces)[0]} (RF = ${most}, N = ${present(ring).length}). Perform a forceful decommission to ignore.`,
    )
  await node.decommission()
  return said('')
}
