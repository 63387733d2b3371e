/** What a command line of YCSB asks for. */
export interface Benchmark {
  action: 'load' | 'run'
  isVerbose: boolean
  threads: number
  target: number
  properties: Record<string, string>
}

/** Reads the arguments; later properties win, those of the line over those of files. Throws what YCSB would say. */
export function parseYcsb(args: string[], readFile: (path: string) => string): Benchmark {
  const [action = '', database = '', ...rest] = args
  if (action !== 'load' && action !== 'run') throw new Error(usage)
  if (!/^(cassandra-cql|cassandra2-cql)$/.test(database))
    throw new Error(
      `${usage}ycsb: error: the simulated YCSB knows the database cassandra-cql only, not '${database}'`,
    )
  const files: Record<string, string> = {}
  const own: Record<string, string> = {}
  const benchmark: Benchmark = { action, isVerbose: false, threads: 1, target: 0, properties: {} }
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? ''
    if (word === '-s') benchmark.isVerbose = true
    else if (word === '-P') Object.assign(files, parseProperties(readFile(rest[(index += 1)] ?? '')))
    else if (word === '-p') Object.assign(own, parseProperties(rest[(index += 1)] ?? ''))
    else if (word === '-threads') benchmark.threads = Number(rest[(index += 1)])
    else if (word === '-target') benchmark.target = Number(rest[(index += 1)])
    else if (word === '-cp' || word === '-jvm-args') index += 1
  }
  benchmark.properties = { ...files, ...own }
  benchmark.threads = Number(benchmark.properties.threadcount ?? benchmark.threads)
  return benchmark
}

const usage = 'usage: bin/ycsb command database [options]\n'

function parseProperties(text: string): Record<string, string> {
  const pairs = text
    .split('\n')
    .map((line) => /^\s*([^#=\s]+)\s*=\s*(.*?)\s*$/.exec(line))
    .filter((match) => match !== null)
  return Object.fromEntries(pairs.map(([, key = '', value = '']) => [key, value]))
}

/** The workloads that come with YCSB, as property files. */
export const workloads: Record<string, string> = Object.fromEntries(
  Object.entries({
    a: [0.5, 0.5, 0, 0, 0, 'zipfian'],
    b: [0.95, 0.05, 0, 0, 0, 'zipfian'],
    c: [1, 0, 0, 0, 0, 'zipfian'],
    d: [0.95, 0, 0, 0.05, 0, 'latest'],
    e: [0, 0, 0.95, 0.05, 0, 'zipfian'],
    f: [0.5, 0, 0, 0, 0.5, 'zipfian'],
  }).map(([letter, [read, update, scan, insert, modify, distribution]]) => [
    letter,
    `# The properties of YCSB's workload ${letter}
recordcount=1000
operationcount=1000
workload=site.ycsb.workloads.CoreWorkload
readallfields=true
readproportion=${read}
updateproportion=${update}
scanproportion=${scan}
insertproportion=${insert}
readmodifywriteproportion=${modify}
requestdistribution=${distribution}
`,
  ]),
)

/** How a ring serves a benchmark. */
export interface Service {
  /** Nodes that answer. */
  nodes: number
  copies: number
  /** Share of operations that find too few copies. */
  failing: number
}

export interface Series {
  name: string
  ok: number
  failed: number
  /** Mean latency in microseconds. */
  mean: number
}

export interface Result {
  /** Milliseconds. */
  runTime: number
  throughput: number
  series: Series[]
}

// Microseconds for one thread on boards of this kind.
const latencies: Record<string, number> = {
  READ: 1450,
  UPDATE: 1120,
  INSERT: 1180,
  SCAN: 9200,
  'READ-MODIFY-WRITE': 2570,
}

/** What YCSB would have measured: more copies and fewer nodes make it slower, threads share the work. `noise`: 0 to 1. */
export function measure(benchmark: Benchmark, service: Service, noise: () => number): Result {
  const { action, properties, threads, target } = benchmark
  const count = Number(
    properties[
      action === 'load'
        ? properties.insertcount === undefined
          ? 'recordcount'
          : 'insertcount'
        : 'operationcount'
    ] ?? 0,
  )
  const slowdown = (0.7 + 0.1 * service.copies + 1 / Math.max(1, service.nodes)) * (1 + 0.06 * (threads - 1))
  const quorum = /QUORUM|ALL/.test(
    `${properties['cassandra.readconsistencylevel']} ${properties['cassandra.writeconsistencylevel']}`,
  )
  const series = mix(benchmark, count).map(([name, operations]) => {
    const failed = Math.round(operations * service.failing)
    const mean = (latencies[name] ?? 1000) * slowdown * (quorum ? 1.3 : 1) * (0.95 + noise() * 0.1)
    return { name, ok: operations - failed, failed, mean }
  })
  const busy = series
    .filter((one) => one.name !== 'READ-MODIFY-WRITE')
    .reduce((sum, one) => sum + (one.ok + one.failed) * one.mean, 0)
  const unbounded = 1500 + busy / 1000 / threads
  const runTime = Math.round(target > 0 ? Math.max(unbounded, (count / target) * 1000) : unbounded)
  return { runTime, throughput: (count / runTime) * 1000, series }
}

function mix({ action, properties }: Benchmark, count: number): [string, number][] {
  if (action === 'load') return [['INSERT', count]]
  const share = (name: string) => Math.round(count * Number(properties[`${name}proportion`] ?? 0))
  const modify = share('readmodifywrite')
  const all: [string, number][] = [
    ['READ', share('read') + modify],
    ['UPDATE', share('update') + modify],
    ['INSERT', share('insert')],
    ['SCAN', share('scan')],
    ['READ-MODIFY-WRITE', modify],
  ]
  return all.filter(([, operations]) => operations > 0)
}
