import { isIP } from 'node:net'
import { didYouMean, nearest } from '../../base/suggest.ts'
import type { ConnectionOptions } from '../../core/host.ts'
import type { Json } from '../../core/json.ts'
import type { Diagnostic } from '../../core/place.ts'
import { ANSIBLE_NAMES, ANSIBLE_ONLY, CONNECTION_NAMES, SSH_ARGS } from './connectionnames.ts'
import type { Written, WrittenVars } from './inventorymodel.ts'
import type { SshArgs } from './sshargs.ts'

const WORD = /^[A-Za-z0-9_:][^\s@]*$/

/** Said in Ansible's words only. */
const ANSIBLE_WORDS = ['become', 'become_user', 'become_method']

export interface HostVars {
  /** Merged, templates evaluated where they say how to connect. */
  vars: WrittenVars
  /** It is described in Ansible's words, so that our short names are variables like any other. */
  ansible: boolean
  /** Not by its format, only by its words: a short name beside them may be meant for us. */
  mixed: boolean
  /** Names of all hosts. */
  hosts: string[]
}

/**
 * Reads a host's connection; mistakes and warnings go to `problems`. Where anything speaks Ansible's language our own
 * short names are variables like any other: `port=8080` beside `ansible_host` is not where to connect to.
 */
export async function readConnection(host: HostVars, problems: Diagnostic[]): Promise<ConnectionOptions> {
  const reader = new ConnectionReader(host, problems)
  const kind = reader.take('connection', 'ssh or local', isText)
  const options: ConnectionOptions = { kind: reader.kind(kind) }
  const args = await reader.sshArgs()
  const given = {
    address: reader.take('address', 'a host name or an IP address', isAddress),
    port: reader.port(args.port),
    user: reader.take('user', 'a user name', isWord) ?? args.user,
    key: reader.take('key', 'the path of a private key', isText) ?? args.key,
    jump: reader.jump(args.jump),
    becomePassword: reader.take('become_password', 'text', isSecret),
    ...reader.become(),
  }
  reader.refuse()
  const present = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.assign(options, Object.fromEntries(present))
}

class ConnectionReader {
  readonly #host: HostVars
  readonly #problems: Diagnostic[]
  readonly #ansible: boolean
  constructor(host: HostVars, problems: Diagnostic[]) {
    this.#host = host
    this.#problems = problems
    this.#ansible = host.ansible
  }

  /** The variable that means this, with the name it was written under. Ansible's names may come as extra variables. */
  #find(name: string): { name: string; written: Written } | undefined {
    const short = name === 'become_password' || (!this.#ansible && !ANSIBLE_WORDS.includes(name))
    for (const one of [...(CONNECTION_NAMES[name] ?? []), ...(short ? [name] : [])]) {
      const written = this.#host.vars.get(one)
      if (written !== undefined) return { name: one, written }
    }
    return undefined
  }

  take<T extends Json>(name: string, wanted: string, fits: (value: Json) => value is T): T | undefined {
    const found = this.#find(name)
    if (found === undefined || found.written.value === null) return undefined
    const { value } = found.written
    if (fits(value)) return value
    const secret = name === 'become_password' ? true : undefined
    this.#fail(found.written, `'${found.name}' must be ${wanted}`, hintFor(name, value), secret)
    return undefined
  }

  kind(given: string | undefined): 'ssh' | 'local' {
    const kind = given?.replace(/^ansible\.(builtin|legacy)\./, '')
    if (kind === undefined || ['ssh', 'smart', 'paramiko', 'paramiko_ssh'].includes(kind)) return 'ssh'
    if (kind === 'local') return 'local'
    const { name, written } = this.#find('connection') as { name: string; written: Written }
    this.#fail(written, `'${name}' must be ssh or local`, didYouMean(kind, ['ssh', 'local']))
    return 'ssh'
  }

  /** Ansible takes digits in quotes, too. */
  port(argument: string | undefined): number | undefined {
    const found = this.#find('port')
    const text = found === undefined ? argument : found.written.value
    const digits = typeof text === 'string' && found?.name !== 'port' && /^\d+$/.test(text)
    const value = digits ? Number(text) : text
    if (value === undefined || value === null || isPort(value)) return value ?? undefined
    const written = found?.written ?? this.#args()?.written
    const name = found?.name ?? 'the port'
    if (written)
      this.#fail(written, `'${name}' must be a whole number from 1 to 65535`, hintFor('port', value))
    return undefined
  }

  jump(argument: string | undefined): string | undefined {
    const written = this.#ansible ? undefined : this.#host.vars.get('jump')
    if (written === undefined) return argument === 'none' ? undefined : argument
    const jump = this.take('jump', 'a host of the inventory or user@address', isJump)
    const { hosts } = this.#host
    // A bare word names a host of the inventory; with @, : or a dot it may be any address.
    if (jump === undefined || hosts.includes(jump) || /[@:.]/.test(jump)) return jump
    const hint = `${didYouMean(jump, hosts)}; write user@address for a host outside the inventory`
    this.#fail(written, `the jump host '${jump}' is not in the inventory`, hint)
    return undefined
  }

