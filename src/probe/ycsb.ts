import { sh } from '../base/shell.ts'
import type { Json } from '../core/json.ts'
import type { Probe } from '../core/task.ts'
import { type ClusterFact, clusterProbe } from './kubectl.ts'

/** One load or run of the benchmark in its pod: which file it writes, and how it is started. */
export interface Benchmark {
  pod: string
  namespace: string
  /** Folder of results in the pod. */
  outputs: string
  /** Name of the result's file in that folder. */
  file: string
  /** Script and its arguments. */
  command: string[]
  /** Operations that must have succeeded, by what they are called in the result; empty: any number. */
  expected: Record<string, number>
}

/** Numbers of one kind of operation, as YCSB names them; latencies are in microseconds. */
export type Measurements = Record<string, number | string>

export type BenchmarkFact = {
  /** A benchmark whose process is gone without having ended counts as ended: its result says that it is cut off. */
  state: 'none' | 'running' | 'ended'
  /** The whole result, as it was printed. */
  text: string
}

/** Looks at a benchmark; `unforeseen` is what a check expects after running it. */
export function benchmarkProbe(
  benchmark: Benchmark,
): Probe<ClusterFact<BenchmarkFact> | { state: 'seen'; found: 'unforeseen' }> {
  const { pod, namespace, outputs, file } = benchmark
  return clusterProbe(
    `benchmark:${namespace}/${pod}:${outputs}/${file}`,
    sh`k exec ${pod} -n ${namespace} -- sh -c ${lookScript(benchmark)}`,
    (stdout) => {
      const [state = ''] = stdout.split('\n', 1)
      return { state: state as BenchmarkFact['state'], text: stdout.slice(state.length + 1) }
    },
  )
}

/** A result larger than this is no result. In bytes. */
const LARGEST = 4_000_000

/** Runs in the pod. Another process may have got the number of one that is gone. */
function lookScript({ outputs, file, command }: Benchmark): string {
  return [
    sh`cd ${outputs} || exit`,
    sh`p=$(cat ${`.${file}.pid`} 2>/dev/null); f=${file}`,
    sh`if [ -n "$p" ] && tr '\0' ' ' < /proc/$p/cmdline 2>/dev/null | grep -qF -- ${command[0] ?? ''}`,
    'then echo running; elif [ -e "$f" ]; then echo ended; else echo none; fi',
    `[ ! -e "$f" ] || tail -c ${LARGEST} "$f"`,
  ].join('\n')
}

/** Starts it so that it outlives the connection, and this program. */
export function startScript({ pod, namespace, outputs, file, command }: Benchmark): string {
  const detached = sh`cd ${outputs} && { nohup ${command} >/dev/null 2>&1 </dev/null & echo $! > ${`.${file}.pid`}; }`
  return sh`k exec ${pod} -n ${namespace} -- sh -c ${detached}`
}

/** Sets a former result aside: it is never written over. */
export function setAsideScript({ pod, namespace, outputs, file }: Benchmark): string {
  const script = sh`cd ${outputs} && [ ! -e ${file} ] || mv -- ${file} ${file}` + '.$(date +%Y%m%d%H%M%S)'
  return sh`k exec ${pod} -n ${namespace} -- sh -c ${script}`
}

/** Ends with 0 once it is not running; else it says how far it is. */
export function endedScript(benchmark: Benchmark): string {
  const { pod, namespace } = benchmark
  return [
    sh`seen=$(k exec ${pod} -n ${namespace} -- sh -c ${lookScript(benchmark)}) || exit 1`,
    'case $seen in running*) ;; *) exit 0;; esac',
    `printf '%s\\n' "$seen" | grep -F ' sec: ' | tail -n 1 >&2; exit 1`,
  ].join('\n')
}

/** Why a result can't be trusted; undefined when it can. YCSB itself ends with 0 whatever happened. */
export function flawOf(text: string, expected: Record<string, number>): string | undefined {
  const exception = /^.*(?:Exception|Error inserting|ProtocolError|Unable to connect).*$/m.exec(text)?.[0]
  if (exception !== undefined) return exception.trim().slice(0, 200)
  const measured = measurementsOf(text)
  if (measured.OVERALL === undefined) return 'it was cut off: there is no [OVERALL] in it'
  for (const [operation, wanted] of Object.entries(expected)) {
    const done = Number(measured[operation]?.['Return=OK'] ?? 0)
    if (done !== wanted) return `${done} of ${wanted} ${operation} operations succeeded`
  }
  const failed = Object.keys(measured).find((operation) => operation.endsWith('-FAILED'))
  return failed === undefined ? undefined : `some operations failed: ${failed}`
}

/** `[READ], AverageLatency(us), 812.3` and the like, by operation. */
export function measurementsOf(text: string): Record<string, Measurements> {
  const measured: Record<string, Measurements> = {}
  for (const [, operation = '', name = '', value = ''] of text.matchAll(/^\[([^\]]+)\], ([^,]+), (.+)$/gm)) {
    const number = Number(value)
    measured[operation] = { ...measured[operation], [name]: Number.isFinite(number) ? number : value.trim() }
  }
  return measured
}

/** What `register` holds of a benchmark. */
export function benchmarkResult(
  found: BenchmarkFact | 'unforeseen' | null,
  file: string,
): Record<string, Json | undefined> {
  if (found === null || found === 'unforeseen' || found.state !== 'ended')
    return { file, text: undefined, throughput: undefined, runtime: undefined, operations: undefined }
  const { OVERALL = {}, ...operations } = measurementsOf(found.text)
  return {
    file,
    text: found.text,
    throughput: OVERALL['Throughput(ops/sec)'],
    runtime: OVERALL['RunTime(ms)'],
    operations: Object.fromEntries(Object.entries(operations).filter(([name]) => !name.startsWith('TOTAL_'))),
  }
}
