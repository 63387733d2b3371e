import { labPlaces } from '../../src/lab/places.ts'
import type { AnsibleWay, Field } from './field.ts'
import type { Contender } from './race.ts'

export interface Bench {
  folder: string
  rounds: number
  /** A bare ssh2 program, started as ours is. */
  floor: string
}

export const ANSIBLE: [string, AnsibleWay][] = [
  ['Ansible as shipped', {}],
  ['Ansible, pipelining, forks=15', { pipelining: true, forks: 15 }],
  ['Ansible, pipelining, forks=15, free', { pipelining: true, forks: 15, strategy: 'free' }],
  ['Ansible, Mitogen, forks=15', { pipelining: true, forks: 15, strategy: 'mitogen_linear' }],
]

/** A script on all hosts at once, over connections through one to the jump host. */
export function onAll({ hosts }: Field, command: string): string {
  return `for h in ${hosts.map(({ name }) => name).join(' ')}; do ${command} & done; wait`
}

export function floorOf({ hosts, inside }: Field, { floor }: Bench, jump?: { port: number }): Contender {
  const addresses = hosts.map(({ address }) => address)
  const port: Record<string, string> = jump === undefined ? {} : { JUMP_PORT: String(jump.port) }
  const name = 'floor: connect to each host, one command'
  return { name, argv: inside([process.execPath, floor, labPlaces().keyFile, ...addresses]), env: port }
}

/** All contenders leave the same behind, or the race is void. */
export function sameEnd(field: Field, script: string): (name: string) => void {
  let expected: string | undefined
  return (name) => {
    field.hangUp()
    for (const [host, state] of field.everywhere(script)) {
      expected ??= state
      if (state !== expected) throw new Error(`${name} left ${host} as\n${state}\nrather than\n${expected}`)
    }
  }
}
