import { sh } from '../../base/shell.ts'
import type { Connection, Connector } from '../../connect/connection.ts'
import { Interrupted, TaskError } from '../../core/errors.ts'
import type { Host } from '../../core/host.ts'
import type { Inventory } from '../../load/program.ts'
import { K3S_BINARY } from '../../probe/k3s.ts'
import { KUBECONFIG } from '../../probe/kubernetes.ts'
import { serverOf } from '../server.ts'

/** Whose kubectl is used on which host. */
export interface Way {
  host: Host
  become: boolean
  /** As the shell of the host writes it. */
  kubeconfig: string
}

const NAMESPACE = 'kubernetes-dashboard'

/** Where the dashboard is behind `kubectl proxy`. */
export const PATH = `/api/v1/namespaces/${NAMESPACE}/services/https:kubernetes-dashboard:/proxy/`

/** First the host before the server, with the user's own kubeconfig there; then the server, as root. */
export function waysTo(inventory: Inventory): Way[] {
  const server = inventory.hosts.get(serverOf(inventory) ?? '')
  if (server === undefined) return []
  const access = inventory.hosts.get(server.connection.jump ?? '')
  return [
    ...(access === undefined ? [] : [{ host: access, become: false, kubeconfig: '$HOME/.kube/config' }]),
    { host: server, become: true, kubeconfig: KUBECONFIG },
  ]
}

export interface Opened {
  connection: Connection
  way: Way
  token: string
  /** Whether a pod of the dashboard answers already. */
  ready: boolean
}

/** The first way on which kubectl reaches the cluster. Throws TaskError when there is none, or no dashboard. */
export async function openWay(ways: Way[], connector: Connector, signal: AbortSignal): Promise<Opened> {
  const refusals: string[] = []
  for (const way of ways) {
    const connection = await connector.connect(way.host)
    if (signal.aborted) throw new Interrupted('interrupted')
    const answer = await ask(connection, way, signal)
    if (typeof answer !== 'string') return { connection, way, ...answer }
    refusals.push(`${way.host.name}: ${answer}`)
    await connection.close()
  }
  throw new TaskError(`the cluster can't be asked:\n${refusals.join('\n')}`, 'look at it: provision status')
}

/** kubectl as "$@", so that a process of it can be ended without a shell in between. */
function kubectl({ kubeconfig }: Way): string {
  return [
    `export KUBECONFIG="${kubeconfig}"`,
    sh`if [ -x ${K3S_BINARY} ]; then set -- ${K3S_BINARY} kubectl; else set -- kubectl; fi`,
  ].join('\n')
}

function askScript(way: Way): string {
  return [
    kubectl(way),
    '[ -r "$KUBECONFIG" ] || { echo "there is no $KUBECONFIG" >&2; exit 10; }',
    sh`"$@" get deployment kubernetes-dashboard -n ${NAMESPACE} --request-timeout=20s -o jsonpath={.status.readyReplicas} || exit`,
    'echo',
    sh`"$@" create token admin-user -n ${NAMESPACE} --request-timeout=20s`,
  ].join('\n')
}

/** What the cluster says, or why it can't be asked on this way. */
async function ask(
  connection: Connection,
  way: Way,
  signal: AbortSignal,
): Promise<Pick<Opened, 'token' | 'ready'> | string> {
  const { code, stdout, stderr } = await connection.run(askScript(way), {
    become: way.become,
    timeout: 60,
    signal,
  })
  const [ready = '', token = ''] = stdout.toString().split('\n')
  if (code === 0 && token !== '') return { token, ready: Number(ready) > 0 }
  if (/\(NotFound\)/.test(stderr))
    throw new TaskError('the dashboard is not set up', 'run: provision playbooks/dashboard.yaml')
  return stderr.trim().split('\n').at(-1) || `kubectl ended with code ${code}`
}

/**
 * Runs kubectl's proxy on a free port until it is killed. Nothing but the dashboard is let through, for whoever is on
 * that host, or on this machine, can come to its port without a token. A signal of life is written every two
 * seconds: a connection that is gone would otherwise leave the proxy behind for ever.
 */
export function proxyScript(way: Way): string {
  return [
    kubectl(way),
    "trap '' PIPE",
    sh`"$@" proxy --address=127.0.0.1 --port=0 --accept-paths=${`^${PATH}`} & pid=$!`,
    "trap 'kill $pid 2>/dev/null; wait $pid' EXIT; trap 'exit 143' HUP INT TERM",
    'while kill -0 $pid 2>/dev/null; do echo 2>/dev/null || exit 1; sleep 2; done; wait $pid',
  ].join('\n')
}
