import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Output, Probe } from '../core/task.ts'
import { K3S_BINARY } from './k3s.ts'
import { type ClusterState, KUBECONFIG, UNREACHABLE } from './kubernetes.ts'
import { kubectlFunction } from './rollout.ts'

/** What the cluster said; `found` is null where there is no cluster, it does not answer, or there is no such object. */
export type ClusterFact<T extends Json> = { state: ClusterState; found: T | null }

/**
 * Asks the cluster whose server runs on this host. `ask` is a script that calls kubectl as `k`; `read` gets what it
 * printed. Throws TaskError when the cluster answers with an error other than "not found".
 */
export function clusterProbe<T extends Json>(
  key: string,
  ask: string,
  read: (stdout: string) => T | null,
): Probe<ClusterFact<T>> {
  return {
    key,
    script: [
      sh`[ -x ${K3S_BINARY} ] && [ -r ${KUBECONFIG} ] || { echo absent; exit 0; }`,
      kubectlFunction(),
      ask,
    ].join('\n'),
    parse: (output) => factOf(output, read),
  }
}

function factOf<T extends Json>(output: Output, read: (stdout: string) => T | null): ClusterFact<T> {
  const stdout = output.stdout.toString()
  if (stdout === 'absent\n') return { state: 'absent', found: null }
  if (output.code === 0) return { state: 'seen', found: read(stdout) }
  if (UNREACHABLE.test(output.stderr)) return { state: 'down', found: null }
  if (NOT_FOUND.test(output.stderr)) return { state: 'seen', found: null }
  throw new TaskError(`the cluster can't be asked: ${output.stderr.trim() || stdout.trim()}`)
}

const NOT_FOUND = /\(NotFound\)|doesn't have a resource type|no matches for kind/
