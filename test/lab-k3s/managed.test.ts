import assert from 'node:assert/strict'
import { kindNamed } from '../../src/lab/k3s/api/kinds.ts'
import { applyConfig, trackUpdate } from '../../src/lab/k3s/api/managed.ts'
import type { KubeObject, Value } from '../../src/lab/k3s/api/object.ts'
import { ApiError } from '../../src/lab/k3s/api/status.ts'

const schema = kindNamed('deployments.apps')!.schema

function deployment(spec: Value, labels?: Record<string, string>): KubeObject {
  const metadata: Value = { name: 'web', namespace: 'default', ...(labels && { labels }) }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }
}

const withImage = (image: string) => ({ template: { spec: { containers: [{ name: 'web', image }] } } })

const apply = (live: KubeObject | undefined, config: KubeObject, manager: string, force = false) =>
  applyConfig(live, config, schema, { manager }, force)

/** A write that is not an apply, as `kubectl scale` or `kubectl edit` do it. */
function update(live: KubeObject, spec: Value, manager: string): KubeObject {
  const fresh = { ...structuredClone(live), spec }
  fresh.metadata.managedFields = trackUpdate(live, fresh, schema, { manager })
  return fresh
}

describe('server-side apply', () => {
  it('owns what it applies, item by item in lists that have keys', () => {
    const made = apply(undefined, deployment(withImage('nginx:1')), 'provision')
    assert.deepEqual(made.metadata.managedFields?.[0]?.fieldsV1, {
      'f:spec': {
        'f:template': {
          'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
        },
      },
    })
  })

  it('changes nothing, not even a time, when the same is applied again', () => {
    const config = deployment({ replicas: 2, ...withImage('nginx:1') }, { app: 'web' })
    const made = apply(undefined, config, 'provision')
    assert.deepEqual(apply(made, config, 'provision'), made)
  })

  it('refuses to change what another manager owns, naming the field and the manager', () => {
    const made = apply(undefined, deployment(withImage('nginx:1')), 'provision')
    const edited = update(made, { ...made.spec, ...withImage('nginx:2') }, 'kubectl-edit')
    assert.throws(
      () => apply(edited, deployment(withImage('nginx:1')), 'provision'),
      (error) =>
        error instanceof ApiError &&
        error.code === 409 &&
        error.message ===
          'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.template.spec.containers[name="web"].image',
    )
  })

  it('takes the field over by force, and the other manager loses it', () => {
    const made = apply(undefined, deployment({ replicas: 2 }), 'provision')
    const scaled = update(made, { replicas: 5 }, 'kubectl')
    const forced = apply(scaled, deployment({ replicas: 2 }), 'provision', true)
    assert.equal(forced.spec.replicas, 2)
    assert.deepEqual(
      forced.metadata.managedFields?.map((entry) => entry.manager),
      ['provision'],
    )
  })

  it('is no conflict when both want the same value', () => {
    const made = apply(undefined, deployment({ replicas: 2 }), 'one')
    const shared = apply(made, deployment({ replicas: 2 }), 'two')
    assert.equal(shared.metadata.managedFields?.length, 2)
  })

  it('removes what it applied before and no longer does', () => {
    const made = apply(undefined, deployment({}, { app: 'web', tier: 'front' }), 'provision')
    const next = apply(made, deployment({}, { app: 'web' }), 'provision')
    assert.deepEqual(next.metadata.labels, { app: 'web' })
  })

  it('leaves what another manager added or also owns', () => {
    const made = apply(undefined, deployment({}, { app: 'web' }), 'one')
    const both = apply(made, deployment({}, { app: 'web', tier: 'front' }), 'two')
    const next = apply(both, deployment({}), 'one')
    assert.deepEqual(next.metadata.labels, { app: 'web', tier: 'front' })
  })

  it('keeps the items of a list that others own, and their order', () => {
    const containers = (...names: string[]) => ({
      template: { spec: { containers: names.map((name) => ({ name, image: 'a' })) } },
    })
    const made = apply(undefined, deployment(containers('a', 'b', 'c')), 'one')
    const next = apply(made, deployment(containers('b')), 'two', true)
    assert.deepEqual(
      next.spec.template.spec.containers.map((one: Value) => one.name),
      ['a', 'b', 'c'],
    )
  })
})
