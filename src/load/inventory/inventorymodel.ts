import { nearest } from '../../base/suggest.ts'
import type { Json } from '../../core/json.ts'
import type { Diagnostic, Place } from '../../core/place.ts'
import { explainName } from '../names.ts'
import { expandRange } from './ranges.ts'

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
  /** One for each file, or part of it, that gives it variables; a later one wins. */
  vars: WrittenVars[]
}

export interface HostEntry {
  place: Place
  vars: WrittenVars[]
  /** Named by a format of Ansible's alone (INI, a program), where `port` and `user` are variables like any other. */
  ansible: boolean
}

/** The groups and hosts of all inventory files in the order in which they are named, nothing merged yet. */
export interface WrittenInventory {
  groups: Map<string, Group>
  hosts: Map<string, HostEntry>
  /** Errors and warnings. */
  problems: Diagnostic[]
}

export function emptyInventory(): WrittenInventory {
  return { groups: new Map(), hosts: new Map(), problems: [] }
}

/** Groups that are always there. */
export const ALWAYS = ['all', 'ungrouped']

/** The group of that name, new if need be; a name that can't be is reported. */
export function groupNamed(inventory: WrittenInventory, name: string, place: Place): Group {
  const known = inventory.groups.get(name)
  if (known !== undefined) return known
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) {
    const message = `'${name}' can't be the name of a group`
    inventory.problems.push({ severity: 'error', place, message, hint: 'use letters, digits, - and _' })
  }
  const described = ALWAYS.includes(name)
  const group: Group = { name, place, described, children: new Map(), hosts: new Set(), vars: [] }
  inventory.groups.set(name, group)
  return group
}

/** Makes one group the child of another; `all` has everybody as children anyway and can't be one. */
export function addChild(inventory: WrittenInventory, parent: Group, name: string, place: Place): void {
  if (name === 'all') {
    const message = "'all' can't be the child of a group"
    inventory.problems.push({ severity: 'error', place, message, hint: 'remove it' })
  } else parent.children.set(groupNamed(inventory, name, place).name, place)
}

export interface HostLine {
  /** A name, or a range of names; may end with `:port`. */
  text: string
  place: Place
  vars: WrittenVars
  ansible: boolean
}

/** Puts the hosts that a text names into a group. A range of hosts may have a range of addresses, paired in order. */
export function addHosts(inventory: WrittenInventory, group: Group, line: HostLine): void {
  const { text, port } = splitPort(line.text)
  const names = expand(inventory, text, line.place)
  const vars: WrittenVars = new Map([...portVars(port, line.place), ...line.vars])
  const ranged = ['address', 'ansible_host'].find((name) => isRange(vars.get(name)?.value))
  const addresses =
    ranged && names.length > 1 ? pair(inventory, names, vars.get(ranged) as Written) : undefined
  for (const [index, name] of names.entries()) {
    group.hosts.add(name)
    const entry = inventory.hosts.get(name) ?? { place: line.place, vars: [], ansible: false }
    entry.ansible ||= line.ansible
    inventory.hosts.set(name, entry)
    const address = addresses?.[index]
    const own: WrittenVars =
      ranged === undefined || address === undefined
        ? vars
        : new Map([...vars, [ranged, { ...(vars.get(ranged) as Written), value: address }]])
    if (own.size > 0) entry.vars.push(own)
  }
}

/** Adds a variable, or reports why it can't have that name. */
export function setVar(
  inventory: WrittenInventory,
  into: WrittenVars,
  name: string,
  written: Written,
  place = written.place,
): void {
  const wrong = explainName(name)
  if (wrong === undefined) into.set(name, written)
  else inventory.problems.push({ severity: 'error', place, ...wrong })
}

/** `web1:2222`; the colons of an IPv6 address and of a range are no port. */
function splitPort(text: string): { text: string; port?: number } {
  const [, name, port] = /^((?:[^:[\]]|\[[^\]]*\])+):(\d+)$/.exec(text) ?? []
  const bare = (name ?? text).replace(/^\[([\da-fA-F]*:[\da-fA-F:.]*:[\da-fA-F.]*)\]$/, '$1')
  return {
    text: isRange(name ?? text) ? (name ?? text) : bare,
    port: port === undefined ? undefined : Number(port),
  }
}

function portVars(port: number | undefined, place: Place): WrittenVars {
  return new Map(port === undefined ? [] : [['ansible_port', { value: port, place }]])
}

function isRange(value: Json | undefined): boolean {
  return typeof value === 'string' && /\[\w+:\w+(:\d+)?\]/.test(value)
}

function pair(inventory: WrittenInventory, names: string[], { value, place }: Written): string[] | undefined {
  const addresses = expand(inventory, value as string, place)
  if (addresses.length === names.length) return addresses
  const hint = 'write as many addresses as hosts, e.g. 10.0.0.[11:24] for rpi[01:14]'
  const message = `${names.length} hosts but ${addresses.length} addresses`
  if (addresses.length > 0) inventory.problems.push({ severity: 'error', place, message, hint })
  return undefined
}

function expand(inventory: WrittenInventory, text: string, place: Place): string[] {
  const fail = (message: string, hint: string): string[] => {
    inventory.problems.push({ severity: 'error', place, message, hint })
    return []
  }
  // An IPv6 address may begin with colons.
  if (/^[\da-fA-F]*:[\da-fA-F:.]*:[\da-fA-F.]*$/.test(text)) return [text]
  try {
    const names = expandRange(text)
    const bad = names.find((name) => !/^[A-Za-z0-9_][A-Za-z0-9_.%:-]*$/.test(name))
    if (bad === undefined) return names
    return fail(`'${bad}' can't be a host name or address`, 'use letters, digits, dot, dash and _')
  } catch (error) {
    return fail((error as Error).message, 'write a range like rpi[01:14]')
  }
}

/** Groups that were only named: a slip where the name is near another's, else an empty group, as in Ansible. */
export function undescribed(inventory: WrittenInventory): Diagnostic[] {
  const groups = [...inventory.groups.values()]
  const known = groups.filter((group) => group.described).map((group) => group.name)
  return groups
    .filter((group) => !group.described)
    .map(({ name, place }) => {
      const near = nearest(name, known)
      const hint = near === undefined ? 'it is empty; give it hosts, or remove it' : `did you mean '${near}'?`
      const severity = near === undefined ? 'warning' : 'error'
      return { severity, place, message: `group '${name}' is named but described nowhere`, hint }
    })
}
