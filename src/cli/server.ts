import type { Inventory } from '../load/program.ts'

/** Name of the host that runs the cluster's server: by its role, else by its group. */
export function serverOf({ hosts, groups }: Inventory): string | undefined {
  const byRole = [...hosts.values()].find(({ vars }) => vars.k3s_role === 'server')
  return byRole?.name ?? groups.get('server')?.[0]
}
