import { link, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from '../../connect/connection.ts'
import { CommandError, ConnectionLost, Interrupted, UsageError } from '../../core/errors.ts'
import { becomeOn } from '../../core/host.ts'
import { packHomeScript, packRegistryScript } from '../../probe/accessbackup.ts'
import { packServerScript } from '../../probe/serverbackup.ts'
import type { Connections, Holdings } from './holdings.ts'
import { MANIFEST, type Manifest, manifestText, type Part, type PartName } from './manifest.ts'
import { measureSealed, seal } from './sealed.ts'
import { type Backup, backupName } from './store.ts'

/** What is to be fetched from one host. */
export interface Wanted {
  name: PartName
  connection: Connection
  script: string
  file: string
  fingerprint: string
  /** About, in bytes. */
  size: number
}

/** What there is, in the order in which it is fetched. */
export function wantedOf({ server, access }: Connections, holdings: Holdings): Wanted[] {
  const { registry, home } = holdings.access
  const wanted: (Wanted | undefined)[] = [
    {
      name: 'server',
      connection: server!,
      script: packServerScript(holdings.server),
      file: 'server.tar.gz.age',
      fingerprint: '',
      size: holdings.server.size,
    },
    access && registry
      ? {
          name: 'registry',
          connection: access,
          script: packRegistryScript(registry.path),
          file: 'registry.tar.age',
          fingerprint: registry.fingerprint,
          size: registry.size,
        }
      : undefined,
    access && home
      ? {
          name: 'home',
          connection: access,
          script: packHomeScript(home.path),
          file: 'home.tar.gz.age',
          fingerprint: '',
          size: home.size,
        }
      : undefined,
  ]
  return wanted.filter((one) => one !== undefined)
}

/** The part of an earlier backup that holds the same, for the same readers. */
export function unchanged(
  { name, fingerprint }: Wanted,
  last: Backup | undefined,
  recipients: string[],
): Part | undefined {
  if (fingerprint === '' || last === undefined) return undefined
  if (last.manifest.recipients.toSorted().join() !== recipients.toSorted().join()) return undefined
  return last.manifest.parts.find((part) => part.name === name && part.fingerprint === fingerprint)
}

export interface Taking {
  folder: string
  manifest: Omit<Manifest, 'parts'>
  wanted: Wanted[]
  last: Backup | undefined
  signal: AbortSignal
  onProgress: (wanted: Wanted, size: number) => void
}

/** Fetches everything into a folder that gets its name only when it is whole. Rejects, leaving nothing, when it can't. */
export async function takeBackup(taking: Taking): Promise<Backup> {
  const { folder, manifest } = taking
  const name = backupName(manifest.server, manifest.taken)
  const aside = join(folder, `.${name}.partial`)
  await prepareFolder(folder, aside)
  try {
    const parts: Part[] = []
    for (const wanted of taking.wanted) parts.push(await fetchPart(wanted, taking, aside))
    const whole: Manifest = { ...manifest, parts }
    await writeFile(join(aside, MANIFEST), manifestText(whole), { mode: 0o600, flag: 'wx', flush: true })
    await rename(aside, join(folder, name))
    await syncFolder(folder)
    return { name, folder: join(folder, name), manifest: whole }
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw explained(error, folder)
  }
}

async function prepareFolder(folder: string, aside: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await mkdir(aside, { mode: 0o700 })
  } catch (error) {
    throw explained(error, folder)
  }
}

/** A name is safe only once the folder that holds it is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

async function fetchPart(wanted: Wanted, taking: Taking, aside: string): Promise<Part> {
  const { name, connection, file, fingerprint } = wanted
  const { recipients } = taking.manifest
  const same = unchanged(wanted, taking.last, recipients)
  if (same !== undefined) {
    const linked = await linkPart(join(taking.last!.folder, same.file), join(aside, file), same)
    if (linked) return same
  }
  const { plain, sealed } = await transfer(wanted, taking, join(aside, file))
  return { name, host: connection.host.name, file, ...plain, sealed, fingerprint }
}

/** Costs no room. Not where the file is damaged or lies on another filesystem: then it is fetched anew. */
async function linkPart(from: string, to: string, { sealed }: Part): Promise<boolean> {
  try {
    const found = await measureSealed(from, undefined)
    if (found.sealed.sha256 !== sealed.sha256) return false
    await link(from, to)
    return true
  } catch {
    return false
  }
}

async function transfer(wanted: Wanted, { manifest, signal, onProgress }: Taking, file: string) {
  const { connection, script, name } = wanted
  const pipe = await connection.stream(script, { become: becomeOn(connection.host, true) })
  const stop = (): void => pipe.destroy()
  signal.addEventListener('abort', stop)
  try {
    let said = ''
    pipe.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2000)))
    pipe.stdin.end()
    const measures = await seal(pipe.stdout, file, manifest.recipients, (size) => onProgress(wanted, size))
    const code = await pipe.ended
    if (signal.aborted) throw new Interrupted('interrupted')
    const host = connection.host.name
    if (code === null) throw new ConnectionLost(`${host}: the connection broke while its ${name} was fetched`)
    if (code === 0) return measures
    throw new CommandError(
      `${host}: its ${name} could not be read: ${said.trim().split('\n').at(-1) ?? ''}`,
      {
        code,
        command: `tar (${name})`,
        stderr: said,
        hint: 'run it again: something may have changed while it was read',
      },
    )
  } catch (error) {
    throw signal.aborted ? new Interrupted('interrupted') : error
  } finally {
    signal.removeEventListener('abort', stop)
    pipe.destroy()
  }
}

/** What is wrong with the folder is the user's to mend. */
function explained(error: unknown, folder: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return error
  if (code === 'EEXIST')
    return new UsageError(`there is a backup of this second in ${folder} already`, 'run it again')
  const hint =
    code === 'ENOSPC' ? 'make room, or name another folder with --to' : 'name another folder with --to'
  return new UsageError(`the backup can't be written: ${message}; nothing was left behind`, hint)
}
