import type { K3sRelease } from '../../src/core/task.ts'
import type { FileFact } from '../../src/probe/files.ts'
import type { K3sFact } from '../../src/probe/k3s.ts'
import { type K3sRole, type K3sSettings, LINKS, pathsOf, wantedFiles } from '../../src/probe/k3sfiles.ts'
import { local, seen } from './seen.ts'

/** A release whose binaries are a few bytes. */
export function release(version: string): K3sRelease {
  const names = { amd64: 'k3s', arm64: 'k3s-arm64', armhf: 'k3s-armhf' }
  const binaries = Object.entries(names).map(([arch, name]) => [
    arch,
    local(`${version} ${arch}`, `cache/${name}`),
  ])
  return { version, binaries: Object.fromEntries(binaries) }
}

/** Facts of a host on which nothing of k3s is installed. */
export function bare(role: K3sRole) {
  const files = [...Object.values(pathsOf(role)), ...LINKS].map((path) => [path, null])
  const k3s: K3sFact = { arch: 'arm64', binary: null, active: 'inactive', enabled: false, newer: [] }
  const facts = { k3s, address: null, other: null, ...Object.fromEntries(files) }
  return facts as { k3s: K3sFact; address: null; other: null } & Record<string, FileFact>
}

/** Facts of a host on which k3s runs just as wanted. */
export function settled(role: K3sRole, version: string, settings: Partial<K3sSettings> = {}) {
  const wanted = wantedFiles(role, { config: {}, env: {}, mounts: [], ...settings })
  const link = seen({ type: 'link', mode: '0777', target: 'k3s' })
  const files = wanted.map(({ path, text, mode }) => [path, seen({ text, mode })])
  const binary = { sha256: release(version).binaries.arm64?.sha256 ?? '', version }
  const k3s: K3sFact = { arch: 'arm64', binary, active: 'active', enabled: true, newer: [] }
  return { ...bare(role), ...Object.fromEntries([...LINKS.map((path) => [path, link]), ...files]), k3s }
}

/** Facts of a host that k3s's install script was run on by hand. */
export function handMade(
  role: K3sRole,
  version: string,
  how: { flags?: string[]; env?: string; config?: string },
) {
  const paths = pathsOf(role)
  const { [paths.config]: _, ...facts } = settled(role, version)
  return {
    ...facts,
    [paths.unit]: seen({ text: scriptUnit(role, how.flags ?? []) }),
    [paths.env]: seen({ text: how.env ?? '', mode: '0600' }),
    [paths.config]: how.config === undefined ? null : seen({ text: how.config, mode: '0600' }),
  }
}

/** A unit as the install script leaves it. */
export function scriptUnit(role: K3sRole, flags: string[]): string {
  const name = role === 'server' ? 'k3s' : 'k3s-agent'
  const command = [`/usr/local/bin/k3s \\`, `    ${role} \\`, ...flags.map((flag) => `\t'${flag}' \\`)]
  return `[Unit]
Description=Lightweight Kubernetes
Documentation=https://k3s.io
Wants=network-online.target
After=network-online.target

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/etc/systemd/system/${name}.service.env
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=${command.join('\n')}

`
}
