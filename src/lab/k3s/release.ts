import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { K3sRelease, LocalFile } from '../../core/task.ts'
import type { ReleaseSource } from '../../load/release.ts'
import { simulatedK3s } from './file.ts'

/** Releases of the simulated k3s, written to `folder` as they are asked for; `program` is the file of its bundle. */
export function simulatedReleases(program: string, folder: string): ReleaseSource {
  return {
    release(version): K3sRelease {
      try {
        const text = simulatedK3s(readFileSync(program, 'utf8'), version)
        const file = write(path.join(folder, `k3s-${version}`), text)
        return { version, binaries: { amd64: file, arm64: file, armhf: file } }
      } catch (error) {
        return { version, binaries: {}, problem: (error as Error).message }
      }
    },
  }
}

function write(file: string, text: string): LocalFile {
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text, { mode: 0o755 })
  const sha256 = createHash('sha256').update(text).digest('hex')
  return { path: file, size: Buffer.byteLength(text), sha256, text: null }
}
