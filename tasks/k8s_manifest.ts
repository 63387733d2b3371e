import { basename } from 'node:path'
import { quote, sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Action, type Args, type Change, defineTask, effect } from '../src/core/task.ts'
import { FIELD_MANAGER } from '../src/probe/apiserver.ts'
import { noWorkloadsProbe, type Workload, workloadsProbe } from '../src/probe/cluster.ts'
import { type NamedObject, objectsOf, resourceOf, titleOf } from '../src/probe/manifest.ts'
import { describeManifest, refuseManifest } from '../src/probe/manifestplan.ts'
import { existingProbe, type ManifestFact, manifestProbe } from '../src/probe/objects.ts'
import {
  isRolledOut,
  kubectlFunction,
  rollsOut,
  waitForRollout,
  withRolledOut,
} from '../src/probe/rollout.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    src: {
      type: 'string',
      format: 'local-file',
      description: 'Manifest, a path beside the playbook, taken as it is.',
    },
    template: {
      type: 'string',
      format: 'template-file',
      description: 'Manifest with {{ }} in it, instead of src.',
    },
    content: { type: 'string', minLength: 1, description: 'The manifest itself, instead of src.' },
    state: {
      enum: ['present', 'absent'],
      default: 'present',
      description: 'Whether the objects are to exist as described, or not at all.',
    },
    wait: {
      type: 'boolean',
      default: true,
      description: 'Wait until Deployments, StatefulSets and DaemonSets of the manifest are rolled out.',
    },
    timeout: {
      type: 'integer',
      minimum: 1,
      default: 900,
      description: 'Seconds to wait for the roll-out. A large StatefulSet starts its pods one by one.',
    },
    force_conflicts: {
      type: 'boolean',
      default: false,
      description: 'Take over fields that another manager (kubectl, a controller) holds with another value.',
    },
    recreate: {
      type: 'boolean',
      default: false,
      description: 'Delete and create a Pod or Job anew whose change Kubernetes does not allow.',
    },
    delete_data: {
      type: 'boolean',
      default: false,
      description: 'With absent: also delete namespaces, volumes and claims, and with them their data.',
    },
  },
} as const

type Wanted = Args<typeof schema>

export default defineTask({
  name: 'k8s_manifest',
  summary: 'Applies a manifest to the cluster by server-side apply, on the host of the k3s server.',
  args: schema,
  example: `- name: Storage on the SSDs
  k8s_manifest:
    src: files/storage/local-path-storage.yaml
`,
  returns: {},
  probes: (args) => ({
    manifest: objectsProbe(args),
    workloads: waitedFor(args).length > 0 ? workloadsProbe : noWorkloadsProbe,
  }),
  plan(args, { manifest, workloads }) {
    const objects = objectsOf(textOf(args))
    if (objects.length === 0) throw new TaskError(`${sourceOf(args)} holds no Kubernetes object`)
    if (args.state === 'absent') return planAbsent(args, objects, manifest)
    return planPresent(args, objects, manifest, workloads.workloads)
  },
})

function objectsProbe(args: Wanted) {
  return args.state === 'present'
    ? manifestProbe(textOf(args), args.force_conflicts)
    : existingProbe(textOf(args))
}

function textOf({ src, template, content }: Wanted): string {
  const given = [src?.text, template?.text, content].filter((one) => one !== undefined)
  if (given.length !== 1) throw new TaskError("give one of 'src', 'template' and 'content'")
  if (typeof given[0] === 'string') return given[0]
  throw new TaskError(
    `${(src ?? template)?.path} is binary or larger than 64 KiB`,
    'split it into several manifests',
  )
}

function sourceOf({ src, template }: Wanted): string {
  const path = (src ?? template)?.path
  return path === undefined ? 'the manifest' : basename(path)
}

/** Objects whose roll-out is waited for. */
function waitedFor(args: Wanted): NamedObject[] {
  return args.state === 'present' && args.wait ? objectsOf(textOf(args)).filter(rollsOut) : []
}

