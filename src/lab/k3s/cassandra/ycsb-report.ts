import type { Benchmark, Result, Series } from './ycsb.ts'

/** First lines, before the work begins. */
export function opening({ action, properties, isVerbose, threads }: Benchmark): string {
  const given = Object.entries(properties).map(([key, value]) => `-p ${key}=${value}`)
  const phase = action === 'load' ? '-load' : '-t'
  const words = [
    '-db site.ycsb.db.CassandraCQLClient',
    ...given,
    ...(isVerbose ? ['-s'] : []),
    ...(threads > 1 ? [`-threads ${threads}`] : []),
    phase,
  ]
  return `Command line: ${words.join(' ')}\nYCSB Client 0.18.0-SNAPSHOT\n\nLoading workload...\nStarting test.\n`
}

const two = (number: number, digits = 2) => String(number).padStart(digits, '0')

/** One line of progress, as `-s` writes it to standard error. `at`: milliseconds since the start. */
export function progress(result: Result, start: Date, at: number): string {
  const time = new Date(start.getTime() + at)
  const date = `${time.getUTCFullYear()}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}`
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}:${two(time.getUTCMilliseconds(), 3)}`
  const all = result.series
    .filter((one) => one.name !== 'READ-MODIFY-WRITE')
    .reduce((sum, one) => sum + one.ok + one.failed, 0)
  const part = Math.min(1, at / result.runTime)
  const done = Math.round(all * part)
  const seconds = Math.round(at / 1000)
  const left = Math.round((result.runTime - at) / 1000)
  const rate = at === 0 ? '' : ` ${Number(result.throughput.toFixed(2))} current ops/sec;`
  const rest =
    part === 1
      ? ''
      : ` est completion in ${left < 60 ? `${left} second${left === 1 ? '' : 's'}` : `${Math.ceil(left / 60)} minutes`}`
  const detail = result.series.map((one) => brief(one, part)).join(' ')
  return `${date} ${clock} ${seconds} sec: ${done} operations;${rate}${rest} ${at === 0 ? '' : detail}\n`
}

const points = (mean: number) => ({
  Min: Math.round(mean * 0.45),
  '90': Math.round(mean * 1.35),
  '95': Math.round(mean * 1.72),
  '99': Math.round(mean * 3.4),
  '99.9': Math.round(mean * 11),
  '99.99': Math.round(mean * 38),
  Max: Math.round(mean * 74),
})

function brief({ name, ok, mean }: Series, part: number): string {
  const at = points(mean)
  return `[${name}: Count=${Math.round(ok * part)}, Max=${at.Max}, Min=${at.Min}, Avg=${mean.toFixed(2)}, 90=${at['90']}, 99=${at['99']}, 99.9=${at['99.9']}, 99.99=${at['99.99']}]`
}

/** The results, as they end standard output. */
export function results({ runTime, throughput, series }: Result): string {
  const overall = [
    `[OVERALL], RunTime(ms), ${runTime}`,
    `[OVERALL], Throughput(ops/sec), ${throughput}`,
    '[TOTAL_GCS_G1_Young_Generation], Count, 7',
    '[TOTAL_GC_TIME_G1_Young_Generation], Time(ms), 121',
    `[TOTAL_GC_TIME_%_G1_Young_Generation], Time(%), ${(121 / runTime) * 100}`,
    '[TOTAL_GCS_G1_Old_Generation], Count, 0',
    '[TOTAL_GC_TIME_G1_Old_Generation], Time(ms), 0',
    '[TOTAL_GCs], Count, 7',
    '[TOTAL_GC_TIME], Time(ms), 121',
  ]
  const cleanup: Series = { name: 'CLEANUP', ok: 1, failed: 0, mean: 2_226_000 }
  const lines = [...overall, ...[...series, cleanup].flatMap(block)]
  return `${lines.join('\n')}\n`
}

function block(one: Series): string[] {
  const codes = one.name === 'CLEANUP' || one.name === 'READ-MODIFY-WRITE' ? [] : returns(one)
  const failures =
    one.failed === 0 ? [] : latencies({ ...one, name: `${one.name}-FAILED`, ok: one.failed, mean: 12_000 })
  return [...latencies(one), ...codes, ...failures]
}

const returns = ({ name, ok, failed }: Series) => [
  `[${name}], Return=OK, ${ok}`,
  ...(failed === 0 ? [] : [`[${name}], Return=ERROR, ${failed}`]),
]

function latencies({ name, ok, mean }: Series): string[] {
  const at = points(mean)
  const isOnce = name === 'CLEANUP'
  const values: [string, number | string][] = [
    ['Operations', ok],
    ['AverageLatency(us)', ok === 0 ? 'NaN' : mean],
    ['MinLatency(us)', isOnce ? mean : at.Min],
    ['MaxLatency(us)', isOnce ? mean : at.Max],
    ['95thPercentileLatency(us)', isOnce ? mean : at['95']],
    ['99thPercentileLatency(us)', isOnce ? mean : at['99']],
  ]
  return values.map(([label, value]) => `[${name}], ${label}, ${value}`)
}
