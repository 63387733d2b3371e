import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'
import { K3S_BINARY } from './k3s.ts'
import { RESTORED } from './k3srestore.ts'
import { KUBECONFIG } from './kubernetes.ts'
import { SERVER_DIRECTORY } from './serverbackup.ts'

/** The machine that answers at the server's address. */
export type ServerMachine = {
  machine_id: string
  hostname: string
  /** Its API server is well, and its node, of this very boot, is Ready. */
  well: boolean
  /** A datastore lies where k3s keeps it. */
  datastore: boolean
  /** The backup that it was restored from, by a rebuild that is not done yet; else empty. */
  restored: string
  /** It runs k3s as an agent. */
  agent: boolean
  mounted: boolean
}

const NODE = '{.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.bootID}'

/** Looks at it; `mount` is where its SSD belongs, empty where it has none. Needs root. */
export function serverMachineProbe(mount: string): Probe<ServerMachine> {
  return { key: `server-machine:${mount}`, script: machineScript(mount), parse: machineOf }
}

function machineScript(mount: string): string {
  return [
    'read -r boot < /proc/sys/kernel/random/boot_id',
    'echo "id $(cat /etc/machine-id 2>/dev/null)"; echo "name $(uname -n)"',
    sh`for one in ${SERVER_DIRECTORY}/db/*; do [ ! -e "$one" ] || { echo datastore; break; }; done`,
    sh`[ ! -r ${RESTORED} ] || echo "restored $(cat ${RESTORED})"`,
    'systemctl is-active -q k3s-agent 2>/dev/null && echo agent',
    sh`mountpoint -q ${mount || '/'} && echo mounted`,
    sh`if [ -x ${K3S_BINARY} ] && systemctl is-active -q k3s; then export KUBECONFIG=${KUBECONFIG}`,
    sh`[ "$(${K3S_BINARY} kubectl get --raw /readyz --request-timeout=20s 2>/dev/null)" = ok ] &&`,
    sh`[ "$(${K3S_BINARY} kubectl get node "$(uname -n | tr A-Z a-z)" --request-timeout=20s -o jsonpath=${NODE} 2>/dev/null)" = "True $boot" ] &&`,
    'echo well; fi; :',
  ].join('\n')
}

function machineOf({ code, stdout, stderr }: Output): ServerMachine {
  const lines = stdout.toString().split('\n')
  const word = (kind: string) =>
    lines.find((line) => line.startsWith(`${kind} `))?.slice(kind.length + 1) ?? ''
  if (code !== 0 || word('name') === '') throw new TaskError(`can't look at the machine: ${stderr.trim()}`)
  return {
    machine_id: word('id'),
    hostname: word('name'),
    restored: word('restored'),
    well: lines.includes('well'),
    datastore: lines.includes('datastore'),
    agent: lines.includes('agent'),
    mounted: lines.includes('mounted'),
  }
}
