import { existsSync, statSync } from 'node:fs'
import { labPlaces, namespacePath } from './places.ts'

/** True where this process runs in the lab's network, from which no real host can be reached. */
export function insideLab(): boolean {
  const laptop = namespacePath(labPlaces().laptop)
  return existsSync(laptop) && statSync(laptop).ino === statSync('/proc/self/ns/net').ino
}
