import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Args, type Change, defineTask, effect, type Probe, type Run } from '../src/core/task.ts'
import {
  notYetRun,
  PRINTED,
  type Printed,
  printedResult,
  reading,
  requireSuccess,
  shortCommand,
  succeeds,
} from '../src/probe/commands.ts'
import { kubectlFunction } from '../src/probe/rollout.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['pod', 'cmd'],
  properties: {
    pod: { type: 'string', minLength: 1, description: 'Name of the pod.' },
    namespace: { type: 'string', default: 'default', description: 'Namespace of the pod.' },
    container: { type: 'string', minLength: 1, description: 'Container; the first one when absent.' },
    cmd: { type: 'string', minLength: 1, description: "Command or script for the container's sh." },
    changes: {
      type: 'boolean',
      default: true,
      description:
        'Say false of a command that only reads: it then runs in a check, too, and never counts as a change.',
    },
    unless: {
      type: 'string',
      description:
        'Run only while this read-only command fails in the container; afterwards it must succeed.',
    },
    stdin: { type: 'string', description: 'Text for the standard input, which is empty otherwise.' },
    ok: {
      type: 'array',
      items: { type: 'integer', minimum: 0, maximum: 255 },
      minItems: 1,
      default: [0],
      description: 'Exit codes that mean success.',
    },
  },
} as const

type Wanted = Args<typeof schema>
type ExecProbes = { printed: Probe<Printed>; unless: Probe<boolean> }

export default defineTask({
  name: 'k8s_exec',
  summary: 'Runs a command in a container of a pod, on the host of the k3s server.',
  args: schema,
  example: `- name: Ask the ring
  k8s_exec:
    pod: cassandra-0
    cmd: nodetool status
    changes: false
  register: ring
`,
  returns: PRINTED,
  probes(args) {
    const { cmd, changes, unless, stdin } = args
    const inPod = (script: string) => execScript(args, script)
    const printed = changes ? notYetRun(inPod(cmd)) : reading(inPod(cmd), stdin)
    const probes = { printed } as ExecProbes
    if (unless !== undefined) probes.unless = succeeds(inPod(unless))
    return probes
  },
  plan(args, facts) {
    const { pod, cmd, changes, unless, stdin, ok } = args
    if (!changes) return requireSuccess(facts.printed, ok)
    if (unless !== undefined && facts.unless) return []
    const script = execScript(args, cmd)
    const run: Run = { do: 'run', script, ok, keep: notYetRun(script).key }
    if (stdin !== undefined) run.stdin = stdin
    const effects = [effect(notYetRun(script), 'unforeseen')]
    if (unless !== undefined) effects.push(effect(succeeds(execScript(args, unless)), true))
    const summary = `run ${shortCommand(cmd)} in pod ${pod}`
    const change: Change = { summary, actions: [run], effects, opaque: true }
    return unless === undefined ? [{ ...change, repeats: true }] : [change]
  },
  result: (_, { printed }) => printedResult(printed),
})

/** Without a terminal, and with standard input only where it is given: kubectl would take the rest of the script. */
function execScript({ pod, namespace, container, stdin }: Wanted, cmd: string): string {
  if (pod.startsWith('-')) throw new TaskError(`'${pod}' can't be the name of a pod`)
  const within = container === undefined ? [] : ['-c', container]
  const input = stdin === undefined ? [] : ['-i']
  return [kubectlFunction(), sh`k exec ${input} ${pod} -n ${namespace} ${within} -- sh -c ${cmd}`].join('\n')
}
