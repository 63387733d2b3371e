import { budgets, configMaps, namespaces, pods, serviceAccounts } from '../api/kinds.ts'
import { equal } from '../api/object.ts'
import { selectorMatches } from '../api/selectors.ts'
import { type Controller, unlessGone } from './loop.ts'
import { isLive, isReady } from './ownership.ts'

/** Gives every namespace its default service account and the cluster's certificate. */
export function accountController(authority: string): Controller {
  return {
    name: 'serviceaccount-controller',
    watches: [namespaces, serviceAccounts, configMaps],
    reconcile(cluster) {
      for (const { metadata } of cluster.store.list(namespaces).filter(isLive)) {
        const namespace = metadata.name
        if (cluster.store.get(serviceAccounts, 'default', namespace) === undefined) {
          unlessGone(() =>
            cluster.create({
              apiVersion: 'v1',
              kind: 'ServiceAccount',
              metadata: { name: 'default', namespace },
            }),
          )
        }
        if (cluster.store.get(configMaps, 'kube-root-ca.crt', namespace) === undefined) {
          const data = { 'ca.crt': authority }
          const name = 'kube-root-ca.crt'
          unlessGone(() =>
            cluster.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data }),
          )
        }
      }
    },
  }
}

/** Counts how many pods each disruption budget can spare. */
export const budgetController: Controller = {
  name: 'disruption-controller',
  watches: [budgets, pods],
  reconcile(cluster) {
    for (const budget of cluster.store.list(budgets)) {
      const guarded = cluster.store
        .list(pods, budget.metadata.namespace)
        .filter((pod) => selectorMatches(budget.spec?.selector, pod.metadata.labels))
      const healthy = guarded.filter(isReady).length
      const { minAvailable, maxUnavailable } = budget.spec ?? {}
      const least =
        minAvailable === undefined
          ? guarded.length - count(maxUnavailable ?? 1, guarded.length)
          : count(minAvailable, guarded.length)
      const status = {
        currentHealthy: healthy,
        desiredHealthy: least,
        disruptionsAllowed: Math.max(0, healthy - least),
        expectedPods: guarded.length,
        observedGeneration: budget.metadata.generation,
      }
      if (equal(status, budget.status)) continue
      cluster.change(budgets, budget, (draft) => {
        draft.status = status
      })
    }
  },
}

const count = (value: string | number, of: number) =>
  typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) / 100) * of)
