import { TaskError } from '../core/errors.ts'
import { type Action, type Change, effect, type ResultSchema } from '../core/task.ts'
import type { ClusterState } from './kubernetes.ts'
import { kubectlFunction } from './rollout.ts'
import {
  type Benchmark,
  type BenchmarkFact,
  benchmarkProbe,
  endedScript,
  flawOf,
  setAsideScript,
  startScript,
} from './ycsb.ts'

/** Arguments that a load and a run have in common. */
export const BENCHMARK_ARGUMENTS = {
  pod: { type: 'string', default: 'ycsb-benchmark', description: 'Pod that the benchmark runs in.' },
  namespace: { type: 'string', default: 'default', description: 'Namespace of the pod.' },
  host: {
    type: 'string',
    default: 'cassandra-0.cassandra.default.svc.cluster.local',
    description: 'Address of the database.',
  },
  workload: {
    enum: ['a', 'b', 'c', 'd', 'e', 'f'],
    default: 'a',
    description: 'Workload of YCSB: the mix of reads, updates, inserts and scans.',
  },
  records: { type: 'integer', minimum: 1, default: 100000, description: 'Records in the table.' },
  nodes: {
    type: 'integer',
    minimum: 1,
    default: 13,
    description: 'Members of the ring; a part of the name of the result.',
  },
  rf: { type: 'integer', minimum: 1, default: 3, description: 'On how many members each record is kept.' },
  outputs: {
    type: 'string',
    pattern: '^/',
    default: '/ycsb_outputs',
    description: 'Folder of the results in the pod.',
  },
  force: {
    type: 'boolean',
    default: false,
    description: 'Do it again. A former result is set aside under another name, never overwritten.',
  },
  timeout: { type: 'integer', minimum: 1, default: 14400, description: 'Seconds to wait for its end.' },
} as const

export const BENCHMARK_RETURNS: ResultSchema = {
  file: { type: 'string', description: 'Name of the result in the folder of results.' },
  text: { type: 'string', description: 'The result as YCSB printed it.' },
  throughput: { type: 'number', description: 'Operations in a second.' },
  runtime: { type: 'number', description: 'How long it took, in milliseconds.' },
  operations: {
    type: 'object',
    description:
      'For each kind of operation what was measured, by the names of YCSB; latencies in microseconds.',
  },
}

/** Leaves a good result alone, waits for a benchmark that runs, starts one that has never run. */
export function planBenchmark(
  what: string,
  benchmark: Benchmark,
  { state, found }: { state: ClusterState; found: BenchmarkFact | 'unforeseen' | null },
  { force, timeout }: { force: boolean; timeout: number },
): Change[] {
  // Where there is no cluster yet, the steps that make it come first.
  if (state === 'absent' || found === 'unforeseen') return []
  if (found === null)
    throw new TaskError(`the pod ${benchmark.pod} can't be asked`, 'apply ycsb/benchmark.yml first')
  if (found.state === 'running') return [change(`wait for ${what}`, benchmark, [], timeout)]
  const start: Action[] = [
    { do: 'run', script: `${kubectlFunction()}\n${startScript(benchmark)}`, timeout: 60 },
  ]
  if (found.state === 'none') return [change(`start ${what}`, benchmark, start, timeout)]
  if (!force) return judge(what, benchmark, found)
  const aside: Action = {
    do: 'run',
    script: `${kubectlFunction()}\n${setAsideScript(benchmark)}`,
    timeout: 60,
  }
  return [{ ...change(`start ${what} again`, benchmark, [aside, ...start], timeout), repeats: true }]
}

function judge(what: string, { file, expected, outputs }: Benchmark, { text }: BenchmarkFact): Change[] {
  const flaw = flawOf(text, expected)
  if (flaw === undefined) return []
  throw new TaskError(
    `${what} has failed: ${flaw}`,
    `see ${outputs}/${file} in the pod; 'force: true' (of ycsb.yaml: -e reload=true, -e rerun=true) sets it aside and does it again`,
  )
}

function change(summary: string, benchmark: Benchmark, before: Action[], timeout: number): Change {
  const script = `${kubectlFunction()}\n${endedScript(benchmark)}`
  return {
    summary,
    actions: [...before, { do: 'wait', what: `the end of ${benchmark.file}`, script, timeout, every: 10 }],
    effects: [effect(benchmarkProbe(benchmark), { state: 'seen', found: 'unforeseen' })],
  }
}
