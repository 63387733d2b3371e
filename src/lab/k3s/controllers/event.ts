import { type Cluster, suffix } from '../api/cluster.ts'
import { events } from '../api/kinds.ts'
import { type KubeObject, now } from '../api/object.ts'

const keptEvents = 300

export interface Note {
  type: 'Normal' | 'Warning'
  reason: string
  message: string
  component: string
}

/** Records an event about an object; the same one again only counts up. */
export function emit(cluster: Cluster, about: KubeObject, note: Note): void {
  const { name, namespace = 'default', uid } = about.metadata
  const same = cluster.store
    .list(events, namespace)
    .find(
      (one) => one.involvedObject?.uid === uid && one.reason === note.reason && one.message === note.message,
    )
  if (same !== undefined) {
    cluster.change(events, same, (draft) => {
      draft.count = (draft.count ?? 1) + 1
      draft.lastTimestamp = now()
    })
    return
  }
  const at = now()
  cluster.create({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${suffix()}${suffix()}`, namespace },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid },
    type: note.type,
    reason: note.reason,
    message: note.message,
    count: 1,
    firstTimestamp: at,
    lastTimestamp: at,
    source: { component: note.component },
  })
  dropOldest(cluster)
}

/** The real one drops events after an hour; here only the last few are kept. */
function dropOldest(cluster: Cluster): void {
  const all = cluster.store.list(events)
  if (all.length <= keptEvents) return
  const byAge = all.sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
  for (const event of byAge.slice(0, all.length - keptEvents)) cluster.store.remove(events, event)
}
