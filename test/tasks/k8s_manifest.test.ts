import assert from 'node:assert/strict'
import type { WorkloadsFact } from '../../src/probe/cluster.ts'
import type { ManifestFact } from '../../src/probe/objects.ts'
import k8s_manifest from '../../tasks/k8s_manifest.ts'
import { testArguments, testTask } from './law.ts'
import { local } from './seen.ts'

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n'
const deployment = (replicas: number) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  replicas: ${replicas}\n`
const args = { src: local(`${namespace}---\n${deployment(2)}`, 'files/shop.yaml') }
const same: ManifestFact = { state: 'seen', diffs: [], errors: '', existing: [], immutable: [] }
const rolledOut: WorkloadsFact = {
  state: 'seen',
  workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'web', done: true }],
}
const none: WorkloadsFact = { state: 'absent', workloads: [] }
const created = 'apply shop.yaml: create Namespace shop, Deployment shop/web'
const pod = { content: 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: bench\n', wait: false }
const changedPod = {
  ...same,
  errors:
    'The Pod "bench" is invalid: spec: Forbidden: pod updates may not change fields other than ...\n  core.PodSpec{',
  existing: ['Pod/bench'],
  immutable: [{ kind: 'Pod', name: 'bench', namespace: 'default', fields: ['spec.nodeName'] }],
}

testTask(k8s_manifest, [
  {
    it: 'changes nothing when the cluster is as described',
    args,
    facts: { manifest: same, workloads: rolledOut },
    changes: [],
  },
  {
    it: 'creates everything where there is no cluster yet',
    args,
    facts: { manifest: { ...same, state: 'absent' }, workloads: none },
    changes: [
      {
        summary: created,
        diff: { title: 'shop.yaml', before: '', after: `${namespace}---\n${deployment(2)}` },
      },
    ],
  },
  {
    it: 'creates everything where the namespace is not there yet',
    args,
    facts: {
      manifest: { ...same, errors: 'Error from server (NotFound): namespaces "shop" not found' },
      workloads: none,
    },
    changes: [{ summary: created }],
  },
  {
    it: 'says what it does to which object, in the order of the manifest',
    args,
    facts: {
      manifest: {
        ...same,
        diffs: [
          { before: deployment(1), after: deployment(2) },
          { before: '', after: `${namespace}  uid: x\nspec:\n  finalizers: []\n` },
        ],
      },
      workloads: rolledOut,
    },
    changes: [
      {
        summary: 'apply shop.yaml: create Namespace shop; change Deployment shop/web',
        diff: { title: 'shop.yaml', before: deployment(1), after: `${namespace}---\n${deployment(2)}` },
      },
    ],
  },
  {
    it: 'waits for a roll-out that an earlier run did not see the end of',
    args,
    facts: { manifest: same, workloads: { state: 'seen', workloads: [] } },
    changes: [{ summary: 'wait until Deployment shop/web is rolled out' }],
  },
  {
    it: 'does not wait when told not to',
    args: { ...args, wait: false },
    facts: { manifest: same, workloads: none },
    changes: [],
  },
  {
    it: "does not show a new Secret's data",
    args: {
      content: 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  a: hidden\n',
      wait: false,
    },
    facts: { manifest: { ...same, state: 'absent' }, workloads: none },
    changes: [
      {
        diff: {
          title: 'the manifest',
          before: '',
          after: 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData: ********\n',
        },
      },
    ],
  },
  {
    it: 'names who holds a field, and how to take it over',
    args,
    facts: {
      manifest: {
        ...same,
        errors:
          'error: Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name="web"].image\nPlease review the fields above',
      },
      workloads: rolledOut,
    },
    refuses:
      /shop\.yaml sets fields of Deployment shop\/web that kubectl-create holds with another value: \.spec\.replicas, \.spec\.template\.spec\.containers\[name="web"\]\.image/,
  },
  {
    it: 'lists the fields of a StatefulSet that must not change',
    args,
    facts: {
      manifest: {
        ...same,
        errors: 'The StatefulSet "db" is invalid: spec: Forbidden: updates to statefulset spec',
        immutable: [{ kind: 'StatefulSet', name: 'db', namespace: 'shop', fields: ['spec.serviceName'] }],
      },
      workloads: rolledOut,
    },
    refuses: /StatefulSet db exists, and Kubernetes does not let these be changed: spec\.serviceName/,
  },
  {
    it: 'never recreates a StatefulSet, for that would stop its pods',
    args: { ...args, recreate: true },
    facts: {
      manifest: {
        ...same,
        errors: 'x',
        immutable: [{ kind: 'StatefulSet', name: 'db', namespace: '', fields: [] }],
      },
      workloads: rolledOut,
    },
    refuses: /StatefulSet db exists/,
  },
  {
    it: 'refuses to change a Pod',
    args: pod,
    facts: { manifest: changedPod, workloads: none },
    refuses: /Pod bench exists, .*: spec\.nodeName/,
  },
  {
    it: 'creates a Pod anew when told',
    args: { ...pod, recreate: true },
    facts: { manifest: changedPod, workloads: none },
    changes: [{ summary: 'apply the manifest: recreate Pod bench' }],
  },
  {
    it: 'says what the cluster says of a wrong manifest',
    args,
    facts: { manifest: { ...same, errors: 'error: error parsing STDIN: yaml: line 2' }, workloads: none },
    refuses: /the cluster refuses shop\.yaml: error: error parsing STDIN: yaml: line 2/,
  },
  {
    it: 'deletes what is there',
    args: { ...pod, state: 'absent' },
    facts: { manifest: { ...same, existing: ['pod/bench'] }, workloads: none },
    changes: [{ summary: 'delete pod/bench' }],
  },
  {
    it: 'has nothing to delete where there is no cluster',
    args: { ...args, state: 'absent' },
    facts: { manifest: { ...same, state: 'absent' }, workloads: none },
    changes: [],
  },
  {
    it: 'does not delete a namespace with all that is in it unless told',
    args: { ...args, state: 'absent' },
    facts: { manifest: { ...same, existing: ['namespace/shop'] }, workloads: none },
    refuses: /to delete Namespace shop destroys what is in it/,
  },
  {
    it: 'refuses a file without objects',
    args: { content: '# nothing\n' },
    facts: { manifest: same, workloads: none },
    refuses: /the manifest holds no Kubernetes object/,
  },
])

testArguments(k8s_manifest, {
  'an unknown state': { content: 'x', state: 'applied' },
  'an empty manifest': { content: '' },
})

describe('k8s_manifest', () => {
  const full = {
    state: 'present',
    wait: true,
    timeout: 1,
    force_conflicts: false,
    recreate: false,
    delete_data: false,
  } as const

  it('lets a check see that a later step would delete what this one creates', () => {
    const bare = { manifest: { ...same, state: 'absent' as const }, workloads: none }
    const [change] = k8s_manifest.plan({ ...full, src: args.src }, bare)
    const absent = { ...full, src: args.src, state: 'absent', delete_data: true } as const
    const { key } = k8s_manifest.probes(absent).manifest
    const manifest = change!.effects.find((one) => one.key === key)!.value as ManifestFact
    const [deletion] = k8s_manifest.plan(absent, { manifest, workloads: none })
    assert.equal(deletion?.summary, 'delete namespace/shop, deployment.apps/web')
  })

  it('takes exactly one source', () => {
    assert.throws(() => k8s_manifest.probes({ ...full, src: args.src, content: 'x' }), /give one of/)
    assert.throws(() => k8s_manifest.probes(full), /give one of/)
    assert.throws(() => k8s_manifest.probes({ ...full, src: local(Buffer.alloc(3)) }), /binary or larger/)
  })
})
