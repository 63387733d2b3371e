import type { Json } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import { explainName } from './names.ts'
import { expandRange } from './ranges.ts'
import { Reader } from './reader.ts'
import { pointerKey } from './plaindata.ts'
import type { Document } from './yaml.ts'

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

interface HostEntry {
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

/** Reads all groups; mistakes are collected. */
export function readInventoryFile(document: Document): InventoryFile {
  const file: InventoryFile = { groups: new Map(), hosts: new Map(), problems: [] }
  const groups = new Groups(new Reader(document, file.problems), file)
  groups.named('all', '')
  const top = groups.reader.mapping('', 'the inventory', "groups, e.g. 'all:' with 'hosts:' below it")
  for (const name of Object.keys(top)) groups.described(name, `/${pointerKey(name)}`)
  return file
}

class Groups {
  readonly reader: Reader
  readonly #file: InventoryFile
  constructor(reader: Reader, file: InventoryFile) {
    this.reader = reader
    this.#file = file
  }

  named(name: string, pointer: string): Group {
    const known = this.#file.groups.get(name)
    if (known !== undefined) return known
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
      this.reader.problem(
        `${pointer}#key`,
        `'${name}' can't be the name of a group`,
        'use letters, digits and _',
      )
    const place = this.reader.placeOf(`${pointer}#key`)
    const described = name === 'all'
    const group: Group = { name, place, described, children: new Map(), hosts: new Set(), vars: new Map() }
    this.#file.groups.set(name, group)
    return group
  }

  described(name: string, pointer: string): Group {
    const group = this.named(name, pointer)
    const what = `group '${name}'`
    this.reader.mapping(pointer, what, "'hosts:', 'vars:' or 'children:' below it")
    this.reader.unknownKeys(pointer, GROUP_KEYS, what)
    if (this.reader.get(pointer) !== null) group.described = true
    this.#hosts(group, `${pointer}/hosts`)
    this.#vars(group.vars, `${pointer}/vars`, `the vars of ${what}`)
    this.#children(group, `${pointer}/children`)
    return group
  }

  #children(group: Group, pointer: string): void {
    const children = this.reader.mapping(
      pointer,
      `the children of group '${group.name}'`,
      "'name:' for each child",
    )
    for (const name of Object.keys(children)) {
      const at = `${pointer}/${pointerKey(name)}`
      if (name === 'all') this.reader.problem(`${at}#key`, "'all' can't be the child of a group", 'remove it')
      else group.children.set(this.described(name, at).name, this.reader.placeOf(`${at}#key`))
    }
  }

  #hosts(group: Group, pointer: string): void {
    const wanted = "'rpi01:' for each host, without a dash"
    for (const text of Object.keys(
      this.reader.mapping(pointer, `the hosts of group '${group.name}'`, wanted),
    )) {
      const at = `${pointer}/${pointerKey(text)}`
      const names = this.#expand(text, `${at}#key`)
      const vars: WrittenVars = new Map()
      this.#vars(vars, at, `host '${text}'`)
      const addresses = this.#addresses(vars.get('address'), `${at}/address`, names.length)
      for (const [index, name] of names.entries()) {
        group.hosts.add(name)
        this.#host(name, at, withAddress(vars, addresses?.[index]))
      }
    }
  }

  #host(name: string, pointer: string, vars: WrittenVars): void {
    const entry = this.#file.hosts.get(name) ?? {
      place: this.reader.placeOf(`${pointer}#key`),
      vars: new Map(),
    }
    this.#file.hosts.set(name, entry)
    for (const [key, value] of vars) entry.vars.set(key, value)
  }

  /** A range of hosts may have a range of addresses: they are paired in order. */
  #addresses(written: Written | undefined, pointer: string, hosts: number): string[] | undefined {
    if (hosts < 2 || typeof written?.value !== 'string' || !written.value.includes('[')) return undefined
    const addresses = this.#expand(written.value, pointer)
    if (addresses.length === hosts) return addresses
    const hint = 'write as many addresses as hosts, e.g. 10.0.0.[11:24] for rpi[01:14]'
    if (addresses.length > 0)
      this.reader.problem(pointer, `${hosts} hosts but ${addresses.length} addresses`, hint)
    return undefined
  }

  #expand(text: string, pointer: string): string[] {
    try {
      const names = expandRange(text)
      const bad = names.find((name) => !/^[A-Za-z0-9_][A-Za-z0-9_.%:-]*$/.test(name))
      if (bad === undefined) return names
      const hint = 'use letters, digits, dot, dash and _'
      this.reader.problem(pointer, `'${bad}' can't be a host name or address`, hint)
    } catch (error) {
      this.reader.problem(pointer, (error as Error).message, 'write a range like rpi[01:14]')
    }
    return []
  }

  #vars(into: WrittenVars, pointer: string, what: string): void {
    for (const [name, value] of Object.entries(this.reader.mapping(pointer, what, "'name: value' lines"))) {
      const at = `${pointer}/${pointerKey(name)}`
      const wrong = explainName(name)
      if (wrong !== undefined) this.reader.problem(`${at}#key`, wrong.message, wrong.hint)
      else into.set(name, { value, place: this.reader.placeOf(at) })
    }
  }
}

function withAddress(vars: WrittenVars, address: string | undefined): WrittenVars {
  const written = vars.get('address')
  if (address === undefined || written === undefined) return vars
  return new Map([...vars, ['address', { ...written, value: address }]])
}
