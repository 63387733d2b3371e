import { randomBytes } from 'node:crypto'
import { lstat, open as openFile, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UsageError } from '../core/errors.ts'
import { isEncrypted } from '../load/secret/secretarmor.ts'
import { explainRead } from '../load/yaml/yamlfaults.ts'

/** A file that holds secrets: encrypted as a whole, or YAML with values tagged `!secret`. */
export interface SecretFile {
  path: string
  bytes: Buffer
  whole: boolean
}

/** Reads a file. Throws UsageError. */
export async function readSecretFile(path: string): Promise<SecretFile> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new UsageError([explainRead(path, error as NodeJS.ErrnoException)])
  })
  return { path, bytes, whole: isEncrypted(bytes) }
}

export function holdsValues({ path, bytes }: SecretFile): boolean {
  return /\.ya?ml$/.test(path) && bytes.includes('!secret')
}

const LEFT_OUT = ['.git', 'node_modules', '.provision']

/** All files with secrets among these and in these folders. Throws UsageError. */
export async function findSecretFiles(paths: string[]): Promise<SecretFile[]> {
  const found: SecretFile[] = []
  for (const path of paths) {
    const stats = await stat(path).catch((error: unknown) => {
      throw new UsageError([explainRead(path, error as NodeJS.ErrnoException)])
    })
    if (stats.isDirectory()) found.push(...(await findIn(path)))
    else found.push(await readSecretFile(path))
  }
  return found.filter((file) => file.whole || holdsValues(file))
}

async function findIn(folder: string): Promise<SecretFile[]> {
  const names = (await readdir(folder)).filter((name) => !LEFT_OUT.includes(name)).sort()
  const found: SecretFile[] = []
  for (const path of names.map((name) => join(folder, name))) {
    // What a link leads to is found where it lies, or does not belong to the folder.
    const stats = await lstat(path)
    if (stats.isDirectory()) found.push(...(await findIn(path)))
    else if (stats.isFile()) found.push(await readSecretFile(path))
  }
  return found
}

/** Replaces a file in one step: whoever reads it sees the old or the new content. Its mode and owner stay. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const target = await realpath(path)
  const { mode, uid, gid } = await stat(target)
  const aside = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`)
  try {
    const file = await openFile(aside, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.chmod(mode & 0o7777)
      await file.chown(uid, gid).catch(() => undefined)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, target)
  } catch (error) {
    await rm(aside, { force: true })
    throw new UsageError(`${path} can't be written: ${(error as Error).message}`, 'it is as it was')
  }
}
