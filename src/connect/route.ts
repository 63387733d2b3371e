import { userInfo } from 'node:os'
import { ConnectError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { SshConfig, SshSettings } from './sshconfig.ts'

/** Where a host is and as whom to log in, after the inventory and the user's SSH configuration. */
export interface Route {
  host: Host
  address: string
  port: number
  user: string
  /** Key files that were asked for by name, best first. */
  keys: string[]
  /** Key files the SSH configuration suggests; the client's defaults when it says nothing. */
  suggested: string[] | undefined
  /** Socket of the agent. */
  agent: string | undefined
  /** Use only those keys of the agent that a key file names. */
  identitiesOnly: boolean
  /** The host to go through. */
  jump: Host | undefined
  /** Name the host's key is kept under, where it isn't the address. */
  alias: string | undefined
}

/** The inventory's values win over the SSH configuration, which wins over the defaults. */
export async function findRoute(
  host: Host,
  config: SshConfig,
  lookup: (name: string) => Host | undefined,
  keyFile?: string,
): Promise<Route> {
  const given = host.connection
  const settings = await settingsOf(host, config)
  const jump = given.jump ?? settings?.proxyJump
  if (jump === undefined && settings?.proxyCommand !== undefined) {
    throw new ConnectError(`${host.name}: ~/.ssh/config gives it a ProxyCommand, which is not supported`, {
      hint: "write ProxyJump there, or 'jump' in the inventory",
    })
  }
  const agent = settings?.identityAgent ?? 'SSH_AUTH_SOCK'
  return {
    host,
    address: given.address ?? settings?.hostname ?? host.name,
    port: given.port ?? settings?.port ?? 22,
    user: given.user ?? settings?.user ?? userInfo().username,
    keys: [given.key, keyFile].filter((key) => key !== undefined),
    suggested: settings?.identityFiles,
    agent: agent === 'none' ? undefined : agent === 'SSH_AUTH_SOCK' ? process.env.SSH_AUTH_SOCK : agent,
    identitiesOnly: settings?.identitiesOnly ?? false,
    jump: jump === undefined ? undefined : jumpHost(jump, lookup),
    alias: settings?.hostKeyAlias,
  }
}

async function settingsOf(host: Host, config: SshConfig): Promise<SshSettings | undefined> {
  try {
    return await config.settings(host.name)
  } catch (error) {
    throw new ConnectError(`${host.name}: ${(error as Error).message}`, { hint: 'correct ~/.ssh/config' })
  }
}

/** A jump by the name of an inventory host, or [user@]address[:port]; several are separated by commas. */
function jumpHost(jump: string, lookup: (name: string) => Host | undefined): Host {
  const hops = jump.split(',')
  const last = hops.pop() as string
  const known = lookup(last)
  if (known && hops.length === 0) return known
  const parts = /^(?:(?<user>[^@]+)@)?(?:\[(?<v6>[^\]]+)\]|(?<address>[^:]+))(?::(?<port>\d+))?$/.exec(
    last,
  )?.groups
  if (!parts) throw new ConnectError(`'${last}' is no jump host`, { hint: 'write [user@]address[:port]' })
  const connection = {
    kind: 'ssh' as const,
    user: parts.user,
    port: parts.port === undefined ? undefined : Number(parts.port),
    jump: hops.length > 0 ? hops.join(',') : undefined,
    ...known?.connection,
  }
  return { groups: [], vars: {}, name: known?.name ?? parts.v6 ?? parts.address ?? last, connection }
}
