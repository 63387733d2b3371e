import type { Host } from '../../core/host.ts'
import { isObject } from '../../probe/docker.ts'
import type { HealthFact } from '../../probe/health.ts'
import type { ClusterState } from '../../probe/kubernetes.ts'
import type { Overview } from '../../probe/overview.ts'
import type { RingView } from '../../probe/ring.ts'

/** What was learnt of one host. */
export interface HostStatus {
  host: Host
  round_trips: number
  /** Undefined when it could not be looked at; `error` says why then. */
  health?: HealthFact
  error?: string
  hint?: string
  /** It was not reached at all. */
  unreachable?: true
}

/** What was learnt of the cluster from its server; `unknown` when the server could not be asked. */
export interface ClusterStatus {
  server: string | undefined
  state: ClusterState | 'unknown'
  overview: Overview | null
  /** Null where there is no ring of Cassandra, or it could not be asked. */
  ring: RingView | null
  /** Why the cluster or the ring could not be asked. */
  errors: string[]
}

/** Columns of the table in which a finding is marked. */
export type Column = 'k3s' | 'node' | 'ssd' | 'sd' | 'temperature' | 'power'

/** Something that is not as it should be. */
export interface Finding {
  /** `differs`: from the inventory; a playbook makes it so. `note` needs nobody at once. */
  kind: 'failing' | 'differs' | 'note'
  /** Empty when it is of the cluster as a whole. */
  hosts: string[]
  column?: Column
  text: string
  /** What makes it as it should be: a playbook for these hosts. */
  playbook?: string
  /** What else to do; <host> and <server> stand for their names. */
  hint?: string
}

/** What the inventory says of a host. */
export interface Expected {
  role?: string
  version?: string
  mount?: string
  size?: string
  registry?: string
  address?: string
}

export function expectedOf({ vars, connection }: Host): Expected {
  const storage = isObject(vars.storage) ? vars.storage : {}
  const text = (value: unknown) =>
    typeof value === 'string' && value !== '' && !value.includes('{{') ? value : undefined
  const { address } = connection
  return {
    role: text(vars.k3s_role),
    version: text(vars.k3s_version),
    mount: text(storage.mount),
    size: text(storage.size),
    registry: text(vars.registry),
    address: address !== undefined && /^[\d.]+$|:/.test(address) ? address : undefined,
  }
}
