import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, effect, type Facts, type Probe } from '../src/core/task.ts'
import { type ClusterFact, clusterProbe } from '../src/probe/kubectl.ts'
import { type Benchmark, benchmarkProbe, benchmarkResult } from '../src/probe/ycsb.ts'
import { BENCHMARK_ARGUMENTS, BENCHMARK_RETURNS, planBenchmark } from '../src/probe/ycsbplan.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ...BENCHMARK_ARGUMENTS,
    script: {
      type: 'string',
      pattern: '^/',
      default: '/scripts/cassandra_load.sh',
      description: 'Script in the pod; gets host, workload, records, nodes and rf. It drops the table first.',
    },
    database_pod: {
      type: 'string',
      default: 'cassandra-0',
      description: 'Pod of the database, which is asked whether the table is there.',
    },
  },
} as const

type Wanted = Args<typeof schema>

export default defineTask({
  name: 'ycsb_load',
  summary: 'Loads the records of a YCSB workload, once: a table that is there is never dropped unasked.',
  args: schema,
  example: `- name: Load 100000 records
  ycsb_load:
    workload: a
    records: 100000
    nodes: 13
    rf: 3
`,
  returns: BENCHMARK_RETURNS,
  probes: probesOf,
  plan(args, facts) {
    refuseDrop(args, facts)
    const what = `the load of ${args.records} records for workload ${args.workload}`
    const changes = planBenchmark(what, benchmarkOf(args), facts.benchmark, args)
    return changes.map((change): Change => {
      const there = effect(tableProbe(args), { state: 'seen', found: true })
      const latest = effect(latestProbe(args), { state: 'seen', found: benchmarkOf(args).file })
      return { ...change, effects: [...change.effects, there, latest] }
    })
  },
  result: (args, { benchmark }) => benchmarkResult(benchmark.found, benchmarkOf(args).file),
})

function probesOf(args: Wanted) {
  return { benchmark: benchmarkProbe(benchmarkOf(args)), table: tableProbe(args), latest: latestProbe(args) }
}

function benchmarkOf(args: Wanted): Benchmark {
  const { pod, namespace, outputs, script, host, workload, records, nodes, rf } = args
  const command = [script, host, workload, records, nodes, rf].map(String)
  const file = `out-load-${nodes}-${records}-rf${rf}-${workload}.txt`
  return { pod, namespace, outputs, file, command, expected: { INSERT: records } }
}

/** Whether the table that a load fills is there. */
function tableProbe({ database_pod, namespace }: Wanted): Probe<ClusterFact<boolean>> {
  return clusterProbe(
    `ycsb-table:${namespace}/${database_pod}`,
    // nodetool says "Unknown keyspace" where there is none, and fails.
    sh`k exec ${database_pod} -n ${namespace} -- nodetool cfstats -- ycsb.usertable 2>&1 || :`,
    (stdout) => /^\s*Table: usertable/m.test(stdout),
  )
}

/** Result of the load that was made last: what it has loaded is in the table. */
function latestProbe({ pod, namespace, outputs }: Wanted): Probe<ClusterFact<string>> {
  const script = sh`cd ${outputs} && ls -t` + ' out-load-*.txt 2>/dev/null | head -n 1'
  return clusterProbe(
    `ycsb-latest-load:${namespace}/${pod}:${outputs}`,
    sh`k exec ${pod} -n ${namespace} -- sh -c ${script}`,
    (stdout) => stdout.trim(),
  )
}

function refuseDrop(args: Wanted, { benchmark, table, latest }: Facts<ReturnType<typeof probesOf>>): void {
  const { found } = benchmark
  if (args.force || found === null || found === 'unforeseen' || found.state === 'running') return
  const { file } = benchmarkOf(args)
  if (found.state === 'none' && table.found === true)
    throw new TaskError(
      `there is a table ycsb.usertable, but no result ${file}: loading would drop what is in it`,
      "say 'force: true' if that is meant (of ycsb.yaml: -e reload=true)",
    )
  if (found.state === 'ended' && table.found === false)
    throw new TaskError(
      `${file} says that the records are loaded, but there is no table ycsb.usertable`,
      "say 'force: true' to load them again (of ycsb.yaml: -e reload=true); the former result is set aside",
    )
  if (found.state === 'ended' && latest.found !== null && latest.found !== file)
    throw new TaskError(
      `what ${file} says was loaded is no longer in the table: ${latest.found} came after it`,
      "say 'force: true' to load it again (of ycsb.yaml: -e reload=true); the former result is set aside",
    )
}
