import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Probe } from '../core/task.ts'
import { type ClusterFact, clusterProbe } from './kubectl.ts'

export type RingPod = { name: string; ip: string; node: string; ready: boolean }

/** A member of the ring as `nodetool status` shows it. */
export type Member = {
  /** Up or down, then normal, leaving, joining or moving: "UN". */
  state: string
  address: string
  /** As it is written, e.g. "104.3 KiB"; "?" when unknown. */
  load: string
  host_id: string
  rack: string
}

/** `whole` is what a check expects after waiting. */
export type RingFact = RingView | 'whole'

export type RingView = {
  pods: RingPod[]
  /** What single pods say of the ring, the first and the last that are ready: they may differ. */
  views: { pod: string; datacenter: string; members: Member[] }[]
}

/** Which pods make up the ring. */
export interface Ring {
  namespace: string
  labels: string
  container: string
}

const PODS =
  '{range .items[*]}{.metadata.name}{"\\t"}{.status.podIP}{"\\t"}{.spec.nodeName}{"\\t"}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'

/** Defines `pods`, which lists those of the ring, and `status`, which asks one of them. */
export function ringFunctions({ namespace, labels, container }: Ring): string[] {
  return [
    sh`pods() { k get pods -n ${namespace} -l ${labels} -o jsonpath=${PODS}; }`,
    // nodetool starts a Java machine, which takes its time; a pod that hangs is given up.
    sh`status() { k exec "$1" -n ${namespace} -c ${container} --request-timeout=90s -- nodetool status; }`,
  ]
}

export function ringProbe(ring: Ring): Probe<ClusterFact<RingFact>> {
  return clusterProbe(
    `cassandra-ring:${ring.namespace} ${ring.labels}`,
    [
      ...ringFunctions(ring),
      'all=$(pods) || exit',
      `printf '%s\\n' "$all"`,
      TWO,
      'for pod in $two; do echo "== $pod"; status "$pod" || echo "!! exit code $?"; done',
    ].join('\n'),
    parseRing,
  )
}

/** The first and the last pod that is ready. */
export const TWO = `two=$(printf '%s\\n' "$all" | awk -F '\\t' '$4 == "True" { if (!n++) first = $1; last = $1 } END { if (n) print first; if (n > 1) print last }')`

const ROW = /^([UD?][NLJM])\s+(\S+)\s+(\?|[\d.,]+ \S+)\s+\d+\s+(?:\?|[\d.]+%)\s+([0-9a-f-]{36})\s+(\S+)\s*$/gm

/** Reads the list of pods and, behind lines `== pod`, what nodetool says in some of them. */
export function parseRing(stdout: string): RingView {
  const [list = '', ...views] = stdout.split(/^== /m)
  const pods = list
    .split('\n')
    .filter((line) => line.includes('\t'))
    .map((line) => {
      const [name = '', ip = '', node = '', ready] = line.split('\t')
      return { name, ip, node, ready: ready === 'True' }
    })
  return { pods, views: views.map(parseView) }
}

function parseView(text: string): RingView['views'][number] {
  const end = text.indexOf('\n')
  const members = [...text.matchAll(ROW)].map(
    ([, state = '', address = '', load = '', host_id = '', rack = '']) => ({
      state,
      address,
      load,
      host_id,
      rack,
    }),
  )
  if (members.length === 0 && !/^!! exit code/m.test(text))
    throw new TaskError(`nodetool status says nothing that is known: ${text.slice(end).trim().slice(0, 200)}`)
  return { pod: text.slice(0, end), datacenter: /^Datacenter: (.*)$/m.exec(text)?.[1] ?? '', members }
}
