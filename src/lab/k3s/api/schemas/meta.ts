import {
  all,
  any,
  boolean,
  type Fields,
  integer,
  keyed,
  list,
  map,
  object,
  type Schema,
  setOf,
  string,
} from '../schema.ts'

export const metadata: Schema = object({
  ...all(
    string,
    'name namespace uid resourceVersion creationTimestamp deletionTimestamp generateName selfLink',
  ),
  ...all(integer, 'generation deletionGracePeriodSeconds'),
  labels: map(),
  annotations: map(),
  finalizers: setOf(),
  ownerReferences: keyed('uid', {
    ...all(string, 'apiVersion kind name uid'),
    ...all(boolean, 'controller blockOwnerDeletion'),
  }),
  managedFields: list(any),
})

/** The schema of a kind: what all have, and its own fields. */
export function kindOf(fields: Fields): Schema {
  return object({ apiVersion: string, kind: string, metadata, ...fields })
}

export const conditions: Schema = keyed('type', {
  ...all(
    string,
    'type status reason message lastTransitionTime lastUpdateTime lastHeartbeatTime lastProbeTime',
  ),
  observedGeneration: integer,
})

export const labelSelector: Schema = {
  is: 'object',
  fields: {
    matchLabels: map(),
    matchExpressions: list(object({ key: string, operator: string, values: list() })),
  },
}

export const reference: Schema = object(
  all(string, 'apiVersion kind namespace name uid resourceVersion fieldPath apiGroup'),
)
