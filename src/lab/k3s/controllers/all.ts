import type { Cluster } from '../api/cluster.ts'
import type { Settings } from '../settings.ts'
import { accountController, budgetController } from './accounts.ts'
import { daemonSetController } from './daemonsets.ts'
import { deploymentController } from './deployments.ts'
import { endpointController } from './endpoints.ts'
import { garbageCollector } from './garbage.ts'
import { localPathController } from './local-path.ts'
import { run } from './loop.ts'
import { deployManifests } from './manifests.ts'
import { nodeController, watchHeartbeats } from './nodes.ts'
import { replicaSetController } from './replicasets.ts'
import { scheduler } from './scheduler.ts'
import { statefulSetController } from './statefulsets.ts'
import { volumeController } from './volumes.ts'

export interface ControllerStart {
  /** /var/lib/rancher/k3s/server */
  directory: string
  settings: Settings
  /** The certificate that clients inside the cluster trust. */
  authority: string
}

const controllers = [
  nodeController,
  deploymentController,
  replicaSetController,
  statefulSetController,
  daemonSetController,
  scheduler,
  volumeController,
  localPathController,
  endpointController,
  budgetController,
  garbageCollector,
]

/** Starts everything that makes the cluster move by itself. */
export function startControllers(
  cluster: Cluster,
  { directory, settings, authority }: ControllerStart,
): void {
  for (const controller of [...controllers, accountController(authority)]) run(cluster, controller)
  watchHeartbeats(cluster)
  deployManifests(cluster, directory, settings)
}
