import type { Cluster } from '../api/cluster.ts'
import { pods } from '../api/kinds.ts'
import { times } from '../times.ts'
import { emptyRing, type Member, merge, present, type Ring } from './ring.ts'

/** The ring as all know it, and who of it answers. */
export interface News {
  ring: Ring
  /** Host ids. */
  live: string[]
}

/** What one tells the others. */
export interface Telling {
  ring: Ring
  /** It founds the ring anew. */
  fresh?: boolean
  /** The node that tells; absent where it is a client. */
  self?: { podUid: string; hostId: string }
}

/**
 * Stands for the gossip between the nodes of Cassandra: the server passes on what each of them knows. It keeps nothing
 * itself; what lasts is on the nodes' volumes.
 */
export class Exchange {
  private readonly rings = new Map<string, Ring>()
  /** Who each pod is now: after the loss of its data it is another one. */
  private readonly current = new Map<string, string>()
  /** When each host id was heard of last; those of before a restart of the server count from then. */
  private readonly heard = new Map<string, number>()
  private readonly startedAt = Date.now()
  private readonly cluster: Cluster

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** Takes what one node knows and answers with what all know. */
  tell({ ring, fresh = false, self }: Telling): News {
    if (self !== undefined) {
      this.current.set(self.podUid, self.hostId)
      this.heard.set(self.hostId, Date.now())
    }
    const known = fresh ? undefined : this.rings.get(ring.name)
    const all = merge(known ?? emptyRing(ring.name), ring)
    this.rings.set(ring.name, all)
    return this.news(all)
  }

  all(): News[] {
    return [...this.rings.values()].map((ring) => this.news(ring))
  }

  private news(all: Ring): News {
    const live = present(all).filter((one) => this.answers(one))
    return { ring: all, live: live.map((one) => one.hostId) }
  }

  private answers(member: Member): boolean {
    if (!member.isUp || (this.current.get(member.podUid) ?? member.hostId) !== member.hostId) return false
    const namespace = member.pod.split('/')[0] ?? ''
    const pod = this.cluster.store.get(pods, member.pod.slice(namespace.length + 1), namespace)
    const silence = Date.now() - (this.heard.get(member.hostId) ?? this.startedAt)
    return pod?.metadata.uid === member.podUid && silence < times.grace * 0.7
  }
}
