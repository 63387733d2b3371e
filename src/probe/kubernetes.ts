import { createHash } from 'node:crypto'
import { quote, sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Survey } from '../core/task.ts'
import { applyRequests, curlConfig, FIELD_MANAGER, type Requests, stateRequests } from './apiserver.ts'
import { K3S_BINARY } from './k3s.ts'

export const KUBECTL = `${K3S_BINARY} kubectl`
export const KUBECONFIG = '/etc/rancher/k3s/k3s.yaml'
/** kubectl's knowledge of kinds; gone with the next boot. */
export const CACHE = '/run/provision-kubectl'

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

/**
 * curl asks what it can, all at once: it costs a twentieth of kubectl. What it can't ask, or what is not as it should
 * be, kubectl is asked, all questions at the same time: it spends most of its life starting.
 */
export const kubernetesSurvey: Survey = { name: 'kubernetes', script: surveyScript }

/** The subject of a question in the survey. */
export function subjectOf(question: Question): string {
  return JSON.stringify(question)
}

function idOf(subject: string): string {
  return createHash('sha256').update(subject).digest('hex').slice(0, 20)
}

interface Part {
  id: string
  question: Question
}

function surveyScript(subjects: string[]): string {
  const parts = subjects.map((subject) => ({ id: idOf(subject), question: JSON.parse(subject) as Question }))
  return [
    sh`[ -x ${K3S_BINARY} ] && [ -r ${KUBECONFIG} ] || { echo absent; exit 0; }`,
    'left=',
    ...curlScript(parts),
    `[ -n "$left" ] || { printf '\\n==> end\\n'; exit 0; }`,
    'd=$(mktemp -d /run/provision-look.XXXXXX 2>/dev/null || mktemp -d) || exit',
    "trap 'rm -rf \"$d\"' EXIT; trap 'exit 143' HUP INT TERM",
    // Whole objects rather than a few lines around a change: from them both sides can be restored.
    sh`export KUBECONFIG=${KUBECONFIG} TMPDIR="$d" KUBECTL_EXTERNAL_DIFF=${'diff -N -U100000'}`,
    sh`k() { ${KUBECTL.split(' ')} --request-timeout=30s --cache-dir=${CACHE} "$@"; }`,
    ...parts.map(({ id, question }) => `case $left in *${id}*) ${questionScript(id, question)} & esac`),
    'wait',
    'for id in $left; do for part in code out err live want; do',
    `printf '\\n==> %s %s\\n' "$id" "$part"; f=$d/$id.$part; [ ! -s "$f" ] || cat "$f"; done; done`,
    `printf '\\n==> end\\n'`,
  ].join('\n')
}

/** Answers what needs no kubectl; leaves the ids of all other questions in `$left`. */
function curlScript(parts: Part[]): string[] {
  const asked = parts.map((part) => ({ ...part, requests: requestsOf(part.question) }))
  const config = curlConfig(asked.flatMap(({ requests }) => requests ?? []))
  let fields = 0
  const answers = asked.map(({ id, question, requests }) => {
    if (requests === undefined) return `left="$left ${id}"`
    const [one, other] = [`"\${${fields + 1}}"`, `"\${${fields + 2}}"`]
    fields += question.ask === 'state' ? 1 : 2
    return question.ask === 'state'
      ? `if [ $seen ]; then told ${id} ${one}; else left="$left ${id}"; fi`
      : `if [ $seen ] && [ ${one} = ${other} ]; then told ${id} ''; else left="$left ${id}"; fi`
  })
  if (fields === 0) return answers
  return [
    // Its configuration comes by standard input, for everyone may read its arguments.
    `c=${quote(config)}; seen=`,
    `all=$(printf '%s\\n' "$c" | curl -q -s --fail-early -K - 2>/dev/null) && {`,
    `set -f; IFS='\t'; set -- $all; unset IFS; set +f; [ $# -ne ${fields} ] || seen=1; }`,
    `told() { printf '\\n==> %s code\\n0\\n==> %s out\\n%s\\n' "$1" "$1" "$2"; }`,
    ...answers,
  ]
}

function requestsOf(question: Question): Requests | undefined {
  if (question.ask === 'state') return stateRequests()
  return question.ask === 'diff' ? applyRequests(question.text, question.force) : undefined
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

/** Paths in an object, in the order of a row. */
export const COLUMNS = [
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

export const UNREACHABLE =
  /refused|Unable to connect|timeout|timed out|no route to host|unable to handle the request|ServiceUnavailable|\bEOF\b|apiserver not ready/i
