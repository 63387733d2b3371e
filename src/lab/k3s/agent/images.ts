import { join } from 'node:path'
import { readFile, writeFile } from '../files.ts'
import type { Mirrors } from './registries.ts'
import { askRegistry, digestOf, type Found, type Reference } from './registry.ts'

/** Repositories that a pull without any network is let through for: what people run on such a cluster. */
const wellKnown =
  /^docker\.io\/(library\/(alpine|bash|busybox|cassandra|debian|eclipse-temurin|golang|hello-world|httpd|mariadb|memcached|mongo|mysql|nginx|node|openjdk|postgres|python|rabbitmq|redis|registry|traefik|ubuntu)|rancher\/[\w.-]+|kubernetesui\/[\w.-]+)$|^(registry\.k8s\.io|k8s\.gcr\.io)\/|^ghcr\.io\/headlamp-k8s\//

/** `nginx` is docker.io/library/nginx:latest. */
export function parseImage(image: string): Reference {
  const [first = '', ...rest] = image.split('/')
  const isHost = rest.length > 0 && /[.:]|^localhost$/.test(first)
  const registry = isHost ? first : 'docker.io'
  const path = isHost ? rest.join('/') : image
  const [, name = path, tag = 'latest'] = /^(.*?)(?:[:@]([^/]+))?$/.exec(path) ?? []
  const repository = registry === 'docker.io' && !name.includes('/') ? `library/${name}` : name
  return { registry, repository, tag }
}

const full = ({ registry, repository, tag }: Reference) =>
  `${registry}/${repository}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`

/** The images a node has: names and digests, kept in a file. Nothing is ever downloaded. */
export class ImageStore {
  private readonly path: string
  private readonly mirrors: Mirrors

  constructor(agentDirectory: string, mirrors: Mirrors) {
    this.path = join(agentDirectory, 'containerd', 'images.json')
    this.mirrors = mirrors
  }

  digest(image: string): string | undefined {
    return this.read()[full(parseImage(image))]?.digest
  }

  /** The environment that the image itself sets. */
  env(image: string): Record<string, string> {
    return this.read()[full(parseImage(image))]?.env ?? {}
  }

  /** Names with their digests. */
  list(): [string, string][] {
    return Object.entries(this.read()).map(([name, { digest }]) => [name, digest])
  }

  /** Looks whether the image can be had, and notes it. Throws what containerd would say. */
  async pull(image: string): Promise<void> {
    const reference = parseImage(image)
    const name = full(reference)
    const found = await this.resolve(reference, name)
    const images = this.read()
    if (images[name]?.digest !== found.digest) this.write({ ...images, [name]: found })
  }

  /** Forgets an image; false when there was none. */
  remove(image: string): boolean {
    const { [full(parseImage(image))]: found, ...rest } = this.read()
    if (found !== undefined) this.write(rest)
    return found !== undefined
  }

  /** Read each time: crictl is another process. */
  private read(): Record<string, Found> {
    return JSON.parse(readFile(this.path) ?? '{}')
  }

  private write(images: Record<string, Found>): void {
    writeFile(this.path, `${JSON.stringify(images, undefined, 2)}\n`)
  }

  private async resolve(reference: Reference, name: string): Promise<Found> {
    const endpoints = this.mirrors[reference.registry] ?? this.mirrors['*'] ?? []
    let last = 'not found'
    for (const endpoint of endpoints) {
      const found = await askRegistry(endpoint, reference)
      if (typeof found !== 'string') return found
      last = found
    }
    if (wellKnown.test(`${reference.registry}/${reference.repository}`)) return { digest: digestOf(name) }
    const reason =
      endpoints.length === 0 ? 'the simulated node has no way out and knows no mirror for it' : last
    const head = `failed to pull and unpack image "${name}": failed to resolve reference "${name}"`
    throw new Error(`rpc error: code = Unknown desc = ${head}: ${reason}`)
  }
}
