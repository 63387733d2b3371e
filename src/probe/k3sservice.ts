import { compareK3sVersions, explainUpgrade, parseK3sVersion, withdrawn } from '../base/k3s-version.ts'
import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { type Change, effect, type K3sRelease, type Probe } from '../core/task.ts'
import { type FileFact, fileProbe } from './files.ts'
import { isRunning, K3S_BINARY, type K3sFact, k3sProbe, stampScript } from './k3s.ts'
import { planFiles } from './k3sfileplan.ts'
import { type K3sRole, type K3sSettings, LINKS, pathsOf, planLinks, unitOf } from './k3sfiles.ts'
import { type NodeIdentity, nodeScript, readyScript } from './k3sready.ts'
import { type UnitFact, unitProbe } from './units.ts'

/** k3s on one host, as a server or as an agent. */
export interface K3sService extends K3sSettings {
  role: K3sRole
  release: K3sRelease
  /** In seconds. */
  timeout: number
}

/** Facts of the service's files, by path. */
export type K3sFacts = { k3s: K3sFact; address: string | null; other: UnitFact } & Record<
  string,
  FileFact | K3sFact | UnitFact | string | null
>

/** Looks at the service and at each of its files; a file's fact is named by its path. */
export function k3sProbes(
  role: K3sRole,
  config: JsonObject,
): { k3s: Probe<K3sFact>; address: Probe<string | null>; other: Probe<UnitFact> } & Record<
  string,
  Probe<any>
> {
  const files = Object.values(pathsOf(role))
  const probes = [...files, ...LINKS].map((path) => [path, fileProbe(path)])
  return {
    k3s: serviceProbe(role),
    address: addressProbe(role, config),
    other: unitProbe(unitOf(role === 'server' ? 'agent' : 'server')),
    ...Object.fromEntries(probes),
  }
}

/** Looks at the service; a drop-in with mounts is of no concern to the running one. */
export function serviceProbe(role: K3sRole): Probe<K3sFact> {
  const { config, env, unit, registries } = pathsOf(role)
  return k3sProbe(unitOf(role), [config, env, unit, registries])
}

const ADDRESS = '{.status.addresses[?(@.type=="InternalIP")].address}'

/** The address that the cluster knows the node by, asked only where nothing on the host sets the one that is wanted. */
function addressProbe(role: K3sRole, config: JsonObject): Probe<string | null> {
  const paths = pathsOf(role)
  const asked = typeof config['node-ip'] === 'string'
  return {
    key: asked ? `k3s-address:${role}` : 'k3s-no-address',
    script: asked
      ? [
          sh`[ -x ${K3S_BINARY} ] && [ -e ${paths.unit} ] || exit 0`,
          sh`! cat ${paths.config} ${paths.unit} 2>/dev/null | grep -q -e node-ip || exit 0`,
          ...nodeScript(role, nodeNameOf(config)),
          '[ -r "$KUBECONFIG" ] || exit 0',
          sh`${K3S_BINARY} kubectl get node "$name" --cache-dir=/run/provision-kubectl --request-timeout=5s -o jsonpath=${ADDRESS} 2>/dev/null || :`,
        ].join('\n')
      : '',
    parse: ({ stdout }) => stdout.toString().trim() || null,
  }
}

/** Binary, files, then one restart, and only if one of them changed or it does not run. */
export function planK3s(service: K3sService, facts: K3sFacts): Change[] {
  const { role, release } = service
  refuseOther(role, facts.other)
  refuseVersion(role, release.version, facts.k3s)
  const fact = (path: string) => (facts[path] ?? null) as FileFact
  const binary = newerThanWanted(service, facts.k3s) ? [] : planBinary(role, release, facts.k3s)
  const links = planLinks(Object.fromEntries(LINKS.map((path) => [path, fact(path)])))
  const { changes, read } = planFiles(role, service, fact, facts.address)
  const after = binary.length > 0 ? binaryFact(release, facts.k3s) : facts.k3s
  const reasons = [...(binary.length > 0 ? [`version ${release.version}`] : []), ...read]
  const start = planStart({ ...service, ...identityOf(service.config) }, after, reasons)
  return [...binary, ...links, ...changes, ...start]
}

/** Two of them on one host share ports and files, and each breaks the other. */
function refuseOther(role: K3sRole, other: UnitFact): void {
  if (other === null || !isRunning(other.active)) return
  const runs = role === 'server' ? 'agent' : 'server'
  throw new TaskError(
    `this host runs k3s as ${runs === 'agent' ? 'an agent' : 'a server'} (${unitOf(runs)}.service), not as ${role === 'agent' ? 'an agent' : 'a server'}`,
    'is it in the right group of the inventory? To give it another part in the cluster, reset it first',
  )
}

function refuseVersion(role: K3sRole, version: string, { binary }: K3sFact): void {
  const wanted = parseK3sVersion(version)
  if (wanted === undefined) throw new TaskError(`${version} is no version of k3s`, 'e.g. v1.25.4+k3s1')
  const why = withdrawn(version)
  if (why !== undefined) throw new TaskError(why, 'use v1.25.5+k3s2 or later')
  const has = parseK3sVersion(binary?.version ?? '')
  if (has === undefined || compareK3sVersions(has, wanted) === 0) return
  if (role === 'agent' && isPatchAhead(binary?.version ?? '', version)) return
  const problem = explainUpgrade(has, wanted)
  if (problem === undefined) return
  const isNewer = compareK3sVersions(wanted, has) > 0
  const hint = isNewer
    ? `one after the other: v${has.major}.${has.minor + 1} comes next`
    : 'set its version to the one that runs here, or to a later one'
  throw new TaskError(`k3s is at ${binary?.version}, ${version} is wanted: ${problem}`, hint)
}

