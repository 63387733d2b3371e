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
  const k3s: K3sFact = { arch: 'arm64', binary: null, active: 'inactive', enabled: false, stale: false }
  return { k3s, ...Object.fromEntries(files) } as { k3s: K3sFact } & Record<string, FileFact>
}

/** Facts of a host on which k3s runs just as wanted. */
export function settled(role: K3sRole, version: string, settings: Partial<K3sSettings> = {}) {
  const wanted = wantedFiles(role, { config: {}, env: {}, mounts: [], ...settings })
  const link = seen({ type: 'link', mode: '0777', target: 'k3s' })
  const files = wanted.map(({ path, text, mode }) => [path, seen({ text, mode })])
  const binary = { sha256: release(version).binaries.arm64?.sha256 ?? '', version }
  const k3s: K3sFact = { arch: 'arm64', binary, active: 'active', enabled: true, stale: false }
  return { ...bare(role), ...Object.fromEntries([...LINKS.map((path) => [path, link]), ...files]), k3s }
}
