import { count, duration } from '../../render/text.ts'

/** What looking, or a run, has taken. */
export interface Effort {
  ms: number
  /** By host. */
  roundTrips: Record<string, number>
}

/** "2.1 s and 3 round trips: rpi01 2, rpi14 1". */
export function effortText(efforts: Effort[]): string {
  const trips = new Map<string, number>()
  for (const { roundTrips } of efforts)
    for (const [host, more] of Object.entries(roundTrips)) trips.set(host, (trips.get(host) ?? 0) + more)
  const all = [...trips.values()].reduce((sum, one) => sum + one, 0)
  const took = duration(efforts.reduce((sum, { ms }) => sum + ms, 0))
  return `${took} and ${count(all, 'round trip')}: ${[...trips].map(([host, of]) => `${host} ${of}`).join(', ')}`
}
