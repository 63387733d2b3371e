import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import type { Host } from '../../core/host.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Diagnostic } from '../../core/place.ts'
import { connectionsOf } from './connections.ts'
import { jumpCycles, warningsOf } from './inventorychecks.ts'
import { readInventoryFile } from './inventoryfile.ts'
import { groupDepths, groupMembers, groupsOfHosts } from './inventorygroups.ts'
import { type InventoryLayer, LayerBook, layerOf, plainVars, type VarsBase } from './inventorylayers.ts'
import {
  emptyInventory,
  groupNamed,
  undescribed,
  type WrittenInventory,
  type WrittenVars,
} from './inventorymodel.ts'
import type { Inventory } from '../program.ts'
import { type Document, readYaml } from '../yaml/yaml.ts'
import { explainRead } from '../yaml/yamlfaults.ts'

export interface LoadedInventory {
  inventory: Inventory
  warnings: Diagnostic[]
}

export interface InventoryContext {
  /** Path of the playbook, beside which group_vars and host_vars are looked for, too. */
  playbook?: string
  /** Extra variables; those called ansible_... decide how to connect. */
  extraVars?: JsonObject
}

const MISSING = 'this is to be the inventory: write one, or name it with -i FILE'

/**
 * Reads inventories: YAML files, ours or Ansible's, INI files, folders of them, programs that print JSON, and lists of
 * hosts ("rpi01,rpi02,"); later ones win. Throws UsageError with every mistake in them.
 */
export async function loadInventory(
  sources: string | string[],
  context: InventoryContext = {},
): Promise<LoadedInventory> {
  const list = [sources].flat()
  const written = emptyInventory()
  groupNamed(written, 'all', { file: list[0] ?? '', line: 1, column: 1 })
  for (const source of list) await collect(source, readSource(source, written), written.problems)
  const bases: VarsBase[] = []
  const beside = varsBases(list, written, context).then((found) => void bases.push(...found))
  await collect(list.join(', '), beside, written.problems)
  return assemble(list.join(', '), written, bases, context.extraVars)
}

/** The same from one YAML document, without anything beside it. */
export async function readInventory(document: Document): Promise<LoadedInventory> {
  const written = emptyInventory()
  groupNamed(written, 'all', document.keyPlaceOf('/all'))
  readInventoryFile(document, written)
  return assemble(document.file, written, [], undefined)
}

/** Folders, too, may be closed to us. */
async function collect(source: string, work: Promise<void>, problems: Diagnostic[]): Promise<void> {
  try {
    await work
  } catch (error) {
    const { code, path = source } = error as NodeJS.ErrnoException
    if (error instanceof UsageError) problems.push(...error.diagnostics)
    else if (typeof code === 'string') problems.push(explainRead(path, error as NodeJS.ErrnoException))
    else throw error
  }
}

/** The other formats are not even loaded where all is YAML. */
async function readSource(source: string, inventory: WrittenInventory): Promise<void> {
  const isYaml = /\.(ya?ml|json)$/.test(source) && !source.includes(',')
  if (isYaml && !statSync(source, { throwIfNoEntry: false })?.isDirectory())
    return readInventoryFile(await readYaml(source, MISSING), inventory)
  const { readOther } = await import('./inventorysources.ts')
  return readOther(source, inventory, MISSING)
}

async function varsBases(
  sources: string[],
  inventory: WrittenInventory,
  { playbook }: InventoryContext,
): Promise<VarsBase[]> {
  const places = new Map<string, { folder: string; title: string }>()
  for (const source of sources) {
    const folder = statSync(source, { throwIfNoEntry: false })?.isDirectory() ? source : dirname(source)
    if (!source.includes(',') || existsSync(source))
      places.set(resolve(folder), { folder, title: 'beside the inventory' })
  }
  if (playbook !== undefined && !places.has(resolve(dirname(playbook))))
    places.set(resolve(dirname(playbook)), { folder: dirname(playbook), title: 'beside the playbook' })
  const present = [...places.values()].filter(({ folder }) =>
    ['group_vars', 'host_vars'].some((name) => existsSync(join(folder, name))),
  )
  if (present.length === 0) return []
  const { readVarsFolder } = await import('./varsfolders.ts')
  const groups = ['ungrouped', ...inventory.groups.keys()]
  const hosts = [...inventory.hosts.keys()]
  return Promise.all(
    present.map(async ({ folder, title }) => ({
      title,
      groups: await readVarsFolder(join(folder, 'group_vars'), 'group', groups, inventory.problems),
      hosts: await readVarsFolder(join(folder, 'host_vars'), 'host', hosts, inventory.problems),
    })),
  )
}

async function assemble(
  file: string,
  written: WrittenInventory,
  bases: VarsBase[],
  extraVars: JsonObject | undefined,
): Promise<LoadedInventory> {
  const { problems } = written
  const depths = groupDepths(written)
  problems.push(...undescribed(written))
  const members = groupMembers(written)
  const groups = groupsOfHosts(written, members, depths)
  const book = new LayerBook(written, bases)
  const layers = new Map([...groups].map(([name, near]) => [name, book.of(name, near)]))
  const vars = new Map([...layers].map(([name, list]) => [name, merge(list)]))
  const connections = await connectionsOf({ written, vars, groups, extraVars })
  const hosts = new Map<string, Host>()
  for (const [name, connection] of connections) {
    const own = vars.get(name) as WrittenVars
    // Playbooks may say `address` whatever the inventory calls it.
    const given = own.get('ansible_host') ?? own.get('ansible_ssh_host')
    if (given !== undefined && !own.has('address')) {
      const address = new Map([['address', given]])
      layers.get(name)?.unshift(layerOf('address, by the name ansible_host', address))
      own.set('address', given)
    }
    hosts.set(name, { name, groups: groups.get(name) ?? [], vars: plainVars(own), connection })
  }
  if (hosts.size === 0 && problems.length === 0)
    problems.push({
      severity: 'error',
      place: written.groups.get('all')?.place,
      message: 'the inventory holds no hosts',
    })
  problems.push(...jumpCycles(hosts, vars))
  if (problems.some((one) => one.severity === 'error')) throw new UsageError(once(problems))
  const warnings = once([...problems, ...warningsOf(hosts, vars, written)])
  return { inventory: { file, hosts, groups: members, layers }, warnings }
}

function merge(layers: InventoryLayer[]): WrittenVars {
  return new Map(layers.flatMap((layer) => [...layer.written]))
}

/** A group's variable reaches many hosts, so the same mistake turns up once per host. */
function once(problems: Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>()
  return problems.filter((one) => {
    const key = `${one.place?.file}:${one.place?.line}:${one.place?.column}:${one.message}`
    return !seen.has(key) && seen.add(key)
  })
}
