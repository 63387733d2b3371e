import { sh } from '../src/base/shell.ts'
import { type Change, defineTask, effect, type Probe, type Run } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
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
import { cleanPath, type FileFact, fileProbe, SOMETHING } from '../src/probe/files.ts'

type CommandProbes = {
  printed: Probe<Printed>
  creates: Probe<FileFact>
  removes: Probe<FileFact>
  unless: Probe<boolean>
  only_if: Probe<boolean>
}

export default defineTask({
  name: 'command',
  summary: 'Runs a command with sh, each time unless a guard says that nothing is to do.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['cmd'],
    properties: {
      cmd: { type: 'string', minLength: 1, description: 'Command or script for /bin/sh.' },
      changes: {
        type: 'boolean',
        default: true,
        description:
          'Say false of a command that only reads: it then runs in a check, too, and never counts as a change.',
      },
      creates: {
        ...absolutePath,
        description: 'Run only while this path does not exist; the command must make it.',
      },
      removes: {
        ...absolutePath,
        description: 'Run only while this path exists; the command must remove it.',
      },
      unless: {
        type: 'string',
        description: 'Run only while this read-only command fails; afterwards it must succeed.',
      },
      only_if: { type: 'string', description: 'Run only when this read-only command succeeds.' },
      chdir: { ...absolutePath, description: 'Directory to run in, the guards as well.' },
      stdin: { type: 'string', description: 'Text for the standard input, which is empty otherwise.' },
      ok: {
        type: 'array',
        items: { type: 'integer', minimum: 0, maximum: 255 },
        minItems: 1,
        default: [0],
        description: 'Exit codes that mean success.',
      },
    },
  },
  example: `- name: Load the image once
  command:
    cmd: k3s ctr images import /tmp/image.tar
    unless: k3s crictl inspecti ycsb-benchmark

- name: What is mounted
  command:
    cmd: findmnt --json /mnt/storage
    changes: false
  register: storage
`,
  returns: PRINTED,
  probes({ cmd, changes, creates, removes, unless, only_if, chdir, stdin }) {
    const probes = { printed: changes ? notYetRun(cmd) : reading(inside(chdir, cmd), stdin) } as CommandProbes
    if (creates !== undefined) probes.creates = fileProbe(creates)
    if (removes !== undefined) probes.removes = fileProbe(removes)
    if (unless !== undefined) probes.unless = succeeds(inside(chdir, unless))
    if (only_if !== undefined) probes.only_if = succeeds(inside(chdir, only_if))
    return probes
  },
  plan(args, facts) {
    const { cmd, changes, creates, removes, unless, only_if, chdir, stdin, ok } = args
    if (!changes) return requireSuccess(facts.printed, ok)
    if (creates !== undefined && facts.creates !== null) return []
    if (removes !== undefined && facts.removes === null) return []
    if (unless !== undefined && facts.unless) return []
    if (only_if !== undefined && !facts.only_if) return []
    const run: Run = { do: 'run', script: inside(chdir, cmd), ok, keep: notYetRun(cmd).key }
    if (stdin !== undefined) run.stdin = stdin
    const effects = [effect(notYetRun(cmd), 'unforeseen')]
    if (creates !== undefined) effects.push(effect(fileProbe(creates), SOMETHING))
    if (removes !== undefined) effects.push(effect(fileProbe(removes), null))
    if (unless !== undefined) effects.push(effect(succeeds(inside(chdir, unless)), true))
    const change: Change = { summary: `run ${shortCommand(cmd)}`, actions: [run], effects, opaque: true }
    const guarded = creates !== undefined || removes !== undefined || unless !== undefined
    return guarded ? [change] : [{ ...change, repeats: true }]
  },
  result: (_, { printed }) => printedResult(printed),
})

function inside(chdir: string | undefined, cmd: string): string {
  return chdir === undefined ? cmd : `${sh`cd -- ${cleanPath(chdir)}`} || exit\n${cmd}`
}
