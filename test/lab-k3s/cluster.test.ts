import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Cluster, type Draft } from '../../src/lab/k3s/api/cluster.ts'
import { openJournal } from '../../src/lab/k3s/api/journal.ts'
import { claims, configMaps, deployments, namespaces, statefulSets } from '../../src/lab/k3s/api/kinds.ts'
import type { Value } from '../../src/lab/k3s/api/object.ts'
import { ApiError } from '../../src/lab/k3s/api/status.ts'
import { Store } from '../../src/lab/k3s/api/store.ts'

const configMap = (name: string, data: Record<string, string>): Draft => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
})

const workload = (kind: string, rest: Value = {}): Draft => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'nginx' }] },
    },
    ...rest,
  },
})

const codeOf = (action: () => unknown): number => {
  try {
    action()
  } catch (error) {
    if (error instanceof ApiError) return error.code
    throw error
  }
  return 200
}

describe('the simulated cluster', () => {
  let directory: string
  let file: string
  let cluster: Cluster

  function open(): Cluster {
    const journal = openJournal(file)
    return new Cluster(new Store(journal, journal.kept))
  }

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'k3s-'))
    file = path.join(directory, 'state.db')
    cluster = open()
    cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } })
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it('keeps everything across a restart, and goes on counting versions', () => {
    cluster.create(configMap('a', { x: '1' }))
    cluster.create(configMap('b', {}))
    cluster.delete(configMaps, 'b', 'default')
    const again = open()
    assert.deepEqual(again.store.list(configMaps), cluster.store.list(configMaps))
    const made = again.create(configMap('c', {}))
    assert.ok(
      Number(made.metadata.resourceVersion) >
        Number(again.require(configMaps, 'a', 'default').metadata.resourceVersion),
    )
  })

  it('fills in defaults, so that the same object sent again changes nothing', () => {
    const made = cluster.create(workload('Deployment'))
    assert.equal(made.spec.replicas, 1)
    assert.equal(made.spec.template.spec.containers[0].imagePullPolicy, 'Always')
    const bare = { ...made, spec: workload('Deployment').spec }
    assert.equal(cluster.update(deployments, bare), made)
  })

  it('counts generations by what is wanted, not by status', () => {
    const made = cluster.create(workload('Deployment'))
    const reported = cluster.change(deployments, made, (draft) => (draft.status = { replicas: 1 }))
    const scaled = cluster.change(deployments, made, (draft) => (draft.spec.replicas = 3))
    assert.deepEqual(
      [made, reported, scaled].map((one) => one?.metadata.generation),
      [1, 1, 2],
    )
  })

  it('stores nothing in a dry run', () => {
    cluster.create(configMap('a', {}), { dryRun: true })
    assert.deepEqual(cluster.store.list(configMaps), [])
  })

  it('refuses changes of what is immutable in a StatefulSet, in the words of the real one', () => {
    const made = cluster.create(workload('StatefulSet', { serviceName: 'web' }))
    assert.throws(
      () => cluster.change(statefulSets, made, (draft) => (draft.spec.serviceName = 'other')),
      /StatefulSet\.apps "web" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden/,
    )
    assert.equal(
      codeOf(() => cluster.change(statefulSets, made, (draft) => (draft.spec.replicas = 3))),
      200,
    )
  })

  it('refuses a write on an old version, a second object of the name, a missing namespace', () => {
    const made = cluster.create(configMap('a', {}))
    cluster.change(configMaps, made, (draft) => (draft.data = { x: '1' }))
    assert.equal(
      codeOf(() => cluster.update(configMaps, { ...made, data: { x: '2' } })),
      409,
    )
    assert.equal(
      codeOf(() => cluster.create(configMap('a', {}))),
      409,
    )
    const elsewhere = configMap('a', {})
    elsewhere.metadata.namespace = 'nowhere'
    assert.equal(
      codeOf(() => cluster.create(elsewhere)),
      404,
    )
  })

  it('refuses kinds it does not have, saying so', () => {
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j', namespace: 'default' } }
    assert.throws(() => cluster.create(job), /simulated k3s .* does not do this: there are no Job objects/)
  })

  it('refuses rules of placement that its scheduler does not know, in pods and in templates', () => {
    const spread = { topologyKey: 'zone', maxSkew: 1, labelSelector: {} }
    const near = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [] } }
    const made = (kind: string, spec: Value): void => {
      const containers = [{ name: 'web', image: 'nginx' }]
      const draft = workload(kind)
      draft.spec = {
        ...draft.spec,
        template: { metadata: { labels: { app: 'web' } }, spec: { containers, ...spec } },
      }
      cluster.create(draft)
    }
    assert.throws(
      () => made('Deployment', { topologySpreadConstraints: [spread] }),
      /does not do this: topologySpread/,
    )
    assert.throws(() => made('StatefulSet', { affinity: near }), /does not do this: required podAffinity/)
    made('Deployment', { topologySpreadConstraints: [{ ...spread, whenUnsatisfiable: 'ScheduleAnyway' }] })
  })

  it('holds a claim back until its finalizer is gone', () => {
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'c', namespace: 'default' },
    }
    const made = cluster.create({ ...claim, spec: { resources: { requests: { storage: '1Gi' } } } })
    const marked = cluster.delete(claims, 'c', 'default')
    assert.ok(marked.metadata.deletionTimestamp)
    assert.ok(cluster.store.get(claims, 'c', 'default'))
    cluster.change(claims, made, (draft) => (draft.metadata.finalizers = []))
    assert.equal(cluster.store.get(claims, 'c', 'default'), undefined)
  })

  it('lets a namespace linger until it is empty', () => {
    cluster.delete(namespaces, 'default', undefined)
    assert.equal(cluster.require(namespaces, 'default').status.phase, 'Terminating')
    assert.equal(
      codeOf(() => cluster.create(configMap('late', {}))),
      403,
    )
  })
})
