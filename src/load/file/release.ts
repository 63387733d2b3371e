import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { TaskError } from '../../core/errors.ts'
import type { K3sRelease, LocalFile } from '../../core/task.ts'
import { RELEASE_HINT } from '../../probe/k3sservice.ts'
import { cacheFolder } from '../playbook/folders.ts'

/** Where the binaries of a k3s version come from. */
export interface ReleaseSource {
  /** Never throws: where the checksums can't be had, `problem` says why. Downloads no binary. */
  release(version: string): K3sRelease
}

const ADDRESS = 'https://github.com/k3s-io/k3s/releases/download'

/** Binary and list of checksums of each architecture; the names are k3s's own, and not regular. */
const ARTEFACTS = [
  { arch: 'amd64', binary: 'k3s', sums: 'sha256sum-amd64.txt' },
  { arch: 'arm64', binary: 'k3s-arm64', sums: 'sha256sum-arm64.txt' },
  { arch: 'armhf', binary: 'k3s-armhf', sums: 'sha256sum-arm.txt' },
]

/** The file that PROVISION_K3S names, else k3s's own releases, kept in the user's cache. */
export function releaseSource(env: NodeJS.ProcessEnv = process.env): ReleaseSource {
  if (env.PROVISION_K3S) return givenRelease(env.PROVISION_K3S)
  return publishedReleases(cacheFolder('k3s', env))
}

/** One file that is taken for every version and architecture. */
export function givenRelease(path: string): ReleaseSource {
  const binaries: Record<string, LocalFile> = {}
  let problem: string | undefined
  try {
    const bytes = readFileSync(path)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    for (const { arch } of ARTEFACTS) binaries[arch] = { path, size: bytes.length, sha256, text: null }
  } catch (error) {
    problem = `the k3s binary ${path} can't be read: ${(error as Error).message}`
  }
  return { release: (version) => ({ version, binaries, problem }) }
}

/** Releases of the k3s project; `fetch` puts a file in place or throws with the reason. */
export function publishedReleases(cache: string, fetch = fetchNow): ReleaseSource {
  const known = new Map<string, K3sRelease>()
  const read = (version: string): K3sRelease => {
    const binaries: Record<string, LocalFile> = {}
    try {
      for (const artefact of ARTEFACTS) binaries[artefact.arch] = describe(cache, version, artefact, fetch)
      return { version, binaries }
    } catch (error) {
      return { version, binaries: {}, problem: (error as Error).message }
    }
  }
  return {
    release(version) {
      const release = known.get(version) ?? read(version)
      known.set(version, release)
      return release
    },
  }
}

type Fetch = (address: string, path: string) => void

function describe(
  cache: string,
  version: string,
  artefact: (typeof ARTEFACTS)[number],
  fetch: Fetch,
): LocalFile {
  const base = `${ADDRESS}/${encodeURIComponent(version)}`
  const sums = join(cache, version, artefact.sums)
  const size = (path: string) => statSync(path, { throwIfNoEntry: false })?.size
  if (size(sums) === undefined) fetch(`${base}/${artefact.sums}`, sums)
  const line = readFileSync(sums, 'utf8')
    .split('\n')
    .find((one) => one.trim().split(/\s+\*?/)[1] === artefact.binary)
  const sha256 = /^[0-9a-f]{64}(?=\s)/.exec(line ?? '')?.[0]
  if (sha256 === undefined) {
    rmSync(sums)
    throw new Error(`${base}/${artefact.sums} holds no checksum of ${artefact.binary}`)
  }
  const path = join(cache, version, artefact.binary)
  return { path, size: size(path) ?? 0, sha256, text: null, origin: `${base}/${artefact.binary}` }
}

/** Synchronous, for checksums of a few hundred bytes that are fetched once. curl knows the user's proxy. */
function fetchNow(address: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  try {
    execFileSync('curl', curlArguments(address, `${path}.part`, '30'), {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    renameSync(`${path}.part`, path)
  } catch (error) {
    rmSync(`${path}.part`, { force: true })
    throw new Error(explainCurl(address, error))
  }
}

function curlArguments(address: string, path: string, seconds: string): string[] {
  const limits = ['--connect-timeout', '10', '--max-time', seconds, '--retry', '2']
  return ['--fail', '--silent', '--show-error', '--location', ...limits, '--output', path, '--', address]
}

function explainCurl(address: string, error: unknown): string {
  const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: Buffer | string }
  if (code === 'ENOENT') return `${address} can't be fetched: there is no curl on this machine`
  const said = stderr?.toString().trim().split('\n').at(-1) || message
  return `${address} can't be fetched: ${said}`
}

const under = new Map<string, Promise<LocalFile>>()

/**
 * The file as it lies on the controller. One that has an origin is fetched first, once for all hosts, and verified.
 * Throws TaskError when it can't be had.
 */
export function present(file: LocalFile, fetch = fetchLarge): Promise<LocalFile> {
  if (file.origin === undefined) return Promise.resolve(file)
  const key = `${file.path}\0${file.sha256}`
  const running = under.get(key) ?? provide(file, file.origin, fetch)
  under.set(key, running)
  // Another step may try again, e.g. after the network came back.
  running.catch(() => under.delete(key))
  return running
}

async function provide(file: LocalFile, origin: string, fetch: typeof fetchLarge): Promise<LocalFile> {
  const size = () => statSync(file.path, { throwIfNoEntry: false })?.size ?? 0
  if (size() > 0 && (await hashOf(file.path)) === file.sha256) return { ...file, size: size() }
  const part = `${file.path}.${process.pid}.part`
  mkdirSync(dirname(part), { recursive: true })
  try {
    await fetch(origin, part)
    const found = await hashOf(part)
    if (found !== file.sha256) throw new TaskError(`${origin} has the checksum ${found}, not ${file.sha256}`)
    renameSync(part, file.path)
  } finally {
    rmSync(part, { force: true })
  }
  return { ...file, size: size() }
}

async function fetchLarge(address: string, path: string): Promise<void> {
  try {
    await promisify(execFile)('curl', curlArguments(address, path, '1800'))
  } catch (error) {
    throw new TaskError(explainCurl(address, error), RELEASE_HINT)
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
