import { createHash } from 'node:crypto'
import type { Value } from '../api/object.ts'

export interface Reference {
  registry: string
  repository: string
  tag: string
}

/** What is noted of an image. */
export interface Found {
  digest: string
  /** Of its configuration. */
  env?: Record<string, string>
}

export const digestOf = (name: string) => `sha256:${createHash('sha256').update(name).digest('hex')}`

const manifestTypes = [
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
].join(', ')

/** Asks a registry for an image's manifest and configuration; a sentence when it can't be had. No layer is fetched. */
export async function askRegistry(endpoint: string, { repository, tag }: Reference): Promise<Found | string> {
  const root = `${endpoint.replace(/\/$/, '')}/v2/${repository}`
  const url = `${root}/manifests/${tag}`
  try {
    const reply = await get(url)
    if (reply.status === 404) return 'not found'
    if (!reply.ok) return `unexpected status code ${url}: ${reply.status}`
    const manifest: Value = await reply.json()
    const digest = reply.headers.get('docker-content-digest') ?? digestOf(url)
    return { digest, env: await environmentOf(root, manifest?.config?.digest) }
  } catch (error) {
    return `failed to do request: Head "${url}": ${String((error as Error).cause ?? error)}`
  }
}

const get = (url: string) =>
  fetch(url, { headers: { accept: manifestTypes }, signal: AbortSignal.timeout(10_000) })

/** A list of manifests for several platforms has no configuration of its own. */
async function environmentOf(root: string, digest: string | undefined): Promise<Record<string, string>> {
  if (digest === undefined) return {}
  const reply = await get(`${root}/blobs/${digest}`)
  const config: Value = reply.ok ? await reply.json() : undefined
  const lines: string[] = config?.config?.Env ?? []
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}
