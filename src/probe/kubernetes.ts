import { createHash } from 'node:crypto'
import { quote, sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Survey } from '../core/task.ts'
import { K3S_BINARY } from './k3s.ts'

export const KUBECTL = `${K3S_BINARY} kubectl`
export const KUBECONFIG = '/etc/rancher/k3s/k3s.yaml'
/** kubectl's knowledge of kinds; gone with the next boot. */
export const CACHE = '/run/provision-kubectl'
export const FIELD_MANAGER = 'provision'

/** How far a cluster could be asked: not installed here, not answering, or seen. */
export type ClusterState = 'absent' | 'down' | 'seen'

/** One question to the cluster. */
export type Question =
  /** What server-side apply would change. */
  | { ask: 'diff'; text: string; force: boolean }
  /** Which objects of the manifest there are. */
  | { ask: 'existing'; text: string }
  /** Nodes and workloads with their state. */
  | { ask: 'state' }

/** What kubectl answered to one question. */
export interface Answer {
  state: ClusterState
  code: number
  stdout: string
  stderr: string
  /** Objects as they are and as they are wanted, in JSON; only when a diff failed. */
  live: string
  wanted: string
}

/** All questions of a look run at the same time: kubectl spends most of its life starting. */
export const kubernetesSurvey: Survey = { name: 'kubernetes', script: surveyScript }

/** The subject of a question in the survey. */
export function subjectOf(question: Question): string {
  return JSON.stringify(question)
}

function idOf(subject: string): string {
  return createHash('sha256').update(subject).digest('hex').slice(0, 20)
}

function surveyScript(subjects: string[]): string {
  const parts = subjects.map((subject) => ({ id: idOf(subject), question: JSON.parse(subject) as Question }))
  return [
    sh`[ -x ${K3S_BINARY} ] && [ -r ${KUBECONFIG} ] || { echo absent; exit 0; }`,
    'd=$(mktemp -d /run/provision-look.XXXXXX 2>/dev/null || mktemp -d) || exit',
    "trap 'rm -rf \"$d\"' EXIT; trap 'exit 143' HUP INT TERM",
    // Whole objects rather than a few lines around a change: from them both sides can be restored.
    sh`export KUBECONFIG=${KUBECONFIG} TMPDIR="$d" KUBECTL_EXTERNAL_DIFF=${'diff -N -U100000'}`,
    sh`k() { ${KUBECTL.split(' ')} --request-timeout=30s --cache-dir=${CACHE} "$@"; }`,
    ...parts.map(({ id, question }) => `${questionScript(id, question)} &`),
    'wait',
    ...parts.flatMap(({ id }) =>
      ['code', 'out', 'err', 'live', 'want'].map(
        (part) => `printf '\\n==> ${id} ${part}\\n'; f=$d/${id}.${part}; [ ! -s "$f" ] || cat "$f"`,
      ),
    ),
    `printf '\\n==> end\\n'`,
  ].join('\n')
}

function questionScript(id: string, question: Question): string {
  const to = (part: string) => `"$d/${id}.${part}"`
  const ask = `>${to('out')} 2>${to('err')}; code=$?; echo $code >${to('code')}`
  if (question.ask === 'state')
    return `{ k get nodes,deployments,statefulsets,daemonsets -A -o jsonpath=${quote(STATE)} ${ask}; }`
  const feed = `m=${quote(question.text)}; printf '%s\\n' "$m" |`
  if (question.ask === 'existing') return `{ ${feed} k get -f - -o name --ignore-not-found ${ask}; }`
  const force = question.force ? ' --force-conflicts' : ''
  return [
    `{ ${feed} k diff --server-side --field-manager=${FIELD_MANAGER}${force} -f - ${ask}`,
    'if [ $code -gt 1 ]; then',
    `printf '%s\\n' "$m" | k get -f - -o json --ignore-not-found >${to('live')} 2>/dev/null`,
    `printf '%s\\n' "$m" | k create --dry-run=client -o json -f - >${to('want')} 2>/dev/null; fi; }`,
  ].join('\n')
}

const COLUMNS = [
  '.kind',
  '.metadata.namespace',
  '.metadata.name',
  '.metadata.generation',
  '.status.observedGeneration',
  '.spec.replicas',
  '.status.replicas',
  '.status.updatedReplicas',
  '.status.readyReplicas',
  '.status.availableReplicas',
  '.status.desiredNumberScheduled',
  '.status.updatedNumberScheduled',
  '.status.numberReady',
  '.status.currentRevision',
  '.status.updateRevision',
  '.status.nodeInfo.kubeletVersion',
  '.status.conditions[?(@.type=="Ready")].status',
]

/** One line for each object, its columns parted by tabs. */
const STATE = `{range .items[*]}${COLUMNS.map((column) => `{${column}}`).join('{"\\t"}')}{"\\n"}{end}`

/** The answer to one question, out of the survey's output. */
export function answerOf(question: Question, output: Output): Answer {
  const text = output.stdout.toString()
  const nothing = { code: 0, stdout: '', stderr: '', live: '', wanted: '' }
  if (text === 'absent\n') return { state: 'absent', ...nothing }
  const id = idOf(subjectOf(question))
  const part = (name: string) => new RegExp(`^==> ${id} ${name}\\n([^]*?)\\n==> `, 'm').exec(text)?.[1] ?? ''
  const code = part('code').trim()
  if (code === '') throw new TaskError(`the cluster can't be asked: ${output.stderr.trim() || text.trim()}`)
  const stderr = part('err').trim()
  const state = Number(code) !== 0 && UNREACHABLE.test(stderr) ? 'down' : 'seen'
  return { state, code: Number(code), stdout: part('out'), stderr, live: part('live'), wanted: part('want') }
}

const UNREACHABLE =
  /refused|Unable to connect|timeout|timed out|no route to host|unable to handle the request|ServiceUnavailable|\bEOF\b|apiserver not ready/i
