import { compareK3sVersions, explainUpgrade, parseK3sVersion, withdrawn } from '../base/k3s-version.ts'
import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { type Change, effect, type K3sRelease, type Probe } from '../core/task.ts'
import { type FileFact, fileProbe } from './files.ts'
import { isRunning, K3S_BINARY, type K3sFact, k3sProbe, stampScript } from './k3s.ts'
import {
  type K3sRole,
  type K3sSettings,
  LINKS,
  pathsOf,
  planLinks,
  planText,
  unitOf,
  wantedFiles,
} from './k3sfiles.ts'
import { readyScript } from './k3sready.ts'

/** k3s on one host, as a server or as an agent. */
export interface K3sService extends K3sSettings {
  role: K3sRole
  release: K3sRelease
  /** In seconds. */
  timeout: number
}

/** Facts of the service's files, by path. */
export type K3sFacts = { k3s: K3sFact } & Record<string, FileFact | K3sFact>

/** Looks at the service and at each of its files; a file's fact is named by its path. */
export function k3sProbes(role: K3sRole): { k3s: Probe<K3sFact> } & Record<string, Probe<any>> {
  const files = Object.values(pathsOf(role))
  const probes = [...files, ...LINKS].map((path) => [path, fileProbe(path)])
  return { k3s: serviceProbe(role), ...Object.fromEntries(probes) }
}

function serviceProbe(role: K3sRole): Probe<K3sFact> {
  return k3sProbe(unitOf(role), Object.values(pathsOf(role)))
}

/** Binary, files, then one restart, and only if one of them changed or it does not run. */
export function planK3s(service: K3sService, facts: K3sFacts): Change[] {
  const { role, release } = service
  refuseVersion(release.version, facts.k3s)
  const fact = (path: string) => (facts[path] ?? null) as FileFact
  const binary = planBinary(role, release, facts.k3s)
  const links = planLinks(Object.fromEntries(LINKS.map((path) => [path, fact(path)])))
  const files = wantedFiles(role, service).flatMap((file) => planText(file, fact(file.path)))
  const after = binary.length > 0 ? binaryFact(release, facts.k3s) : facts.k3s
  const changed = binary.length > 0 || files.length > 0
  return [...binary, ...links, ...files, ...planStart(service, after, changed)]
}

function refuseVersion(version: string, { binary }: K3sFact): void {
  const wanted = parseK3sVersion(version)
  if (wanted === undefined) throw new TaskError(`${version} is no version of k3s`, 'e.g. v1.25.4+k3s1')
  const why = withdrawn(version)
  if (why !== undefined) throw new TaskError(why, 'use v1.25.5+k3s2 or later')
  const has = parseK3sVersion(binary?.version ?? '')
  if (has === undefined || compareK3sVersions(has, wanted) === 0) return
  const problem = explainUpgrade(has, wanted)
  if (problem !== undefined)
    throw new TaskError(`k3s is at ${binary?.version}, ${version} is wanted: ${problem}`)
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

function planStart({ role, config, timeout }: K3sService, fact: K3sFact, changed: boolean): Change[] {
  const unit = unitOf(role)
  const runs = isRunning(fact.active)
  if (fact.active === 'active' && fact.enabled && !fact.stale && !changed) return []
  const restart = changed || fact.stale || !runs
  const verb = restart ? (runs ? 'restart' : 'start') : fact.active === 'active' ? 'enable' : 'wait for'
  const name = nodeNameOf(config)
  return [
    {
      summary: `${verb} ${unit}${verb === 'enable' ? '' : ' until its node is ready'}`,
      actions: [
        { do: 'run', script: startScript(unit, restart), timeout: 150 },
        { do: 'wait', what: `${unit} to be ready`, script: readyScript(role, name), timeout, every: 3 },
      ],
      effects: [effect(serviceProbe(role), { ...fact, active: 'active', enabled: true, stale: false })],
    },
  ]
}

function nodeNameOf(config: JsonObject): string | undefined {
  return typeof config['node-name'] === 'string' ? config['node-name'] : undefined
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
