import type { Connection } from '../connect/connection.ts'
import { becomeOn } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import type { Probe } from '../core/task.ts'

/** Seconds for one look: members of a ring are asked by Java machines, and SD cards are slow. */
const LOOK_TIME = 240

/** Looks at a host as root, outside of a run. */
export async function lookAsRoot<T extends Json>(connection: Connection, probe: Probe<T>): Promise<T> {
  const become = becomeOn(connection.host, true)
  return probe.parse(await connection.run(probe.script as string, { become, timeout: LOOK_TIME }))
}
