import type { Place } from '../../core/place.ts'
import {
  addChild,
  addHosts,
  type Group,
  groupNamed,
  setVar,
  type WrittenInventory,
  type WrittenVars,
} from './inventorymodel.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import { Reader } from '../playbook/reader.ts'
import type { Document } from '../yaml/yaml.ts'

const GROUP_KEYS = ['hosts', 'vars', 'children']

/** Reads the groups of a YAML inventory, ours or Ansible's; mistakes are collected. */
export function readInventoryFile(document: Document, inventory: WrittenInventory): void {
  const groups = new Groups(new Reader(document, inventory.problems), inventory)
  const top = groups.reader.mapping('', 'the inventory', "groups, e.g. 'all:' with 'hosts:' below it")
  for (const name of Object.keys(top)) groups.read(name, `/${pointerKey(name)}`)
}

class Groups {
  readonly reader: Reader
  readonly #inventory: WrittenInventory
  constructor(reader: Reader, inventory: WrittenInventory) {
    this.reader = reader
    this.#inventory = inventory
  }

  read(name: string, pointer: string): void {
    const group = groupNamed(this.#inventory, name, this.#keyPlace(pointer))
    const what = `group '${name}'`
    this.reader.mapping(pointer, what, "'hosts:', 'vars:' or 'children:' below it")
    this.reader.unknownKeys(pointer, GROUP_KEYS, what)
    if (this.reader.get(pointer) !== null) group.described = true
    this.#hosts(group, `${pointer}/hosts`)
    const vars = this.#vars(`${pointer}/vars`, `the vars of ${what}`)
    if (vars.size > 0) group.vars.push(vars)
    this.#children(group, `${pointer}/children`)
  }

  #children(group: Group, pointer: string): void {
    const what = `the children of group '${group.name}'`
    for (const name of Object.keys(this.#named(pointer, what, "'name:' for each child"))) {
      const at = `${pointer}/${pointerKey(name)}`
      if (name !== 'all') this.read(name, at)
      addChild(this.#inventory, group, name, this.#keyPlace(at))
    }
  }

  #hosts(group: Group, pointer: string): void {
    const wanted = "'rpi01:' for each host, without a dash"
    const hosts = this.#named(pointer, `the hosts of group '${group.name}'`, wanted)
    for (const text of Object.keys(hosts)) {
      const at = `${pointer}/${pointerKey(text)}`
      const vars = this.#vars(at, `host '${text}'`)
      addHosts(this.#inventory, group, { text, place: this.#keyPlace(at), vars, ansible: false })
    }
  }

  /** Names with something below each; a single name may stand alone, as in Ansible. */
  #named(pointer: string, what: string, wanted: string): Record<string, unknown> {
    const value = this.reader.get(pointer)
    return typeof value === 'string' ? { [value]: null } : this.reader.mapping(pointer, what, wanted)
  }

  #vars(pointer: string, what: string): WrittenVars {
    const vars: WrittenVars = new Map()
    for (const [name, value] of Object.entries(this.reader.mapping(pointer, what, "'name: value' lines"))) {
      const at = `${pointer}/${pointerKey(name)}`
      const place = this.reader.placeOf(at)
      setVar(this.#inventory, vars, name, { value, place }, this.#keyPlace(at))
    }
    return vars
  }

  #keyPlace(pointer: string): Place {
    return this.reader.placeOf(`${pointer}#key`)
  }
}
