import { type Args, defineTask } from '../src/core/task.ts'
import { type Benchmark, benchmarkProbe, benchmarkResult } from '../src/probe/ycsb.ts'
import { BENCHMARK_ARGUMENTS, BENCHMARK_RETURNS, planBenchmark } from '../src/probe/ycsbplan.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['repetition'],
  properties: {
    ...BENCHMARK_ARGUMENTS,
    repetition: {
      type: 'integer',
      minimum: 1,
      description: 'Which repetition it is; each has a result of its own.',
    },
    script: {
      type: 'string',
      pattern: '^/',
      default: '/scripts/cassandra_run.sh',
      description: 'Script in the pod; gets host, workload, records, nodes, repetition and rf.',
    },
  },
} as const

export default defineTask({
  name: 'ycsb_run',
  summary: 'Runs a YCSB workload in its pod, detached from the connection, unless its result is there.',
  args: schema,
  example: `- name: Measure workload a
  ycsb_run:
    workload: a
    records: 100000
    nodes: 13
    rf: 3
    repetition: "{{ item }}"
  loop: [1, 2, 3]
  register: runs
`,
  returns: BENCHMARK_RETURNS,
  probes: (args) => ({ benchmark: benchmarkProbe(benchmarkOf(args)) }),
  plan: (args, { benchmark }) =>
    planBenchmark(
      `repetition ${args.repetition} of workload ${args.workload}`,
      benchmarkOf(args),
      benchmark,
      args,
    ),
  result: (args, { benchmark }) => benchmarkResult(benchmark.found, benchmarkOf(args).file),
})

function benchmarkOf(args: Args<typeof schema>): Benchmark {
  const { pod, namespace, outputs, script, host, workload, records, nodes, repetition, rf } = args
  const command = [script, host, workload, records, nodes, repetition, rf].map(String)
  const file = `out-${nodes}-${records}-rf${rf}-${workload}-${repetition}.txt`
  return { pod, namespace, outputs, file, command, expected: {} }
}