const NONE: ManifestFact = { state: 'seen', diffs: [], errors: '', existing: [], immutable: [] }

function planPresent(
  args: Wanted,
  objects: NamedObject[],
  fact: ManifestFact,
  workloads: Workload[],
): Change[] {
  const source = sourceOf(args)
  refuseManifest(source, objects, fact, args.recreate)
  const { summary, diff } = describeManifest(objects, fact)
  const late = waitedFor(args).filter((one) => summary !== '' || !isRolledOut(one, workloads))
  const wait = late.length === 0 ? [] : [waitForRollout(late, args.timeout)]
  const rolledOut = { state: 'seen' as const, workloads: withRolledOut(workloads, late) }
  const effects = late.length === 0 ? [] : [effect(workloadsProbe, rolledOut)]
  if (summary === '') {
    if (late.length === 0) return []
    return [{ summary: `wait until ${late.map(titleOf).join(', ')} is rolled out`, actions: wait, effects }]
  }
  const there = { ...NONE, existing: objects.map(resourceOf) }
  const apply: Action = { do: 'run', script: applyScript(args, fact), stdin: textOf(args), timeout: 300 }
  return [
    {
      summary: `apply ${source}: ${summary}`,
      diff: { title: source, ...diff },
      actions: [...reachable(fact), apply, ...wait],
      effects: [effect(objectsProbe(args), NONE), effect(existingProbe(textOf(args)), there), ...effects],
    },
  ]
}

/** Nothing to wait for where the cluster has just answered. */
function reachable({ state }: ManifestFact): Action[] {
  const missing = 'there is no k3s server on this host: run this step on the host of the server'
  const script = [
    kubectlFunction(),
    sh`[ -r "$KUBECONFIG" ] || { echo ${missing} >&2; exit 3; }`,
    'k get --raw /readyz >/dev/null',
  ]
  const wait = { do: 'wait' as const, what: 'the API server to answer', timeout: 180, every: 2 }
  return state === 'seen' ? [] : [{ ...wait, script: script.join('\n') }]
}

/** A kind is not known at once after its definition has been applied, so that is tried again for a while. */
function applyScript({ force_conflicts }: Wanted, { immutable }: ManifestFact): string {
  const force = force_conflicts ? ' --force-conflicts' : ''
  return [
    kubectlFunction(),
    'm=$(cat; echo .); m=${m%.}',
    ...immutable.map(
      ({ kind, name, namespace }) =>
        sh`k delete ${kind.toLowerCase()} ${name} -n ${namespace || 'default'} --ignore-not-found || exit`,
    ),
    `apply() { printf %s "$m" | k apply --server-side --field-manager=${FIELD_MANAGER}${force} -f -; }`,
    'n=0; until said=$(apply 2>&1); do n=$((n+1))',
    'case $said in *"no matches for kind"*) [ $n -lt 10 ] && sleep 1 && continue;; esac',
    'printf "%s\\n" "$said" >&2; exit 1; done; printf "%s\\n" "$said"',
  ].join('\n')
}

const HOLDS_DATA = ['Namespace', 'PersistentVolume', 'PersistentVolumeClaim', 'CustomResourceDefinition']

function planAbsent(args: Wanted, objects: NamedObject[], fact: ManifestFact): Change[] {
  if (fact.existing.length === 0) return []
  const data = objects.filter(({ kind }) => HOLDS_DATA.includes(kind))
  if (data.length > 0 && !args.delete_data) {
    const names = data.map(titleOf).join(', ')
    throw new TaskError(
      `to delete ${names} destroys what is in it`,
      "set 'delete_data: true' if that is meant",
    )
  }
  const script = `${kubectlFunction()}\nk delete -f - --ignore-not-found --wait --timeout=${quote(`${args.timeout}s`)}`
  return [
    {
      summary: `delete ${fact.existing.join(', ')}`,
      actions: [{ do: 'run', script, stdin: textOf(args), timeout: args.timeout + 60 }],
      effects: [effect(objectsProbe(args), NONE)],
    },
  ]
}
