import { blockYaml } from '../base/block-yaml.ts'
import { sh } from '../base/shell.ts'
import type { JsonObject } from '../core/json.ts'
import { type Change, effect } from '../core/task.ts'
import { planFile } from './filechange.ts'
import { type FileFact, fileProbe } from './files.ts'
import { K3S_BINARY } from './k3s.ts'

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
}

export function unitOf(role: K3sRole): string {
  return role === 'server' ? 'k3s' : 'k3s-agent'
}

/** Paths of all files that the service reads at its start. */
export function pathsOf(role: K3sRole): Record<'config' | 'registries' | 'unit' | 'env' | 'mounts', string> {
  const unit = `/etc/systemd/system/${unitOf(role)}.service`
  return {
    config: '/etc/rancher/k3s/config.yaml',
    registries: '/etc/rancher/k3s/registries.yaml',
    unit,
    env: `${unit}.env`,
    mounts: `${unit}.d/10-storage.conf`,
  }
}

/** The files as they should be; config.yaml and registries.yaml may carry passwords, so both are root's alone. */
export function wantedFiles(role: K3sRole, { config, registries, env, mounts }: K3sSettings): WantedText[] {
  const paths = pathsOf(role)
  const variables = Object.entries(env).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
  const files = [
    { path: paths.config, text: blockYaml(config), mode: '0600' },
    { path: paths.env, text: variables.join(''), mode: '0600' },
    { path: paths.unit, text: unitText(role), mode: '0644' },
  ]
  if (registries !== undefined)
    files.push({ path: paths.registries, text: blockYaml(registries), mode: '0600' })
  const needs = `# k3s would fill the SD card when the disk is missing\n[Unit]\nRequiresMountsFor=${mounts.join(' ')}\n`
  if (mounts.length > 0) files.push({ path: paths.mounts, text: needs, mode: '0644' })
  return files
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
export function planText({ path, text, mode }: WantedText, fact: FileFact): Change[] {
  const directory = path.slice(0, path.lastIndexOf('/'))
  return planFile({ path, content: { text }, mode, owner: 'root', group: 'root' }, fact).map((change) => {
    if (fact !== null && fact.text === text) return change
    const shown: Change = {
      ...change,
      summary: `${fact === null ? 'create' : 'change'} ${path} (${mode} root:root)`,
      actions: [{ do: 'run', script: sh`mkdir -p -- ${directory}` }, ...change.actions],
    }
    const { diff } = change
    if (diff !== undefined) {
      shown.diff = { ...diff, before: withoutSecrets(diff.before), after: withoutSecrets(diff.after) }
    }
    return shown
  })
}

/** An old token is not among the arguments, so nothing else would mask it. */
function withoutSecrets(text: string): string {
  return text.replaceAll(
    /^(\s*"?(?:\w+[-_])*(?:token|password|auth|secret)"?\s*[:=]\s*)\S.*$/gim,
    '$1********',
  )
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
