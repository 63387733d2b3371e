import type { Cluster } from '../api/cluster.ts'
import type { Kind } from '../api/kinds.ts'
import { ApiError } from '../api/status.ts'
import { log } from '../log.ts'

/** Brings the cluster from what is to what is wanted, looking at all of it each time. */
export interface Controller {
  name: string
  /** A change of one of these kinds makes it look again. */
  watches: Kind[]
  reconcile(cluster: Cluster): void
}

const pause = 5

/** Runs a controller now and after every change that concerns it; several changes at once are one look. */
export function run(cluster: Cluster, controller: Controller): void {
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    timer = undefined
    try {
      controller.reconcile(cluster)
    } catch (error) {
      log.error(`${controller.name}: ${(error as Error).stack}`)
    }
  }
  const isHeartbeat = (kind: Kind, type: string) => kind.plural === 'leases' && type === 'MODIFIED'
  cluster.store.onChange((change) => {
    if (!controller.watches.includes(change.kind) || isHeartbeat(change.kind, change.type)) return
    timer ??= setTimeout(look, pause)
  })
  timer = setTimeout(look, pause)
}

/** Ignores that somebody was faster: the next look sees what they did. */
export function unlessGone(action: () => unknown): void {
  try {
    action()
  } catch (error) {
    if (!(error instanceof ApiError) || ![403, 404, 409].includes(error.code)) throw error
  }
}
