import { sh } from '../base/shell.ts'
import { K3S_BINARY } from './k3s.ts'
import { type K3sRole, unitOf } from './k3sfiles.ts'

/** Words of the journal after which waiting is in vain, and what helps. Extended regular expressions. */
const FATAL: [string, string][] = [
  [
    'Node password rejected',
    "the server remembers another machine under this node's name: run 'provision rebuild' for this host",
  ],
  [
    'failed to find memory cgroup',
    'the kernel runs without the memory cgroup: put the task pi_cgroups before this one',
  ],
  [
    'token CA hash does not match|token is not valid|invalid token|token.* does not match|not authorized',
    "the token is not that of this server: take it from the server's k3s_server step",
  ],
  [
    'x509: certificate has expired or is not yet valid',
    'the clocks of the hosts differ: see that time is synchronised, with timedatectl',
  ],
]

const KUBECONFIG = {
  server: '/etc/rancher/k3s/k3s.yaml',
  agent: '/var/lib/rancher/k3s/agent/kubelet.kubeconfig',
}

/**
 * Exits 0 once the unit is active and its node Ready, 1 as long as it may become so, 3 when it never will.
 * Only what the present run of the service wrote to the journal counts.
 */
export function readyScript(role: K3sRole, node?: string): string {
  const unit = unitOf(role)
  return [
    sh`set -- $(systemctl show -p ActiveState,InvocationID --value ${unit})`,
    'state=$1; [ "$state" = active ] || {',
    sh`journal=$(journalctl --no-pager -o cat -n 200 _SYSTEMD_INVOCATION_ID="$2" 2>/dev/null)`,
    ...FATAL.map(([words, remedy]) => fatalLine(words, remedy)),
    'printf "%s is %s: %s\\n" ' +
      sh`${unit}` +
      ' "$state" "$(printf %s "$journal" | tail -n 1)" >&2; exit 1; }',
    node === undefined
      ? 'name=$(uname -n | tr A-Z a-z)' // k3s names its nodes in small letters
      : sh`name=${node.toLowerCase()}`,
    sh`export KUBECONFIG=${KUBECONFIG[role]}`,
    ...(role === 'server' ? [sh`${K3S_BINARY} kubectl get --raw /readyz >/dev/null || exit 1`] : []),
    'ready=\'{.status.conditions[?(@.type=="Ready")].status}\'',
    sh`ready=$(${K3S_BINARY} kubectl get node "$name" --request-timeout=20s -o jsonpath="$ready") || exit 1`,
    '[ "$ready" = True ] || { echo "node $name is not Ready yet" >&2; exit 1; }',
  ].join('\n')
}

function fatalLine(words: string, remedy: string): string {
  return sh`found=$(printf '%s\n' "$journal" | grep -E -m 1 ${words}) && { printf '%s\n%s\n' "$found" ${remedy} >&2; exit 3; }`
}
