import type { Json } from '../../core/json.ts'
import { valueBefore } from './early.ts'
import { readNumber } from './keyvalues.ts'
import type { Spot } from './spot.ts'
import type { Play } from '../program.ts'

/** How many hosts are worked on at a time, and how many of them may fail. */
export function readBatches(
  spot: Spot,
  pointer: string,
): Pick<Play, 'serial' | 'maxFailPercentage' | 'anyErrorsFatal'> {
  const { reader } = spot
  const serial = reader.entries(`${pointer}/serial`).flatMap(({ pointer: at }) => readSize(spot, at) ?? [])
  const maxFailPercentage = readNumber(spot, pointer, 'max_fail_percentage', {
    fits: (value) => value >= 0 && value <= 100,
    what: 'a number from 0 to 100, without a sign',
    example: '25',
  })
  const anyErrorsFatal = reader.flag(`${pointer}/any_errors_fatal`, "'any_errors_fatal'") ?? false
  return { serial, maxFailPercentage, anyErrorsFatal }
}

function readSize(spot: Spot, at: string): number | string | undefined {
  const size = valueBefore(spot, at, "'serial'", 'write e.g. serial: 1')
  if (size === undefined || isSize(size)) return size
  const message = "'serial' must be a number of hosts above 0, or a percentage"
  spot.reader.problem(at, message, 'write e.g. serial: 1, serial: "25%", or a list of both')
  return undefined
}

function isSize(size: Json): size is number | string {
  if (typeof size === 'number') return Number.isInteger(size) && size > 0
  const percent = typeof size === 'string' ? /^(\d+)%$/.exec(size)?.[1] : undefined
  return percent !== undefined && Number(percent) > 0 && Number(percent) <= 100
}
