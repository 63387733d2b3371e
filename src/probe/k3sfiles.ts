import { isDeepStrictEqual } from 'node:util'
import { blockYaml } from '../base/block-yaml.ts'
import { sh } from '../base/shell.ts'
import type { JsonObject } from '../core/json.ts'
import { type Change, effect } from '../core/task.ts'
import { planFile } from './filechange.ts'
import { type FileFact, fileProbe } from './files.ts'
import { K3S_BINARY } from './k3s.ts'
import { variableLine } from './k3slayout.ts'
import { readMapping } from './yamltext.ts'

export type K3sRole = 'server' | 'agent'

/** What of k3s's files a user decides. */
export interface K3sSettings {
  /** Keys of config.yaml. */
  config: JsonObject
  /** Content of registries.yaml; the file is left alone when absent. */
  registries?: JsonObject
  /** Variables of the service. */
  env: Record<string, string>
  /** Mount points without which the service must not start. */
  mounts: string[]
}

export interface WantedText {
  path: string
  text: string
  mode: string
  /** YAML: another way of writing the same is no difference. */
  yaml?: true
  /** What is set in it, for the summary. */
  about?: string
}

export function unitOf(role: K3sRole): string {
  return role === 'server' ? 'k3s' : 'k3s-agent'
}

/** Paths of all files that the service reads at its start. */
export function pathsOf(role: K3sRole): Record<'config' | 'registries' | 'unit' | 'env' | 'mounts', string> {
  const unit = `/etc/systemd/system/${unitOf(role)}.service`
  return {
    config: '/etc/rancher/k3s/config.yaml',
    registries: REGISTRIES,
    unit,
    env: `${unit}.env`,
    mounts: `${unit}.d/10-storage.conf`,
  }
}

/** The files as they should be; config.yaml and registries.yaml may carry passwords, so both are root's alone. */
export function wantedFiles(role: K3sRole, { config, registries, env, mounts }: K3sSettings): WantedText[] {
  const paths = pathsOf(role)
  const variables = Object.entries(env).map((one) => `${variableLine(one)}\n`)
  return [
    { path: paths.config, text: blockYaml(config), mode: '0600', yaml: true },
    { path: paths.env, text: variables.join(''), mode: '0600' },
    { path: paths.unit, text: unitText(role), mode: '0644' },
    ...besideFiles(role, { registries, mounts }),
  ]
}

/** Files that are the same whoever wrote the unit. */
export function besideFiles(
  role: K3sRole,
  { registries, mounts }: Pick<K3sSettings, 'registries' | 'mounts'>,
): WantedText[] {
  const needs = `# k3s would fill the SD card when the disk is missing\n[Unit]\nRequiresMountsFor=${mounts.join(' ')}\n`
  return [
    ...(registries === undefined ? [] : [registriesFile(registries)]),
    ...(mounts.length === 0 ? [] : [{ path: pathsOf(role).mounts, text: needs, mode: '0644' }]),
  ]
}

export const REGISTRIES = '/etc/rancher/k3s/registries.yaml'

/** Mirrors and logins of image registries, as k3s reads them at its start. */
export function registriesFile(registries: JsonObject): WantedText {
  return { path: REGISTRIES, text: blockYaml(registries), mode: '0600', yaml: true }
}

/** Whether a unit is one that `unitText` wrote, perhaps in an earlier version. */
export function isOurs(unit: string, role: K3sRole): boolean {
  return unit.includes(`Description=Lightweight Kubernetes (${role})\n`)
}

/** KillMode and the time limit are k3s's own: its pods outlive a restart, and a start may take as long as it likes. */
function unitText(role: K3sRole): string {
  const unit = unitOf(role)
  return `[Unit]
Description=Lightweight Kubernetes (${role})
Documentation=https://docs.k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/${unit}.service.env
KillMode=process
Delegate=yes
User=root
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=${K3S_BINARY} ${role}
`
}

/** What puts one of the files in place. Sizes are not shown: a check does not know a token's length. */
export function planText({ path, text, mode, yaml, about }: WantedText, fact: FileFact): Change[] {
  const directory = path.slice(0, path.lastIndexOf('/'))
  const same =
    fact !== null && fact.text !== null && (yaml ? sameYaml(path, fact.text, text) : fact.text === text)
  const content = { text: same ? (fact.text ?? '') : text }
  return planFile({ path, content, mode, owner: 'root', group: 'root' }, fact).map((change) => {
    if (same) return change
    const shown: Change = {
      ...change,
      summary: about ?? `${fact === null ? 'create' : 'change'} ${path} (${mode} root:root)`,
      actions: [{ do: 'run', script: sh`mkdir -p -- ${directory}` }, ...change.actions],
      needs: {},
    }
    const { diff } = change
    if (diff !== undefined) {
      shown.diff = { ...diff, before: withoutSecrets(diff.before), after: withoutSecrets(diff.after) }
    }
    return shown
  })
}

function sameYaml(path: string, one: string, other: string): boolean {
  return isDeepStrictEqual(readMapping(path, one), readMapping(path, other))
}

/** An old token is not among the arguments, so nothing else would mask it. */
function withoutSecrets(text: string): string {
  return text
    .replaceAll(/^(\s*"?(?:\w+[-_])*(?:token|password|auth|secret)"?[ \t]*[:=][ \t]*)\S.*$/gim, '$1********')
    .replaceAll(/(["']?--?(?:t|(?:[a-z]+-)*token)["']?(?:=|(?:\s|\\\n)+))[^\s\\]+/g, '$1********')
}

export const LINKS = ['kubectl', 'crictl', 'ctr'].map((name) => `/usr/local/bin/${name}`)

/** k3s is also kubectl, crictl and ctr when it is called so; a program that is there already stays. */
export function planLinks(facts: Record<string, FileFact>): Change[] {
  const missing = LINKS.filter((path) => facts[path] === null)
  if (missing.length === 0) return []
  const link = { type: 'link', mode: '0777', owner: 'root', group: 'root', size: 0, target: 'k3s' } as const
  const names = missing.map((path) => path.slice(path.lastIndexOf('/') + 1))
  return [
    {
      summary: `link ${names.join(', ')} in /usr/local/bin to k3s`,
      actions: [{ do: 'run', script: missing.map((path) => sh`ln -s k3s ${path}`).join(' && ') }],
      effects: missing.map((path) => effect(fileProbe(path), { ...link, sha256: null, text: null })),
    },
  ]
}
