/** A node of a Cassandra ring as the others know it. */
export interface Member {
  hostId: string
  /** Address of its pod. */
  address: string
  podUid: string
  pod: string
  /** Kubernetes node it runs on. */
  node: string
  tokens: string[]
  datacenter: string
  rack: string
  release: string
  state: 'joining' | 'normal' | 'leaving' | 'left' | 'removed'
  isUp: boolean
  /** Time of the newest news, in ms; newer news win. */
  at: number
}

export interface Table {
  /** The columns as they were written in the statement. */
  columns: string
  rows: number
  reads: number
  writes: number
}

export interface Keyspace {
  strategy: string
  /** Copies of each row; of the one data center there is. */
  copies: number
  options: Record<string, string>
  tables: Record<string, Table>
}

export interface Schema {
  at: number
  keyspaces: Record<string, Keyspace>
}

export interface Ring {
  /** Namespace and name of the cluster. */
  name: string
  members: Record<string, Member>
  schema: Schema
}

export const emptyRing = (name: string): Ring => ({ name, members: {}, schema: { at: 0, keyspaces: {} } })

/** What two know of the same ring: the newest of each. */
export function merge(one: Ring, other: Ring): Ring {
  const members = { ...one.members }
  for (const [hostId, member] of Object.entries(other.members)) {
    const known = members[hostId]
    if (known === undefined || member.at > known.at) members[hostId] = member
  }
  return { ...one, members, schema: other.schema.at > one.schema.at ? other.schema : one.schema }
}

const isGone = (member: Member) => member.state === 'left' || member.state === 'removed'

/** Members that `nodetool status` shows. */
export const present = (ring: Ring): Member[] => Object.values(ring.members).filter((one) => !isGone(one))

/** Share of all rows that each member holds, by host id, for as many copies. */
export function ownership(ring: Ring, copies: number): Map<string, number> {
  const owners = present(ring).filter((one) => one.state !== 'joining')
  const places = owners
    .flatMap((one) => one.tokens.map((token) => ({ token: BigInt(token), hostId: one.hostId })))
    .sort((a, b) => (a.token < b.token ? -1 : 1))
  const shares = new Map(owners.map((one) => [one.hostId, 0]))
  for (const [index, place] of places.entries()) {
    const before = places[(index || places.length) - 1] ?? place
    const width = Number(BigInt.asUintN(64, place.token - before.token)) || 2 ** 64
    for (const hostId of replicas(places, index, Math.min(copies, owners.length)))
      shares.set(hostId, (shares.get(hostId) ?? 0) + width / 2 ** 64)
  }
  return shares
}

function replicas(places: { hostId: string }[], from: number, count: number): Set<string> {
  const found = new Set<string>()
  for (let step = 0; found.size < count && step < places.length; step += 1)
    found.add(places[(from + step) % places.length]?.hostId ?? '')
  return found
}

const bytesOfRow = 1100

/** Bytes of one table on one member. */
export function sizeOf(table: Table, share: number): number {
  return Math.round(table.rows * share * bytesOfRow)
}

/** Bytes that a member holds: what every node has, and its share of the tables. */
export function loadOf(ring: Ring, member: Member): number {
  const spread = Number.parseInt(member.hostId.slice(0, 4), 16) % 60_000
  const own = Object.values(ring.schema.keyspaces).flatMap(({ copies, tables }) => {
    const share = ownership(ring, copies).get(member.hostId) ?? 0
    return Object.values(tables).map((table) => sizeOf(table, share))
  })
  return 71_900 + spread + own.reduce((sum, size) => sum + size, 0)
}
