import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'

/** What the access node has that is worth keeping. */
export type AccessHoldings = {
  /** Null where no registry runs and none has left a volume. */
  registry: { path: string; size: number; images: string[]; fingerprint: string } | null
  /** Home of the user who logs in; null where there is none. */
  home: { path: string; size: number } | null
}

/** Docker volume of the registry, as its step makes it. */
export const REGISTRY_VOLUME = 'registry-data'

/** What belongs to the machine rather than to its owner, or is made anew. */
const NOT_KEPT = ['.cache', '.ssh', '.kube/cache']

/** Looks at what a backup of this host would hold; `port` is the registry's. Needs root. */
export function accessHoldingsProbe(port: number): Probe<AccessHoldings> {
  return { key: `access-holdings:${port}`, script: holdingsScript(port), parse: holdingsOf }
}

const MOUNT = '{{range .Mounts}}{{if eq .Destination "/var/lib/registry"}}{{.Source}}{{end}}{{end}}'

function holdingsScript(port: number): string {
  return [
    'dir=; if command -v docker >/dev/null && docker version >/dev/null 2>&1; then',
    sh`id=$(docker ps -q --filter ${`publish=${port}`} | head -n 1)`,
    sh`[ -z "$id" ] || dir=$(docker inspect -f ${MOUNT} "$id")`,
    sh`[ -n "$dir" ] || dir=$(docker volume inspect -f '{{.Mountpoint}}' ${REGISTRY_VOLUME} 2>/dev/null); fi`,
    'if [ -n "$dir" ] && cd "$dir" && [ -d docker/registry/v2/repositories ]; then',
    'echo "registry $dir"; echo "size $(du -sb . | cut -f 1)"',
    // Blobs are named by what they hold; links are not.
    'echo "fingerprint $({ find docker -type f ! -path "*/_uploads/*" -printf "%s %p\\n" | LC_ALL=C sort; find docker -type f -name link | LC_ALL=C sort | tr "\\n" "\\0" | xargs -0 -r cat; } | sha256sum | cut -d " " -f 1)"',
    'find docker/registry/v2/repositories -path "*/_manifests/tags/*" -name current | sed "s|^docker/registry/v2/repositories/|image |; s|/_manifests/tags/|:|; s|/current$||" | LC_ALL=C sort; fi',
    'home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d : -f 6)',
    sh`if [ -d "$home" ]; then echo "home $home"; echo "home-size $(du -sb ${NOT_KEPT.map((one) => `--exclude=./${one}`)} "$home" | cut -f 1)"; fi`,
  ].join('\n')
}

function holdingsOf({ code, stdout, stderr }: Output): AccessHoldings {
  if (code !== 0) throw new TaskError(`can't look at the registry: ${stderr.trim()}`)
  const lines = stdout.toString().split('\n')
  const all = (kind: string) =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : []))
  const [path] = all('registry')
  const [home] = all('home')
  const registry = {
    size: Number(all('size')[0]),
    images: all('image'),
    fingerprint: all('fingerprint')[0] ?? '',
  }
  return {
    registry: path === undefined ? null : { path, ...registry },
    home: home === undefined ? null : { path: home, size: Number(all('home-size')[0]) },
  }
}

/** Prints a tar archive of the registry's volume: names before what they lead to, so that a push meanwhile does no harm. */
export function packRegistryScript(path: string): string {
  const order = ['docker/registry/v2/repositories', 'docker/registry/v2/blobs']
  return sh`LC_ALL=C exec tar -c --exclude=_uploads -f - -C ${path} ${order}`
}

/** Prints a compressed tar archive of the home of the user who logs in. */
export function packHomeScript(path: string): string {
  const left = NOT_KEPT.map((one) => `--exclude=./${one}`)
  return sh`LC_ALL=C exec tar -c ${left} --anchored -I ${'gzip -1'} -f - -C ${path} .`
}