/** Newer, but of the same minor, which Kubernetes allows beside an older server. */
function isPatchAhead(has: string, wanted: string): boolean {
  const [one, other] = [parseK3sVersion(has), parseK3sVersion(wanted)]
  if (one === undefined || other === undefined) return false
  return one.major === other.major && one.minor === other.minor && compareK3sVersions(one, other) > 0
}

/** The version of an agent that is ahead of the wanted one and stays, for k3s can't be downgraded; else undefined. */
export function newerThanWanted(
  { role, release }: Pick<K3sService, 'role' | 'release'>,
  { binary }: K3sFact,
): string | undefined {
  const has = binary?.version ?? ''
  return role === 'agent' && isPatchAhead(has, release.version) ? has : undefined
}

/** What to do when a release can't be downloaded. */
export const RELEASE_HINT =
  'connect this machine to the Internet, or name a k3s binary: PROVISION_K3S=/path/to/k3s'

/** Throws TaskError when the host needs a binary and none can be had. */
function planBinary(role: K3sRole, release: K3sRelease, fact: K3sFact): Change[] {
  const { version, binaries, problem } = release
  const has = fact.binary
  const file = binaries[fact.arch]
  // Without a list of checksums the version has to do.
  if (has !== null && (file === undefined ? has.version === version : has.sha256 === file.sha256)) return []
  if (file === undefined) {
    if (problem === undefined) throw new TaskError(`there is no k3s for the architecture ${fact.arch}`)
    throw new TaskError(`k3s ${version} for ${fact.arch} can't be had: ${problem}`, RELEASE_HINT)
  }
  return [
    {
      summary: `install k3s ${version} (${fact.arch})${has === null ? '' : ` over ${has.version ?? 'an unknown one'}`}`,
      actions: [
        { do: 'run', script: sh`mkdir -p -- /usr/local/bin /etc/rancher/k3s` },
        { do: 'put', path: K3S_BINARY, content: { local: file }, mode: '0755', owner: 'root', group: 'root' },
        { do: 'run', script: stampScript(file.sha256, version) },
      ],
      effects: [effect(serviceProbe(role), binaryFact(release, fact))],
    },
  ]
}

function binaryFact({ version, binaries }: K3sRelease, fact: K3sFact): K3sFact {
  return { ...fact, binary: { sha256: binaries[fact.arch]?.sha256 ?? '', version } }
}

/** How a service is started and waited for. */
export interface Start extends NodeIdentity {
  role: K3sRole
  /** In seconds. */
  timeout: number
}

/** `reasons` are what it must be started anew for. */
export function planStart(start: Start, fact: K3sFact, reasons: string[]): Change[] {
  const { role, timeout } = start
  const unit = unitOf(role)
  const runs = isRunning(fact.active)
  const why = [...new Set([...reasons, ...fact.newer.map(nameOf)])]
  // What kept an agent from joining may be mended by now, but stands in the journal of the run that goes on trying.
  if (role === 'agent' && fact.active === 'activating' && why.length === 0) why.push('another try')
  if (fact.active === 'active' && fact.enabled && why.length === 0) return []
  const restart = why.length > 0 || !runs
  const verb = restart ? (runs ? 'restart' : 'start') : fact.active === 'active' ? 'enable' : 'wait for'
  const cause = verb === 'restart' ? ` for ${why.join(', ')}` : ''
  return [
    {
      summary: `${verb} ${unit}${cause}${verb === 'enable' ? '' : ' until its node is ready'}`,
      actions: [
        { do: 'run', script: startScript(unit, restart), timeout: 150 },
        { do: 'wait', what: `${unit} to be ready`, script: readyScript(role, start), timeout, every: 3 },
      ],
      effects: [effect(serviceProbe(role), { ...fact, active: 'active', enabled: true, newer: [] })],
    },
  ]
}

function nameOf(path: string): string {
  return path === K3S_BINARY ? 'its new version' : path.slice(path.lastIndexOf('/') + 1)
}

export function nodeNameOf(config: JsonObject): string | undefined {
  return typeof config['node-name'] === 'string' ? config['node-name'] : undefined
}

/** Of several addresses, Kubernetes knows the node by the first. */
function identityOf(config: JsonObject): NodeIdentity {
  const ip = config['node-ip']
  return { node: nodeNameOf(config), address: typeof ip === 'string' ? ip.split(',')[0] : undefined }
}

/**
 * Without --no-block the start of an agent that can't join never returns. The new run is waited for, so that what an
 * earlier one wrote to the journal is not taken for this one's.
 */
function startScript(unit: string, restart: boolean): string {
  const enable = sh`systemctl daemon-reload && systemctl enable --quiet ${unit} || exit`
  if (!restart) return enable
  const run = sh`"$(systemctl show -p InvocationID --value ${unit})"`
  return [
    enable,
    `old=${run}; ${sh`systemctl reset-failed ${unit} 2>/dev/null; systemctl restart --no-block ${unit} || exit`}`,
    `n=0; while [ ${run} = "$old" ] && [ $n -lt 500 ]; do n=$((n+1)); sleep 0.2; done`,
  ].join('\n')
}