  become(): Pick<ConnectionOptions, 'become' | 'becomeUser'> {
    const become = this.take('become', 'true or false', isFlag)
    const user = this.take('become_user', 'a user name', isWord)
    const method = this.take('become_method', 'sudo', isText)
    if (method !== undefined && !/^(ansible\.builtin\.)?sudo$/.test(method))
      this.#fail(this.#find('become_method')!.written, `only sudo is supported, not '${method}'`, 'remove it')
    return { become: become === undefined ? undefined : isTrue(become), becomeUser: user }
  }

  #args(): { name: string; written: Written } | undefined {
    const names = SSH_ARGS.filter((name) => this.#host.vars.has(name))
    const [name] = names
    return name === undefined ? undefined : { name, written: this.#host.vars.get(name) as Written }
  }

  async sshArgs(): Promise<SshArgs> {
    let found: SshArgs = {}
    for (const name of SSH_ARGS) {
      const written = this.#host.vars.get(name)
      if (written === undefined || written.value === null || written.value === '') continue
      if (typeof written.value !== 'string') {
        this.#fail(written, `'${name}' must be text`, 'write e.g. "-o ProxyJump=host"')
        continue
      }
      const { readSshArgs } = await import('./sshargs.ts')
      const args = readSshArgs(written.value, (fault) =>
        this.#problems.push({ place: written.place, ...fault }),
      )
      found = { ...args, ...found }
    }
    return found
  }

  /** What can't be done here, and names that are nearly right. */
  refuse(): void {
    for (const [name, written] of this.#host.vars) {
      if (name === 'ansible_password' || name === 'ansible_ssh_pass') this.#refusePassword(name, written)
      this.#warnOfAddress(name, written)
      if (this.#host.mixed && (name === 'address' || name === 'jump')) this.#warnOfShort(name, written)
      if (!name.startsWith('ansible_') || ANSIBLE_NAMES.has(name) || ANSIBLE_ONLY.test(name)) continue
      const near = nearest(
        name.slice(8),
        [...ANSIBLE_NAMES].map((one) => one.slice(8)),
      )
      if (near !== undefined && near.length > 3)
        this.#warn(written, `'${name}' means nothing`, `did you mean 'ansible_${near}'?`)
    }
  }

  /** A host without an address would be looked up by its name, wherever that leads. */
  #warnOfAddress(name: string, written: Written): void {
    const meant = nearest(name, ['address']) ?? ['ip', 'host', 'hostname', 'addr'].find((one) => one === name)
    const { value } = written
    if (meant === undefined || typeof value !== 'string' || isIP(value) === 0 || this.#find('address')) return
    const word = this.#ansible ? 'ansible_host' : 'address'
    this.#warn(written, `'${name}' does not say where the host is reached`, `did you mean '${word}'?`)
  }

  #refusePassword(name: string, { place }: Written): void {
    const said = (one: string): string => {
      const value = this.#find(one)?.written.value
      return typeof value === 'string' ? value : one.toUpperCase()
    }
    const message = `'${name}': logging in with a password is not supported, only with keys`
    const hint = `bring your key to the host with 'ssh-copy-id ${said('user')}@${said('address')}', then remove this line`
    this.#problems.push({ severity: 'error', place, message, hint, secret: true })
  }

  #warnOfShort(name: string, written: Written): void {
    const hint = `with Ansible's names write ${name === 'jump' ? 'ansible_ssh_common_args: -o ProxyJump=...' : 'ansible_host'}`
    this.#warn(
      written,
      `'${name}' is a variable like any other here, because the host has Ansible's names, too`,
      hint,
    )
  }

  #warn({ place }: Written, message: string, hint: string): void {
    this.#problems.push({ severity: 'warning', place, message, hint })
  }

  #fail({ place }: Written, message: string, hint: string, secret?: true): void {
    this.#problems.push({ severity: 'error', place, message, hint, secret })
  }
}

function hintFor(name: string, value: Json): string {
  if (name === 'port') return 'write e.g. port: 22, without quotes'
  if (name === 'address' && typeof value === 'string' && /^[\d.]+$/.test(value))
    return 'an IP address is four numbers from 0 to 255'
  return name === 'become_password' || typeof value === 'number'
    ? 'quote it'
    : `it is ${JSON.stringify(value)}`
}

function isWord(value: Json): value is string {
  return isText(value) && WORD.test(value)
}
/** Four numbers are an IP address or a slip, and never a name. */
function isAddress(value: Json): value is string {
  return isWord(value) && (!/^\d+(\.\d+)*$/.test(value) || isIP(value) !== 0)
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
/** INI files know no `yes` and `true`, only text. */
function isFlag(value: Json): value is boolean | string {
  return typeof value === 'boolean' || (isSecret(value) && /^(true|false|yes|no|on|off|1|0)$/i.test(value))
}
function isTrue(value: boolean | string): boolean {
  return /^(true|yes|on|1)$/i.test(String(value))
}
