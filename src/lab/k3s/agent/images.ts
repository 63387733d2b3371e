import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { readFile, writeFile } from '../files.ts'
import type { Mirrors } from './registries.ts'

/** Repositories that a pull without any network is let through for: what people run on such a cluster. */
const wellKnown =
  /^docker\.io\/(library\/(alpine|bash|busybox|cassandra|debian|eclipse-temurin|golang|hello-world|httpd|mariadb|memcached|mongo|mysql|nginx|node|openjdk|postgres|python|rabbitmq|redis|registry|traefik|ubuntu)|rancher\/[\w.-]+|kubernetesui\/[\w.-]+)$|^(registry\.k8s\.io|k8s\.gcr\.io)\/|^ghcr\.io\/headlamp-k8s\//

interface Reference {
  registry: string
  repository: string
  tag: string
}

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
    return this.read()[full(parseImage(image))]
  }

  /** What the image itself says of its containers. */
  config(_image: string): { env: Record<string, string> } {
    return { env: {} }
  }

  /** Names with their digests. */
  list(): [string, string][] {
    return Object.entries(this.read())
  }

  /** Looks whether the image can be had, and notes it. Throws what containerd would say. */
  async pull(image: string): Promise<void> {
    const reference = parseImage(image)
    const name = full(reference)
    const digest = await this.resolve(reference, name)
    const images = this.read()
    if (images[name] === digest) return
    writeFile(this.path, `${JSON.stringify({ ...images, [name]: digest }, undefined, 2)}\n`)
  }

  /** Read each time: crictl is another process. */
  private read(): Record<string, string> {
    return JSON.parse(readFile(this.path) ?? '{}')
  }

  private async resolve(reference: Reference, name: string): Promise<string> {
    const endpoints = this.mirrors[reference.registry] ?? this.mirrors['*'] ?? []
    let last = 'not found'
    for (const endpoint of endpoints) {
      const found = await askRegistry(endpoint, reference)
      if (found.digest !== undefined) return found.digest
      last = found.failure ?? last
    }
    if (wellKnown.test(`${reference.registry}/${reference.repository}`)) return digestOf(name)
    const reason =
      endpoints.length === 0 ? 'the simulated node has no way out and knows no mirror for it' : last
    const head = `failed to pull and unpack image "${name}": failed to resolve reference "${name}"`
    throw new Error(`rpc error: code = Unknown desc = ${head}: ${reason}`)
  }
}

const digestOf = (name: string) => `sha256:${createHash('sha256').update(name).digest('hex')}`

const manifestTypes = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ')

async function askRegistry(
  endpoint: string,
  { repository, tag }: Reference,
): Promise<{ digest?: string; failure?: string }> {
  const url = `${endpoint.replace(/\/$/, '')}/v2/${repository}/manifests/${tag}`
  try {
    const reply = await fetch(url, {
      method: 'HEAD',
      headers: { accept: manifestTypes },
      signal: AbortSignal.timeout(10_000),
    })
    if (reply.ok) return { digest: reply.headers.get('docker-content-digest') ?? digestOf(url) }
    return { failure: reply.status === 404 ? 'not found' : `unexpected status code ${url}: ${reply.status}` }
  } catch (error) {
    return { failure: `failed to do request: Head "${url}": ${String((error as Error).cause ?? error)}` }
  }
}
