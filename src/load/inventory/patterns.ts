import { didYouMean } from '../../base/suggest.ts'
import { UsageError } from '../../core/errors.ts'
import type { Inventory } from '../program.ts'
import { expandRange } from './ranges.ts'

/**
 * Names of the hosts a pattern means, in inventory order. As in Ansible: parts are joined by `,` or `:`, `!part`
 * takes away and `&part` keeps only, both after all plain parts. A part is `all`, `*`, a host, a group, a glob
 * (`rpi0*`), a regular expression (`~rpi0[1-3]`), some of a group by number (`agents[0]`, `agents[0:2]`, the end
 * included), or a range of hosts (`rpi[01:05]`). Throws UsageError for a part that means nothing.
 */
export function select(inventory: Inventory, pattern: string): string[] {
  const parts = splitPattern(pattern)
  const plain = parts.filter((part) => !/^[!&]/.test(part))
  const chosen = new Set((plain.length > 0 ? plain : ['all']).flatMap((part) => match(inventory, part)))
  for (const part of parts.filter((one) => one.startsWith('&'))) {
    const kept = match(inventory, part.slice(1))
    for (const name of chosen) if (!kept.includes(name)) chosen.delete(name)
  }
  for (const part of parts.filter((one) => one.startsWith('!')))
    for (const name of match(inventory, part.slice(1))) chosen.delete(name)
  return [...inventory.hosts.keys()].filter((name) => chosen.has(name))
}

/** Splits at commas and colons, but not inside brackets; a comma ends a part even in a regular expression. */
function splitPattern(pattern: string): string[] {
  const parts = pattern.match(/(?:\[[^\]]*\]|[^,:[]|\[)+/g) ?? []
  const trimmed = parts.map((part) => part.trim()).filter((part) => part !== '')
  if (trimmed.length === 0)
    throw new UsageError('the pattern names no hosts', "write a host, a group or 'all'")
  return trimmed
}

function match(inventory: Inventory, part: string): string[] {
  if (part.startsWith('~')) return matchRegex(inventory, part)
  const subscript = /^(.+)\[(?:(-?\d+)|(\d*):(-?\d*))\]$/.exec(part)
  const base = subscript && matchName(inventory, subscript[1] as string)
  if (subscript && base) return pick(base, subscript, part)
  const known = matchName(inventory, part)
  if (known !== undefined) return known
  if (/\[\w+:\w+(:\d+)?\]/.test(part)) return matchRange(inventory, part)
  throw unknown(inventory, part)
}

/** Hosts of an exact name or a glob; undefined when nothing is called so. */
function matchName(inventory: Inventory, part: string): string[] | undefined {
  if (part === '*') return [...inventory.hosts.keys()]
  const exact = inventory.groups.get(part) ?? (inventory.hosts.has(part) ? [part] : undefined)
  if (exact !== undefined || !/[*?[]/.test(part)) return exact
  const found = matching(inventory, globToRegex(part))
  return found.length > 0 ? found : undefined
}

function matchRegex(inventory: Inventory, part: string): string[] {
  let regex: RegExp
  try {
    regex = new RegExp(`^(?:${part.slice(1)})`)
  } catch (error) {
    throw new UsageError(`'${part}' is not a regular expression`, (error as Error).message)
  }
  const found = matching(inventory, regex)
  if (found.length === 0) throw unknown(inventory, part)
  return found
}

function matching(inventory: Inventory, regex: RegExp): string[] {
  const groups = [...inventory.groups].filter(([name]) => regex.test(name)).flatMap(([, hosts]) => hosts)
  return [...new Set([...groups, ...[...inventory.hosts.keys()].filter((name) => regex.test(name))])]
}

function globToRegex(glob: string): RegExp {
  const source = glob.replaceAll(/\[!?[^\]]+\]|./g, (piece) => {
    if (piece === '*') return '.*'
    if (piece === '?') return '.'
    if (piece.length > 1) return piece.replace('[!', '[^').replaceAll('\\', '\\\\')
    return piece.replace(/[.+^${}()|[\]\\]/, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`)
  } catch {
    return /$^/
  }
}

function pick(hosts: string[], subscript: RegExpExecArray, part: string): string[] {
  const [, , single, from, to] = subscript
  if (single !== undefined) {
    const one = hosts.at(Number(single))
    if (one !== undefined) return [one]
    throw new UsageError(`'${part}' is out of range`, `the last one is [${hosts.length - 1}]`)
  }
  // Unlike elsewhere the end is included: [0:2] means three hosts.
  const end =
    to === '' || to === undefined ? hosts.length : Number(to) < 0 ? hosts.length + Number(to) : Number(to)
  const found = hosts.slice(Number(from ?? 0), end + 1)
  if (found.length > 0) return found
  throw new UsageError(`'${part}' means no host`, `the numbers run from 0 to ${hosts.length - 1}`)
}

function matchRange(inventory: Inventory, part: string): string[] {
  let names: string[]
  try {
    names = expandRange(part)
  } catch (error) {
    throw new UsageError((error as Error).message, 'write a range like rpi[01:05]')
  }
  const missing = names.find((name) => !inventory.hosts.has(name))
  if (missing !== undefined) throw unknown(inventory, missing)
  return names
}

function unknown(inventory: Inventory, part: string): UsageError {
  const known = [...new Set([...inventory.groups.keys(), ...inventory.hosts.keys()])]
  const globbing = /[*?[~]/.test(part)
  const message = globbing ? `no host or group matches '${part}'` : `there is no host or group '${part}'`
  return new UsageError(
    message,
    globbing ? `known: ${known.slice(0, 30).join(', ')}` : didYouMean(part, known),
  )
}
