import { sh } from '../base/shell.ts'
import { K3S_BINARY } from './k3s.ts'
import { type K3sRole, unitOf } from './k3sfiles.ts'
import { CACHE, KUBECTL } from './kubernetes.ts'

/** Words of the journal after which waiting is in vain, and what helps. Extended regular expressions. */
const FATAL: [string, string][] = [
  [
    'Node password rejected',
    "the server remembers another machine under this node's name: if this one takes its place, run 'provision rebuild' for this host; else give it a name of its own",
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
  [
    'encrypted with different token',
    'the server was set up with another token, which can not be changed: give it that one again',
  ],
]

const KUBECONFIG = {
  server: '/etc/rancher/k3s/k3s.yaml',
  agent: '/var/lib/rancher/k3s/agent/kubelet.kubeconfig',
}

/** Sets `$name` to the node's name and lets kubectl ask with what the role has for it. */
export function nodeScript(role: K3sRole, node?: string): string[] {
  return [
    node === undefined
      ? 'name=$(uname -n | tr A-Z a-z)' // k3s names its nodes in small letters
      : sh`name=${node.toLowerCase()}`,
    sh`export KUBECONFIG=${KUBECONFIG[role]}`,
  ]
}

const SEEN = [
  '{.status.conditions[?(@.type=="Ready")].status}',
  '{.status.nodeInfo.bootID}',
  '{.status.nodeInfo.kubeletVersion}',
  '{.status.addresses[?(@.type=="InternalIP")].address}',
].join(' ')

const MACHINES = '{range .items[*]}{.status.nodeInfo.machineID} {.metadata.name}{"\\n"}{end}'

/** What to do about hosts with one machine id. */
export const CLONES =
  'they are copies of one SD card: on all but one, remove /etc/machine-id, run systemd-machine-id-setup and restart'

const ASK = [...KUBECTL.split(' '), `--cache-dir=${CACHE}`]

/** A line of k3s's journal without its time and level. */
const BARE = sh`sed ${'s/^\\(time="[^"]*" \\)\\{0,1\\}level=[a-z]* msg="\\(.*\\)"$/\\2/'}`

/** What the node is to be called and where it is to be, where that is not the host's own name and address. */
export interface NodeIdentity {
  node?: string
  address?: string
}

/**
 * Exits 0 once the unit is active and its node Ready, 1 as long as it may become so, 3 when it never will.
 * Only what the present run of the service wrote to the journal counts; and a node counts only when it is of this boot
 * and of this binary: for 40 s the cluster goes on showing what was there before.
 */
export function readyScript(role: K3sRole, { node, address }: NodeIdentity = {}): string {
  const unit = unitOf(role)
  return [
    sh`set -- $(systemctl show -p ActiveState,InvocationID --value ${unit})`,
    'state=$1; [ "$state" = active ] || {',
    sh`journal=$(journalctl --no-pager -o cat -n 200 _SYSTEMD_INVOCATION_ID="$2" 2>/dev/null | ` + `${BARE})`,
    ...FATAL.map(([words, remedy]) => fatalLine(words, remedy)),
    'printf "%s is %s: %s\\n" ' +
      sh`${unit}` +
      ' "$state" "$(printf %s "$journal" | tail -n 1)" >&2; exit 1; }',
    ...nodeScript(role, node),
    ...(role === 'server' ? [sh`${ASK} get --raw /readyz >/dev/null || exit 1`] : []),
    sh`seen=$(${ASK} get node "$name" --request-timeout=20s -o jsonpath=${SEEN}) || exit 1`,
    'set -- $seen; read -r boot < /proc/sys/kernel/random/boot_id',
    sh`version=$(${K3S_BINARY} --version) || exit 1; version=` +
      '${version#k3s version }; version=${version%% *}',
    '[ "$1" = True ] || { echo "node $name is not Ready yet" >&2; exit 1; }',
    '[ "$2" = "$boot" ] || { echo "node $name is not seen by the cluster since this boot" >&2; exit 1; }',
    '[ "$3" = "$version" ] || { echo "node $name is at $3, not yet at $version" >&2; exit 1; }',
    ...(address === undefined
      ? []
      : [sh`[ "$4" = ${address} ] || { echo "node $name has the address $4, not" ${address} >&2; exit 1; }`]),
    'read -r machine < /etc/machine-id',
    sh`twin=$(${ASK} get nodes --request-timeout=20s -o jsonpath=${MACHINES} 2>/dev/null |`,
    `awk -v id="$machine" -v name="$name" '$1 == id && $2 != name { print $2; exit }')`,
    sh`[ -z "$twin" ] || { printf "%s\n" "node $name has the machine id of $twin" ${CLONES} >&2; exit 3; }`,
  ].join('\n')
}

function fatalLine(words: string, remedy: string): string {
  return sh`found=$(printf '%s\n' "$journal" | grep -E -m 1 ${words}) && { printf '%s\n%s\n' "$found" ${remedy} >&2; exit 3; }`
}
