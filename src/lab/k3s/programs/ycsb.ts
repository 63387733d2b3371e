import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Benchmark, measure, parseYcsb, type Result } from '../cassandra/ycsb.ts'
import { opening, progress, results } from '../cassandra/ycsb-report.ts'
import { times } from '../times.ts'
import type { Ask } from './stand-in.ts'

/** Behaves as `bin/ycsb`: nearly every end is exit code 0, and the output tells what happened. */
export async function ycsb(args: string[], ask: Ask): Promise<void> {
  let benchmark: Benchmark
  try {
    benchmark = parseYcsb(args, (path) => readFileSync(path, 'utf8'))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
    return
  }
  process.stdout.write(opening(benchmark))
  const { properties } = benchmark
  const [keyspace, table] = [properties['cassandra.keyspace'] ?? 'ycsb', properties.table ?? 'usertable']
  const host = properties.hosts?.split(',')[0]
  if (host === undefined) return giveUp('Required property "hosts" missing for CassandraCQLClient')
  const quorum = /QUORUM|ALL/.test(properties['cassandra.writeconsistencylevel'] ?? 'QUORUM')
  const service = await ask({ benchmark: { host, keyspace, table, quorum } })
  if (service.code !== undefined) return giveUp(service.stderr)
  const result = measure(benchmark, service, Math.random)
  await work(benchmark, result)
  const count = (names: string[]) =>
    result.series.filter((one) => names.includes(one.name)).reduce((sum, one) => sum + one.ok, 0)
  const rows = benchmark.action === 'load' ? count(['INSERT']) : Number(properties.recordcount ?? 0)
  await ask({
    written: {
      host,
      keyspace,
      table,
      rows,
      reads: count(['READ', 'SCAN']),
      writes: count(['INSERT', 'UPDATE']),
    },
  })
  process.stdout.write(results(result))
}

function giveUp(why: string): void {
  process.stderr.write(
    `site.ycsb.DBException: ${why}\n\tat site.ycsb.db.CassandraCQLClient.init(CassandraCQLClient.java)\n\tat site.ycsb.DBWrapper.init(DBWrapper.java)\n`,
  )
  process.stdout.write('[OVERALL], RunTime(ms), 60\n[OVERALL], Throughput(ops/sec), 0.0\n')
}

/** Takes the time that the lab grants, and shows the progress of the time it stands for. */
async function work(benchmark: Benchmark, result: Result): Promise<void> {
  const start = new Date()
  const points: number[] = []
  for (let at = 0; at < result.runTime; at += 10_000) points.push(at)
  points.push(result.runTime)
  for (const at of points) {
    if (benchmark.isVerbose) process.stderr.write(progress(result, start, at))
    await sleep(times.ycsb / points.length)
  }
}
