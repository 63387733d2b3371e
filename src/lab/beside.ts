import { existsSync, readdirSync } from 'node:fs'
import { labPlaces, NAMESPACES, namespacePath } from './places.ts'
import { readRecord } from './record.ts'

const SUFFIX = '.laptop'

/** Name of a lab on this machine that plays the hosts of one of these addresses; undefined when there is none. */
export function labBeside(addresses: string[]): string | undefined {
  const spaces = existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : []
  const names = spaces.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
  return names.find((name) => plays(name, addresses))
}

function plays(name: string, addresses: string[]): boolean {
  const places = labPlaces(name)
  if (!existsSync(namespacePath(places.laptop))) return false
  try {
    return (readRecord(places)?.nodes ?? []).some(({ address }) => addresses.includes(address))
  } catch {
    // What is in another user's lab can't be seen: it may well be these hosts.
    return true
  }
}
