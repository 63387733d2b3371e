import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, defineTask, effect } from '../src/core/task.ts'
import { clusterProbe } from '../src/probe/kubectl.ts'
import { kubectlFunction } from '../src/probe/rollout.ts'

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['claim', 'uid', 'volume'],
  properties: {
    claim: text('Name of the claim.'),
    uid: text('Its uid: a claim of that name which was made since then stays.'),
    volume: text('Name of the volume that it is bound to.'),
    namespace: { type: 'string', default: 'default', description: 'Namespace of the claim.' },
    pod: { type: 'string', default: '', description: 'Pod that uses it; its StatefulSet makes it anew.' },
  },
} as const

type Wanted = Args<typeof schema>
type Left = { uid: string; volume: boolean }

export default defineTask({
  name: 'k8s_lost_volume',
  summary: 'Gives up a volume whose disk is gone: removes claim, pod and volume, so that new ones are made.',
  args: schema,
  example: `- name: The data of cassandra-12 is lost
  k8s_lost_volume:
    claim: cassandra-data-cassandra-12
    uid: 93a25a8c-7a55-4683-bbcc-cf64131b81ce
    volume: pvc-93a25a8c-7a55-4683-bbcc-cf64131b81ce
    pod: cassandra-12
`,
  returns: {},
  probes: (args) => ({ left: leftProbe(args) }),
  plan(args, { left: { state, found } }) {
    if (state === 'absent') return []
    if (found === null) throw new TaskError('the API server does not answer', 'look at k3s on this host')
    const { claim, uid, volume, pod } = args
    const old = found.uid === uid
    if (!old && !found.volume) return []
    const parts = [...(old ? [`claim ${claim}`] : []), ...(found.volume ? [`volume ${volume}`] : [])]
    return [
      {
        summary: `give up ${parts.join(' and ')}${pod === '' ? '' : `; ${pod} gets a new one`}`,
        actions: [{ do: 'run', script: giveUpScript(args), timeout: 300 }],
        effects: [
          effect(leftProbe(args), { state: 'seen', found: { uid: old ? '' : found.uid, volume: false } }),
        ],
      },
    ]
  },
})

function leftProbe({ claim, volume, namespace }: Wanted) {
  const script = [
    sh`k get pvc ${claim} -n ${namespace} --ignore-not-found -o ${'jsonpath={.metadata.uid}'} || exit; echo`,
    sh`k get pv ${volume} --ignore-not-found -o name`,
  ].join('\n')
  return clusterProbe<Left>(`lost-volume:${namespace}/${claim} ${volume}`, script, (stdout) => {
    const [uid = '', rest = ''] = stdout.split('\n')
    return { uid, volume: rest !== '' }
  })
}

/**
 * A claim goes only when no pod uses it, and a pod that was made while the old claim was going waits for ever: it is
 * deleted once more then. The volume is deleted by hand: whoever should clean it up would need its node.
 */
function giveUpScript({ claim, uid, volume, namespace, pod }: Wanted): string {
  const away = sh`k delete pod ${pod} -n ${namespace} --ignore-not-found --force --grace-period=0 2>&1`
  const isOld = sh`[ "$(k get pvc ${claim} -n ${namespace} --ignore-not-found -o ${'jsonpath={.metadata.uid}'})" = ${uid} ]`
  return [
    kubectlFunction(),
    `if ${isOld}; then ${sh`k delete pvc ${claim} -n ${namespace} --wait=false`} || exit; fi`,
    ...(pod === '' ? [] : [away]),
    `n=0; while ${isOld}; do n=$((n+1)); [ $n -lt 60 ] || { ${sh`echo ${`claim ${claim} is still in use`} >&2`}; exit 1; }; sleep 1; done`,
    sh`k delete pv ${volume} --ignore-not-found --timeout=60s || exit`,
    ...(pod === '' ? [] : [`${sh`k get pvc ${claim} -n ${namespace}`} >/dev/null 2>&1 || ${away}`]),
  ].join('\n')
}
