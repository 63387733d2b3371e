import { sizeText } from '../../base/bytes.ts'
import { identityFile } from '../../load/secret/secretkeys.ts'
import type { Colours } from '../../render/colour.ts'
import { count, padEnd } from '../../render/text.ts'
import type { Holdings } from './holdings.ts'
import type { Manifest, PartName } from './manifest.ts'
import type { Backup } from './store.ts'
import type { Wanted } from './take.ts'

/** What will be taken; `same` names the parts that need not travel again. */
export function planText(wanted: Wanted[], holdings: Holdings, same: PartName[], colours: Colours): string {
  const { version, nodes } = holdings.server
  const host = wanted[0]?.connection.host.name ?? ''
  const rows = wanted.map(({ name, connection }) => {
    const beside = same.includes(name) ? ' (unchanged since the last backup: not sent again)' : ''
    return `  ${padEnd(name, 9)} ${padEnd(connection.host.name, 9)} ${contentOf(name, holdings)}${beside}`
  })
  const missing = holdings.access.registry === null ? ['  no registry with images was found'] : []
  return [
    colours.bold(`The cluster of ${host}: k3s ${version}, ${count(nodes.length, 'node')}`),
    ...rows,
    ...missing,
  ].join('\n')
}

function contentOf(name: PartName, { server, access }: Holdings): string {
  const { registry, home } = access
  if (name === 'registry')
    return `${sizeText(registry?.size ?? 0)} of images: ${registry?.images.join(', ') || 'none'}`
  if (name === 'home') return `${home?.path}, ${sizeText(home?.size ?? 0)}`
  return `datastore of ${sizeText(server.size)}${copied(server)}, token, certificates, node password, settings`
}

function copied({ datastore, copier }: Holdings['server']): string {
  return datastore === 'sqlite' && copier !== ''
    ? `, copied by ${copier}`
    : ', copied while k3s is halted for a moment'
}

/** What was taken, where it is, and what it is good for. */
export function takenText(backup: Backup, seconds: number, opened: boolean, colours: Colours): string {
  const { folder, manifest } = backup
  const { server, access, parts } = manifest
  const sizes = parts.map(({ file, sealed }) => `  ${padEnd(file, 18)} ${sizeText(sealed.size)}`)
  return [
    colours.green(`${folder}, in ${seconds.toFixed(1)} s`),
    ...sizes,
    opened
      ? 'Read again, opened with your key and compared: it is what was taken.'
      : 'Read again and compared. None of your keys opens it: try it where one of its readers is.',
    `Bring a lost host back with it: provision rebuild ${server}${access === '' ? '' : `, provision rebuild ${access}`}`,
    `Keep a copy of it and of ${identityFile()} elsewhere: without the key nobody can open it.`,
  ].join('\n')
}

/** A line for each backup, the newest first. */
export function listText(backups: Backup[], folder: string, now: number): string {
  if (backups.length === 0) return `no backups in ${folder}; take one: provision backup`
  const rows = backups.map(({ name, manifest }) => {
    const size = manifest.parts.reduce((sum, { sealed }) => sum + sealed.size, 0)
    const names = manifest.parts.map((part) => part.name).join(', ')
    const lab = manifest.lab === '' ? '' : `, of the lab ${manifest.lab}`
    return `${name}  ${padEnd(ageText(manifest, now), 14)}  ${padEnd(sizeText(size), 8)}  k3s ${manifest.k3s_version}; ${names}${lab}`
  })
  return [folder, ...rows].join('\n')
}

const STEPS: [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** How long ago it was taken. */
export function ageText({ taken }: Pick<Manifest, 'taken'>, now: number): string {
  const age = now - Date.parse(taken)
  const [noun, unit] = STEPS.find(([, unit]) => age >= 2 * unit) ?? []
  return noun === undefined || unit === undefined
    ? 'a moment ago'
    : `${count(Math.floor(age / unit), noun)} ago`
}
