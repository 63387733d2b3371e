import assert from 'node:assert/strict'
import type { Probe } from '../../src/core/task.ts'
import command from '../../tasks/command.ts'
import { completion, testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const keyOf = (cmd: string) => command.probes(completion(command)({ cmd }) as never).printed.key
const run = (cmd: string, more: object = {}) => ({
  do: 'run' as const,
  script: cmd,
  ok: [0],
  keep: keyOf(cmd),
  ...more,
})
const printed = { rc: 0, stdout: 'a\n\n', stderr: 'b\n' }

testTask(command, [
  {
    it: 'runs each time without a guard',
    args: { cmd: 'echo hi' },
    facts: { printed: null },
    changes: [{ summary: 'run echo hi', actions: [run('echo hi')], opaque: true, repeats: true }],
    result: {},
  },
  {
    it: 'tells what was printed, without the last line end',
    args: { cmd: 'echo hi' },
    facts: { printed },
    result: { rc: 0, stdout: 'a\n', stderr: 'b' },
  },
  {
    it: 'does not pretend to know in a check what would be printed',
    args: { cmd: 'echo hi' },
    facts: { printed: 'unforeseen' },
    result: { rc: undefined, stdout: undefined, stderr: undefined },
  },
  {
    it: 'shows the first line of a script',
    args: { cmd: 'cd /\nls\n', chdir: '/srv/a b', stdin: 'x', ok: [0, 2] },
    facts: { printed: null },
    changes: [
      {
        summary: 'run cd / ...',
        actions: [
          {
            do: 'run',
            script: "cd -- '/srv/a b' || exit\ncd /\nls\n",
            ok: [0, 2],
            keep: keyOf('cd /\nls\n'),
            stdin: 'x',
          },
        ],
        opaque: true,
        repeats: true,
      },
    ],
  },
  {
    it: 'makes what is not there',
    args: { cmd: 'make', creates: '/srv/x/' },
    facts: { printed: null, creates: null },
    changes: [{ summary: 'run make', actions: [run('make')], opaque: true }],
  },
  {
    it: 'has made it already',
    args: { cmd: 'make', creates: '/srv/x' },
    facts: { printed: null, creates: seen({}) },
    changes: [],
    result: {},
  },
  {
    it: 'removes what is there',
    args: { cmd: 'clean', removes: '/srv/x' },
    facts: { printed: null, removes: seen({}) },
    changes: [{ actions: [run('clean')], opaque: true }],
  },
  {
    it: 'has removed it already',
    args: { cmd: 'clean', removes: '/srv/x' },
    facts: { printed: null, removes: null },
    changes: [],
  },
  {
    it: 'runs while a look fails',
    args: { cmd: 'load', unless: 'is-loaded' },
    facts: { printed: null, unless: false },
    changes: [{ actions: [run('load')], opaque: true }],
  },
  {
    it: 'is content when the look succeeds',
    args: { cmd: 'load', unless: 'is-loaded' },
    facts: { printed: null, unless: true },
    changes: [],
  },
  {
    it: 'runs each time that a condition holds',
    args: { cmd: 'x', only_if: 'y' },
    facts: { printed: null, only_if: true },
    changes: [{ actions: [run('x')], opaque: true, repeats: true }],
  },
  {
    it: 'does not run when it does not hold',
    args: { cmd: 'x', only_if: 'y' },
    facts: { printed: null, only_if: false },
    changes: [],
  },
  {
    it: 'reads in a check, too',
    args: { cmd: 'cat', changes: false },
    facts: { printed },
    changes: [],
    result: { rc: 0, stdout: 'a\n', stderr: 'b' },
  },
  {
    it: 'refuses when reading failed',
    args: { cmd: 'cat', changes: false },
    facts: { printed: { rc: 2, stdout: '', stderr: 'no such thing\n' } },
    refuses: /exit code 2: no such thing/,
  },
  {
    it: 'takes other exit codes for success when told to',
    args: { cmd: 'grep', changes: false, ok: [0, 1] },
    facts: { printed: { rc: 1, stdout: '', stderr: '' } },
    changes: [],
    result: { rc: 1, stdout: '', stderr: '' },
  },
])

testArguments(command, {
  'no command': {},
  'an empty command': { cmd: '' },
  'a relative directory': { cmd: 'x', chdir: 'a' },
})

describe('task command', () => {
  it('looks once at what two steps read in the same way', () => {
    const reading = (cmd: string): Probe =>
      command.probes(completion(command)({ cmd, changes: false }) as never).printed
    assert.equal(reading('a').key, reading('a').key)
    assert.notEqual(reading('a').key, reading('b').key)
  })
})
