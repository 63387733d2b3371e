import { didYouMean } from '../base/suggest.ts'
import type { ConnectionOptions } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import type { Diagnostic } from '../core/place.ts'
import type { Written, WrittenVars } from './inventoryfile.ts'

/** What other inventories call the variables that say how to reach a host. */
const ANSIBLE_NAMES: Record<string, string> = {
  ansible_host: 'address',
  ansible_ssh_host: 'address',
  ansible_port: 'port',
  ansible_user: 'user',
  ansible_ssh_user: 'user',
  ansible_ssh_private_key_file: 'key',
  ansible_private_key_file: 'key',
  ansible_ssh_common_args: 'jump',
  ansible_connection: 'connection',
  ansible_become_password: 'become_password',
  ansible_become_pass: 'become_password',
}

const WORD = /^[A-Za-z0-9_][^\s@]*$/

/** Reads a host's connection from its merged variables; mistakes go to `problems`. */
export function readConnection(
  vars: WrittenVars,
  hosts: string[],
  problems: Diagnostic[],
): ConnectionOptions {
  const fail = (written: Written, message: string, hint: string): undefined => {
    problems.push({ severity: 'error', place: written.place, message, hint })
  }
  for (const [name, written] of vars) {
    const ours = ANSIBLE_NAMES[name]
    if (ours !== undefined) fail(written, `'${name}' has another name here`, `write '${ours}'`)
  }
  const take = <T extends Json>(name: string, wanted: string, fits: (value: Json) => value is T) => {
    const written = vars.get(name)
    if (written === undefined || written.value === null) return undefined
    if (fits(written.value)) return written.value
    const templated = typeof written.value === 'string' && written.value.includes('{{')
    const message = templated ? `'${name}' can't hold a template` : `'${name}' must be ${wanted}`
    return fail(written, message, templated ? 'write the value out' : hintFor(name, written.value))
  }
  const options: ConnectionOptions = { kind: take('connection', 'ssh or local', isKind) ?? 'ssh' }
  const given = {
    address: take('address', 'a host name or an IP address', isWord),
    port: take('port', 'a whole number from 1 to 65535', isPort),
    user: take('user', 'a user name', isWord),
    key: take('key', 'the path of a private key', isText),
    jump: readJump(take('jump', 'a host of the inventory or user@address', isJump), vars, hosts, fail),
    becomePassword: take('become_password', 'text', isSecret),
  }
  return Object.assign(
    options,
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  )
}

function readJump(
  jump: string | undefined,
  vars: WrittenVars,
  hosts: string[],
  fail: (written: Written, message: string, hint: string) => undefined,
): string | undefined {
  // A bare word names a host of the inventory; with @, : or a dot it may be any address.
  if (jump === undefined || hosts.includes(jump) || /[@:.]/.test(jump)) return jump
  const hint = `${didYouMean(jump, hosts)}; write user@address for a host outside the inventory`
  return fail(vars.get('jump') as Written, `the jump host '${jump}' is not in the inventory`, hint)
}

function hintFor(name: string, value: Json): string {
  if (name === 'become_password' || (name !== 'port' && typeof value === 'number')) return 'quote it'
  if (name === 'connection' && typeof value === 'string') return didYouMean(value, ['ssh', 'local'])
  return `it is ${JSON.stringify(value)}`
}

function isKind(value: Json): value is 'ssh' | 'local' {
  return value === 'ssh' || value === 'local'
}
function isWord(value: Json): value is string {
  return isText(value) && WORD.test(value)
}
function isJump(value: Json): value is string {
  return isText(value) && /^[A-Za-z0-9_][^\s]*$/.test(value)
}
function isText(value: Json): value is string {
  return isSecret(value) && !value.includes('{{') && !value.startsWith('-')
}
function isSecret(value: Json): value is string {
  return typeof value === 'string' && value !== ''
}
function isPort(value: Json): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65535
}
