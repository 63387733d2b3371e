import {
  all,
  any,
  boolean,
  integer,
  intOrString,
  list,
  map,
  object,
  or,
  type Schema,
  string,
} from '../schema.ts'
import { conditions, kindOf, labelSelector, metadata } from './meta.ts'
import { claimSpec, podTemplate } from './pod.ts'

const counts =
  'replicas readyReplicas updatedReplicas availableReplicas unavailableReplicas currentReplicas fullyLabeledReplicas observedGeneration collisionCount'
const workloadStatus: Schema = object({
  ...all(integer, counts),
  ...all(string, 'currentRevision updateRevision'),
  conditions,
})

/** A claim inside a StatefulSet: a list of these is replaced whole. */
const claimTemplate = object({
  apiVersion: or(string, 'v1'),
  kind: or(string, 'PersistentVolumeClaim'),
  metadata,
  spec: claimSpec,
  status: or(object({ phase: string }), { phase: 'Pending' }),
})

export const deployment = kindOf({
  spec: object({
    replicas: or(integer, 1),
    selector: labelSelector,
    template: podTemplate,
    strategy: or(
      object({ type: string, rollingUpdate: object({ maxSurge: intOrString, maxUnavailable: intOrString }) }),
      { type: 'RollingUpdate' },
    ),
    revisionHistoryLimit: or(integer, 10),
    progressDeadlineSeconds: or(integer, 600),
    minReadySeconds: integer,
    paused: boolean,
  }),
  status: workloadStatus,
})

export const replicaSet = kindOf({
  spec: object({
    replicas: or(integer, 1),
    selector: labelSelector,
    template: podTemplate,
    minReadySeconds: integer,
  }),
  status: workloadStatus,
})

export const statefulSet = kindOf({
  spec: object({
    replicas: or(integer, 1),
    selector: labelSelector,
    serviceName: string,
    template: podTemplate,
    volumeClaimTemplates: list(claimTemplate),
    podManagementPolicy: or(string, 'OrderedReady'),
    updateStrategy: or(
      object({ type: string, rollingUpdate: object({ partition: integer, maxUnavailable: intOrString }) }),
      { type: 'RollingUpdate' },
    ),
    revisionHistoryLimit: or(integer, 10),
    minReadySeconds: integer,
    persistentVolumeClaimRetentionPolicy: object(all(string, 'whenDeleted whenScaled')),
  }),
  status: workloadStatus,
})

export const daemonSet = kindOf({
  spec: object({
    selector: labelSelector,
    template: podTemplate,
    updateStrategy: or(
      object({ type: string, rollingUpdate: object({ maxSurge: intOrString, maxUnavailable: intOrString }) }),
      { type: 'RollingUpdate' },
    ),
    revisionHistoryLimit: or(integer, 10),
    minReadySeconds: integer,
  }),
  status: object({
    ...all(integer, 'currentNumberScheduled desiredNumberScheduled numberAvailable numberMisscheduled'),
    ...all(integer, 'numberReady numberUnavailable observedGeneration updatedNumberScheduled'),
    conditions,
  }),
})

export const controllerRevision = kindOf({ data: any, revision: integer })

export const disruptionBudget = kindOf({
  spec: object({ minAvailable: intOrString, maxUnavailable: intOrString, selector: labelSelector }),
  status: object({
    ...all(integer, 'currentHealthy desiredHealthy disruptionsAllowed expectedPods observedGeneration'),
    disruptedPods: map(any),
    conditions,
  }),
})
