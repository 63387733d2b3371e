import type { JsonObject } from '../../core/json.ts'
import { PASSWORDS } from './connectionnames.ts'
import type { WrittenInventory, WrittenVars } from './inventorymodel.ts'
import type { VarLayer } from '../program.ts'
import type { VarsFile } from '../varsfile.ts'
import type { VarsFolder } from './varsfolders.ts'

/** What group_vars and host_vars in one folder say. */
export interface VarsBase {
  /** Where they lie, for people: "beside the inventory". */
  title: string
  groups: VarsFolder
  hosts: VarsFolder
}

/** A layer that still knows passwords, which only connecting may use. */
export interface InventoryLayer extends VarLayer {
  written: WrittenVars
}

/**
 * Layers of each host from the weakest to the strongest, in Ansible's order: groups in the inventory (`all` < parent <
 * child), group_vars of `all`, group_vars of the others, the host in the inventory, host_vars. Of what lies beside the
 * inventory and beside the playbook the latter wins.
 */
export class LayerBook {
  readonly #inventory: WrittenInventory
  readonly #bases: VarsBase[]
  readonly #made = new Map<object, InventoryLayer>()
  constructor(inventory: WrittenInventory, bases: VarsBase[]) {
    this.#inventory = inventory
    this.#bases = bases
  }

  /** `groups`: nearest first. */
  of(host: string, groups: string[]): InventoryLayer[] {
    const [all, ...others] = groups.toReversed() as [string, ...string[]]
    return [
      ...[all, ...others].flatMap((group) => this.#written('group', group)),
      ...this.#bases.flatMap((base) => this.#files('group', all, base)),
      ...this.#bases.flatMap((base) => others.flatMap((group) => this.#files('group', group, base))),
      ...this.#written('host', host),
      ...this.#bases.flatMap((base) => this.#files('host', host, base)),
    ]
  }

  #written(kind: 'group' | 'host', name: string): InventoryLayer[] {
    const entries = kind === 'group' ? this.#inventory.groups : this.#inventory.hosts
    return (entries.get(name)?.vars ?? []).map((vars) => this.#layer(vars, `${kind} ${name}`, () => vars))
  }

  #files(kind: 'group' | 'host', name: string, base: VarsBase): InventoryLayer[] {
    const files = (kind === 'group' ? base.groups : base.hosts).get(name) ?? []
    return files.map((file) =>
      this.#layer(file, `${kind}_vars of ${name}, ${base.title}`, () => writtenIn(file)),
    )
  }

  /** Hosts share the layers of their groups. */
  #layer(key: object, title: string, read: () => WrittenVars): InventoryLayer {
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const written = read()
    const layer = layerOf(title, written)
    this.#made.set(key, layer)
    return layer
  }
}

export function layerOf(title: string, written: WrittenVars): InventoryLayer {
  // Who looks up values takes them from the host; here a password only shows where it is set.
  const hidden = [...written.keys()].filter((name) => PASSWORDS.has(name)).map((name) => [name, '********'])
  const vars = { ...plainVars(written), ...(Object.fromEntries(hidden) as JsonObject) }
  return { level: 'inventory', title, vars, written, placeOf: (name) => written.get(name)!.place }
}

/** As templates see them: without passwords. */
export function plainVars(written: WrittenVars): JsonObject {
  const shown = [...written].filter(([name]) => !PASSWORDS.has(name))
  return Object.fromEntries(shown.map(([name, { value }]) => [name, value]))
}

function writtenIn(file: VarsFile): WrittenVars {
  return new Map(
    Object.entries(file.vars).map(([name, value]) => [name, { value, place: file.placeOf(name) }]),
  )
}
