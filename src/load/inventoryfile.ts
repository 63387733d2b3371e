import { didYouMean } from '../base/suggest.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import { explainName } from './names.ts'
import { expandRange } from './ranges.ts'
import { type Document, pointerKey } from './yaml.ts'

/** A variable as it was written, with its place. */
export interface Written {
  value: Json
  place: Place
}
export type WrittenVars = Map<string, Written>

export interface Group {
  name: string
  place: Place
  /** False as long as it was only named as somebody's child. */
  described: boolean
  children: Map<string, Place>
  hosts: Set<string>
  vars: WrittenVars
}

export interface HostEntry {
  place: Place
  vars: WrittenVars
}

/** The groups and hosts of an inventory file in the order in which it names them, nothing merged yet. */
export interface InventoryFile {
  groups: Map<string, Group>
  hosts: Map<string, HostEntry>
  problems: Diagnostic[]
}

const GROUP_KEYS = ['hosts', 'vars', 'children']

export function readInventoryFile(document: Document): InventoryFile {
  const file: InventoryFile = { groups: new Map(), hosts: new Map(), problems: [] }
  const reader = new Reader(document, file)
  reader.group('all', '')
  const top = reader.mapping('', 'the inventory', "groups, e.g. 'all:' with 'hosts:' below it")
  for (const name of Object.keys(top)) reader.described(name, `/${pointerKey(name)}`)
  for (const name of file.groups.keys()) if (name !== 'all') file.groups.get('all')?.children.delete(name)
  return file
}

class Reader {
  readonly #document: Document
  readonly #file: InventoryFile
  constructor(document: Document, file: InventoryFile) {
    this.#document = document
    this.#file = file
  }

  #problem(place: Place, message: string, hint?: string): void {
    this.#file.problems.push({ severity: 'error', place, message, hint })
  }

  #at(pointer: string): Json | undefined {
    let value: Json | undefined = this.#document.value
    for (const part of pointer.split('/').slice(1)) {
      const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
      value = (value as JsonObject)[key]
    }
    return value
  }

  /** The mapping at a pointer; empty, and reported, when something else is there. */
  mapping(pointer: string, what: string, wanted: string): JsonObject {
    const value = this.#at(pointer)
    if (value === null || value === undefined) return {}
    if (typeof value === 'object' && !Array.isArray(value)) return value
    const kind = Array.isArray(value) ? 'a list' : `a ${typeof value}`
    this.#problem(
      this.#document.placeOf(pointer),
      `${what} must be a mapping, not ${kind}`,
      `write ${wanted}`,
    )
    return {}
  }

  group(name: string, pointer: string): Group {
    const known = this.#file.groups.get(name)
    if (known !== undefined) return known
    const place = this.#document.keyPlaceOf(pointer)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      this.#problem(place, `'${name}' can't be the name of a group`, 'use letters, digits and _')
    const group: Group = {
      name,
      place,
      described: name === 'all',
      children: new Map(),
      hosts: new Set(),
      vars: new Map(),
    }
    this.#file.groups.set(name, group)
    return group
  }

  described(name: string, pointer: string): Group {
    const group = this.group(name, pointer)
    const body = this.mapping(pointer, `group '${name}'`, "'hosts:', 'vars:' or 'children:' below it")
    if (this.#at(pointer) !== null) group.described = true
    for (const key of Object.keys(body)) {
      const at = `${pointer}/${pointerKey(key)}`
      if (key === 'hosts') this.#hosts(group, at)
      else if (key === 'vars') this.#vars(group.vars, at, `the vars of group '${name}'`)
      else if (key === 'children') this.#children(group, at)
      else this.#unknownKey(name, key, at)
    }
    return group
  }

  #unknownKey(group: string, key: string, at: string): void {
    const hint = didYouMean(key, GROUP_KEYS)
    this.#problem(this.#document.keyPlaceOf(at), `'${key}' is not a key of group '${group}'`, hint)
  }

  #children(group: Group, pointer: string): void {
    const children = this.mapping(pointer, `the children of group '${group.name}'`, "'name:' for each child")
    for (const name of Object.keys(children)) {
      const at = `${pointer}/${pointerKey(name)}`
      const place = this.#document.keyPlaceOf(at)
      if (name === 'all') this.#problem(place, "'all' can't be the child of a group", 'remove it')
      else group.children.set(this.described(name, at).name, place)
    }
  }

  #hosts(group: Group, pointer: string): void {
    const wanted = "'rpi01:' for each host, without a dash"
    for (const text of Object.keys(this.mapping(pointer, `the hosts of group '${group.name}'`, wanted))) {
      const at = `${pointer}/${pointerKey(text)}`
      const names = this.#expand(text, this.#document.keyPlaceOf(at))
      for (const [index, name] of names.entries()) this.#host(group, name, at, index, names.length)
    }
  }

  #host(group: Group, name: string, pointer: string, index: number, count: number): void {
    group.hosts.add(name)
    let entry = this.#file.hosts.get(name)
    if (entry === undefined) {
      entry = { place: this.#document.keyPlaceOf(pointer), vars: new Map() }
      this.#file.hosts.set(name, entry)
    }
    const vars = new Map<string, Written>()
    // Of a range's shared variables only the first host reports the mistakes.
    if (index === 0) this.#vars(vars, pointer, `host '${name}'`)
    else this.#quietly(() => this.#vars(vars, pointer, `host '${name}'`))
    const address = vars.get('address')
    if (count > 1 && typeof address?.value === 'string')
      address.value = this.#addressOf(address.value, address.place, index, count)
    for (const [key, value] of vars) entry.vars.set(key, value)
  }

  #quietly(work: () => void): void {
    const count = this.#file.problems.length
    work()
    this.#file.problems.length = count
  }

  /** A range of hosts may have a range of addresses: they are paired in order. */
  #addressOf(text: string, place: Place, index: number, count: number): string {
    const addresses = this.#expand(text, place)
    if (addresses.length === count) return addresses[index] as string
    if (index === 0)
      this.#problem(
        place,
        `${count} hosts but ${addresses.length} addresses`,
        'write as many addresses as hosts, e.g. 10.0.0.[11:24] for rpi[01:14]',
      )
    return text
  }

  #expand(text: string, place: Place): string[] {
    try {
      const names = expandRange(text)
      const bad = names.find((name) => !/^[A-Za-z0-9_][A-Za-z0-9_.%:-]*$/.test(name))
      if (bad === undefined) return names
      this.#problem(place, `'${bad}' can't be a host name or address`, 'use letters, digits, dot, dash and _')
    } catch (error) {
      this.#problem(place, (error as Error).message, 'write a range like rpi[01:14]')
    }
    return []
  }

  #vars(into: WrittenVars, pointer: string, what: string): void {
    for (const [name, value] of Object.entries(this.mapping(pointer, what, "'name: value' lines"))) {
      const at = `${pointer}/${pointerKey(name)}`
      const wrong = explainName(name)
      if (wrong !== undefined) this.#problem(this.#document.keyPlaceOf(at), wrong.message, wrong.hint)
      else into.set(name, { value, place: this.#document.placeOf(at) })
    }
  }
}
