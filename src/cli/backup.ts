import { resolve } from 'node:path'
import { dirname } from 'node:path'
import { printedJson } from '../base/printed-json.ts'
import { Redactor } from '../base/redact.ts'
import { sizeText } from '../base/bytes.ts'
import { UsageError } from '../core/errors.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { labPlaces } from '../lab/places.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import { IdentityError } from '../load/secret/secreterror.ts'
import { type Recipients, recipientsFor } from '../load/secret/secretrecipients.ts'
import { lookUpConnections } from '../load/secret/secretconnections.ts'
import { coloursFor } from '../render/colour.ts'
import { becomeOn } from '../core/host.ts'
import {
  connectTo,
  type Connections,
  type Holdings,
  keepersOf,
  type Keepers,
  lookAtHoldings,
} from './backup/holdings.ts'
import type { Manifest } from './backup/manifest.ts'
import { listText, planText, takenText } from './backup/report.ts'
import { type Backup, backupsFolder, listBackups, openBackup } from './backup/store.ts'
import { takeBackup, unchanged, type Wanted, wantedOf } from './backup/take.ts'
import { keysFor, verifyBackup } from './backup/verify.ts'
import { interruption } from './interruption.ts'
import { connectorFor, type ReachOptions } from './reach.ts'
import { explained, recipientsText } from './secret.ts'

export interface BackupFlags extends ReachOptions {
  to?: string
  check?: boolean
  list?: boolean
  verify?: string | true
  output?: 'text' | 'json'
}

/** Takes a backup of what can't be made anew, lists those there are, or reads one again; resolves with the exit code. */
export async function backup(flags: BackupFlags): Promise<number> {
  if (flags.list) return list(flags)
  if (flags.verify !== undefined) return explained(() => verify(flags))
  return explained(() => take(flags))
}

async function list(flags: BackupFlags): Promise<number> {
  const folder = backupsFolder(flags)
  const { backups, damaged } = await listBackups(folder)
  if (flags.output === 'json') print(backups)
  else process.stdout.write(`${[listText(backups, folder, Date.now()), ...damaged].join('\n')}\n`)
  return damaged.length > 0 ? EXIT_CODES.failed : EXIT_CODES.ok
}

/** Without a name the newest one. */
async function verify(flags: BackupFlags): Promise<number> {
  const chosen = await chosenBackup(flags)
  const keys = await keysFor(chosen)
  await verifyBackup(chosen, keys)
  const how =
    keys === undefined
      ? 'none of your keys opens it, so only its files were compared'
      : 'opened with your key'
  if (flags.output === 'json') print({ ...chosen, opened: keys !== undefined })
  else process.stdout.write(`${chosen.folder} is whole; ${how}\n`)
  return EXIT_CODES.ok
}

async function chosenBackup({ verify: name, to, lab }: BackupFlags): Promise<Backup> {
  const folder = backupsFolder({ to, lab })
  if (typeof name === 'string') return openBackup(name.includes('/') ? resolve(name) : `${folder}/${name}`)
  const [newest] = (await listBackups(folder)).backups
  if (newest !== undefined) return newest
  throw new UsageError(`there is no backup in ${folder}`, 'take one: provision backup')
}

async function take(flags: BackupFlags): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const keepers = keepersOf(inventory)
  const recipients = await recipientsBeside(flags)
  await lookUpConnections(Object.values(keepers).filter((host) => becomeOn(host, true)))
  const connector = await connectorFor(inventory, flags, new Redactor())
  const stop = interruption()
  try {
    const connections = await connectTo(keepers, connector)
    return await takeFrom({ flags, keepers, connections, recipients, signal: stop.signal })
  } finally {
    await connector.close()
    stop.end()
  }
}

/** A backup holds the keys of the cluster: it is never written in plain. */
async function recipientsBeside({ inventory }: BackupFlags): Promise<Recipients> {
  const [file = '.'] = [inventory].flat()
  try {
    return await recipientsFor(dirname(resolve(file)))
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    throw new UsageError(
      `a backup holds the cluster's own keys, so it is encrypted, and there is nobody to encrypt it for: ${error.message}`,
      error.hint,
    )
  }
}

interface Situation {
  flags: BackupFlags
  keepers: Keepers
  connections: Connections
  recipients: Recipients
  signal: AbortSignal
}

async function takeFrom(situation: Situation): Promise<number> {
  const { flags, connections, recipients, signal } = situation
  const began = performance.now()
  const folder = backupsFolder(flags)
  const holdings = await lookAtHoldings(connections)
  const wanted = wantedOf(connections, holdings)
  const manifest = manifestOf(situation, holdings)
  const last = (await listBackups(folder)).backups.find((one) => one.manifest.cluster === manifest.cluster)
  const same = wanted.filter((one) => unchanged(one, last, recipients.keys)).map(({ name }) => name)
  const colours = coloursFor(process.stdout)
  tell(planText(wanted, holdings, same, colours), flags)
  tell(`encrypted for ${recipientsText(recipients)}, kept in ${folder}`, flags)
  if (flags.check) return EXIT_CODES.ok
  const taken = await takeBackup({ folder, manifest, wanted, last, signal, onProgress: progress() })
  const keys = await keysFor(taken)
  await verifyBackup(taken, keys)
  const seconds = (performance.now() - began) / 1000
  if (flags.output === 'json') print({ ...taken, opened: keys !== undefined })
  else tell(takenText(taken, seconds, keys !== undefined, colours), flags)
  return EXIT_CODES.ok
}

function manifestOf({ flags, keepers, recipients }: Situation, holdings: Holdings): Omit<Manifest, 'parts'> {
  const { cluster, version, nodes } = holdings.server
  return {
    format: 1,
    taken: new Date().toISOString(),
    lab: flags.lab ? labPlaces().name : '',
    server: keepers.server.name,
    access: keepers.access?.name ?? '',
    cluster,
    k3s_version: version,
    nodes,
    images: holdings.access.registry?.images ?? [],
    recipients: recipients.keys,
  }
}

const PATIENCE = 10_000

/** Tells of a transfer that takes longer than one likes to wait without a word. */
function progress(): (wanted: Wanted, size: number) => void {
  let told = performance.now()
  return ({ name, size: about }, size) => {
    if (performance.now() - told < PATIENCE) return
    told = performance.now()
    process.stderr.write(`${name}: ${sizeText(size)} so far, of about ${sizeText(about)}\n`)
  }
}

function tell(text: string, { output }: BackupFlags): void {
  if (output !== 'json') process.stdout.write(`${text}\n`)
}

function print(value: unknown): void {
  process.stdout.write(`${printedJson(value, 2)}\n`)
}
