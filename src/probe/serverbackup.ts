import { sh } from '../base/shell.ts'
import type { Probe } from '../core/task.ts'
import { type ClusterFact, clusterProbe } from './kubectl.ts'

/** What a server has that is worth keeping. */
export type ServerHoldings = {
  /** UID of kube-system, which stands for the cluster. */
  cluster: string
  version: string
  nodes: string[]
  /** `file`: one that is no SQLite, as the lab's simulated k3s has. */
  datastore: 'sqlite' | 'file' | 'etcd' | 'elsewhere'
  /** In bytes. */
  size: number
  /** Free on its filesystem, in bytes. */
  free: number
  /** A program that copies SQLite while it is written to; empty where there is none. */
  copier: 'sqlite3' | 'python3' | ''
}

export const SERVER_DIRECTORY = '/var/lib/rancher/k3s/server'
const DATABASE = `${SERVER_DIRECTORY}/db/state.db`

/** Everything of a server that k3s does not make anew by itself; what of it is not there is left out. */
const KEPT = ['token', 'node-token', 'agent-token', 'tls', 'cred', 'manifests'].map(
  (one) => `${SERVER_DIRECTORY.slice(1)}/${one}`,
)
const SETTINGS = [
  'etc/rancher/k3s/config.yaml',
  'etc/rancher/k3s/config.yaml.d',
  'etc/rancher/k3s/registries.yaml',
  'etc/rancher/node/password',
  'etc/systemd/system/k3s.service',
  'etc/systemd/system/k3s.service.env',
  'etc/systemd/system/k3s.service.d',
]

/** Looks at what a backup of the server on this host would hold. Needs root. */
export const serverHoldingsProbe: Probe<ClusterFact<ServerHoldings>> = clusterProbe(
  'server-holdings',
  holdingsScript(),
  holdingsOf,
)

function holdingsScript(): string {
  const settings = ['/etc/rancher/k3s/config.yaml', ...SETTINGS.slice(-3, -1).map((one) => `/${one}`)]
  return [
    'k get namespace kube-system -o jsonpath=\'cluster {.metadata.uid}{"\\n"}\' || exit',
    'k get nodes -o jsonpath=\'{range .items[*]}node {.metadata.name}{"\\n"}{end}\' || exit',
    'version=$(k3s --version) || exit; version=${version#k3s version }; echo "version ${version%% *}"',
    sh`store=file; if cat ${settings} 2>/dev/null | grep -Eq ${'^[^#]*(data-dir|datastore-endpoint|DATASTORE_ENDPOINT|DATA_DIR)'}; then store=elsewhere`,
    sh`elif [ -d ${`${SERVER_DIRECTORY}/db/etcd`} ]; then store=etcd`,
    sh`elif [ "$(head -c 15 ${DATABASE})" = 'SQLite format 3' ]; then store=sqlite; fi; echo "datastore $store"`,
    sh`echo "size $(du -sbc ${DATABASE}* 2>/dev/null | tail -n 1 | cut -f 1)"`,
    sh`echo "free $(df -B1 --output=avail ${SERVER_DIRECTORY} | tail -n 1 | tr -d ' ')"`,
    'for one in sqlite3 python3; do command -v $one >/dev/null && { echo "copier $one"; break; }; done; :',
  ].join('\n')
}

function holdingsOf(stdout: string): ServerHoldings {
  const all = (kind: string) =>
    [...stdout.matchAll(new RegExp(`^${kind} (.*)$`, 'gm'))].map(([, one = '']) => one)
  const one = (kind: string) => all(kind)[0] ?? ''
  return {
    cluster: one('cluster'),
    version: one('version'),
    nodes: all('node'),
    datastore: one('datastore') as ServerHoldings['datastore'],
    size: Number(one('size')),
    free: Number(one('free')),
    copier: one('copier') as ServerHoldings['copier'],
  }
}

/** Prints a compressed tar archive of the server, whose API goes on meanwhile. Needs root. */
export function packServerScript({
  datastore,
  copier,
}: Pick<ServerHoldings, 'datastore' | 'copier'>): string {
  const stage = '/var/lib/rancher/k3s/.backup'
  return [
    'umask 077; export LC_ALL=C',
    sh`stage=$(mktemp -d ${`${stage}-XXXXXX`}) || exit; pid=`,
    `trap '[ -z "$pid" ] || kill -CONT "$pid"; rm -rf "$stage"' EXIT; trap 'exit 143' HUP INT TERM`,
    sh`db=${DATABASE}; to="$stage"${SERVER_DIRECTORY}/db; mkdir -p "$to" || exit`,
    ...(datastore === 'sqlite' && copier !== '' ? onlineCopy(copier) : frozenCopy()),
    sh`cd / && set --; for one in ${[...KEPT, ...SETTINGS]}; do [ ! -e "$one" ] || set -- "$@" "$one"; done`,
    `tar -c -I 'gzip -1' -f - -C "$stage" var -C / "$@"`,
  ].join('\n')
}

const PYTHON = `import sqlite3, sys
source, copy = sqlite3.connect(sys.argv[1], timeout=20), sqlite3.connect(sys.argv[2])
source.backup(copy)
sys.exit(copy.execute('PRAGMA quick_check').fetchone()[0] != 'ok')`

/** SQLite's own way: readers and writers do not wait for each other. */
function onlineCopy(copier: 'sqlite3' | 'python3'): string[] {
  const failed = '|| { echo "SQLite could not copy $db" >&2; exit 1; }'
  if (copier === 'python3') return [sh`python3 -c ${PYTHON} "$db" "$to/state.db" >&2 ` + failed]
  return [
    sh`sqlite3 -cmd ${'.timeout 20000'} "$db" ".backup '$to/state.db'" >&2 &&`,
    `[ "$(sqlite3 "$to/state.db" 'PRAGMA quick_check')" = ok ] ${failed}`,
  ]
}

/**
 * Without such a program the server is halted while its files are copied: what they are then is what they would be after a crash,
 * which datastores survive. For so short that nobody loses a lease; should this script die, another wakes it.
 */
function frozenCopy(): string[] {
  return [
    'main=$(systemctl show -p MainPID --value k3s); [ "${main:-0}" -gt 0 ] || { echo "k3s does not run" >&2; exit 1; }',
    'pid=$main; kill -STOP "$pid" || exit',
    'setsid sh -c "sleep 6; kill -CONT $pid" </dev/null >/dev/null 2>&1 &',
    // The signal takes its time to reach every thread.
    `halted() { [ -z "$(grep -L '^State:.T' /proc/$pid/task/*/status)" ]; }; n=0`,
    'until halted; do n=$((n + 1)); [ $n -lt 300 ] || { echo "k3s can not be halted" >&2; exit 1; }; sleep 0.01; done',
    'for one in "$db" "$db-wal" "$db-journal"; do [ ! -e "$one" ] || cp -p "$one" "$to/" || exit; done',
    'halted || { echo "copying $db took longer than k3s may be halted: install sqlite3 on the server" >&2; exit 1; }',
    'kill -CONT "$pid"; pid=',
  ]
}
