import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { K3sRelease, LocalFile } from '../../core/task.ts'
import type { ReleaseSource } from '../../load/file/release.ts'
import { simulatedK3s } from './file.ts'

/** Releases of the simulated k3s, written to `folder` as they are asked for; `program` is the file of its bundle. */
export function simulatedReleases(program: string, folder: string): ReleaseSource {
  const known = new Map<string, K3sRelease>()
  return {
    release(version) {
      const release = known.get(version) ?? simulate(program, folder, version)
      known.set(version, release)
      return release
    },
  }
}

function simulate(program: string, folder: string, version: string): K3sRelease {
  try {
    const text = simulatedK3s(readFileSync(program, 'utf8'), version)
    const file = write(path.join(folder, `k3s-${version}`), text)
    return { version, binaries: { amd64: file, arm64: file, armhf: file } }
  } catch (error) {
    return { version, binaries: {}, problem: (error as Error).message }
  }
}

function write(file: string, text: string): LocalFile {
  const size = Buffer.byteLength(text)
  const sha256 = createHash('sha256').update(text).digest('hex')
  const name = `${file}-${sha256.slice(0, 12)}`
  if (statSync(name, { throwIfNoEntry: false })?.size !== size) {
    mkdirSync(path.dirname(name), { recursive: true })
    writeFileSync(name, text, { mode: 0o755 })
  }
  return { path: name, size, sha256, text: null }
}
