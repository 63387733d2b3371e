import type { Cluster } from '../api/cluster.ts'
import { leases, pods } from '../api/kinds.ts'
import { times } from '../times.ts'
import { emptyRing, type Member, merge, present, type Ring } from './ring.ts'

/** The ring as all know it, and who of it answers. */
export interface News {
  ring: Ring
  /** Host ids. */
  live: string[]
}

/**
 * Stands for the gossip between the nodes of Cassandra: the server passes on what each of them knows. It keeps nothing
 * itself; what lasts is on the nodes' volumes.
 */
export class Exchange {
  private readonly rings = new Map<string, Ring>()
  private readonly cluster: Cluster

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  /** Takes what one node knows and answers with what all know. `fresh`: it founds the ring anew. */
  tell(ring: Ring, fresh: boolean): News {
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
    if (!member.isUp) return false
    const namespace = member.pod.split('/')[0] ?? ''
    const pod = this.cluster.store.get(pods, member.pod.slice(namespace.length + 1), namespace)
    const lease = this.cluster.store.get(leases, member.node, 'kube-node-lease')
    const silence = Date.now() - Date.parse(lease?.spec?.renewTime ?? '')
    return pod?.metadata.uid === member.podUid && silence < times.grace * 0.7
  }
}
