import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { defineTask, type Probe } from '../../src/core/task.ts'
import assertTask from '../../tasks/assert.ts'
import command from '../../tasks/command.ts'
import copy from '../../tasks/copy.ts'
import debug from '../../tasks/debug.ts'
import fileTask from '../../tasks/file.ts'
import setFact from '../../tasks/set_fact.ts'
import { program, type Ran, run, step, useFolder, word } from './rig.ts'
import type { Step } from '../../src/load/program.ts'

/** A task without arguments. */
const bare = {
  name: 'bare',
  summary: '',
  args: { type: 'object', additionalProperties: false, properties: {} },
  example: '',
} as const

const failuresOf = ({ events }: Ran) =>
  events.flatMap((event) => (event.type === 'step-end' && event.failure ? [event.failure] : []))

describe('what a run knows', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const cmd = (number: number, text: string, more: Partial<Step> = {}) =>
    step(number, command, { cmd: text }, more)
  const put = (number: number, name: string, text: string, more: Partial<Step> = {}) =>
    step(number, word, { file: file(name), word: text }, more)
  const one = (...steps: Step[]) => program([{ steps, handlers: [] }])

  it('the output of a command that ran, for the steps after it', async () => {
    const what = one(
      cmd(1, 'echo out; echo err >&2', { register: 'said' }),
      put(2, 'a', '{{ said.rc }} {{ said.stdout }} {{ said.stderr }} {{ said.changed }}'),
    )
    assert.equal((await run(what)).exitCode, 0)
    assert.equal(readFileSync(file('a'), 'utf8'), '0 out err true')
  })

  it('in a check not what such a command would say: what depends on it is left open', async () => {
    const what = one(
      cmd(1, 'echo out', { register: 'said' }),
      put(2, 'a', 'x', { when: ["said.stdout == 'out'"] }),
      put(3, 'b', 'x', { when: ["said.stdout == 'out'", 'false'] }),
    )
    assert.deepEqual((await run(what, 'check')).steps, [
      'one command 1 changed',
      'one word 2 unknown',
      'one word 3 skipped',
    ])
  })

  it('in a check not whether such a command fails, where that ends nothing', async () => {
    const what = one(
      cmd(1, 'false', { register: 'tried', ignoreErrors: true }),
      cmd(2, 'echo {{ item }}', { register: 'each', ignoreErrors: true, loop: [1, 2] }),
      put(3, 'a', 'x', { when: ['tried.failed'] }),
      put(4, 'b', 'x', { when: ['not each.failed'] }),
    )
    const { steps } = await run(what, 'check')
    assert.deepEqual(steps.slice(-2), ['one word 3 unknown', 'one word 4 unknown'])
  })

  it('in a check not whether what is planned would fail, where that ends nothing', async () => {
    const what = one(
      step(1, copy, { dest: file('none/a'), content: 'x' }, { register: 'put', ignoreErrors: true }),
      put(2, 'b', '{{ put.msg }}', { when: ['put is failed'] }),
      put(3, 'c', 'x', { when: ['put is changed'] }),
    )
    const opaque = { ...what, plays: [{ ...what.plays[0]!, flow: [cmd(9, 'true'), ...what.plays[0]!.flow] }] }
    const { steps } = await run(opaque, 'check')
    assert.deepEqual(steps.slice(1), ['one copy 1 changed', 'one word 2 unknown', 'one word 3 changed'])
  })

  it('in a check what a guarded command would come to, though not what it says', async () => {
    const what = one(
      cmd(1, 'echo out', { register: 'said' }),
      put(2, 'a', 'x', { when: ['said is changed', 'not said is skipped'] }),
    )
    assert.deepEqual((await run(what, 'check')).steps.at(-1), 'one word 2 changed')
  })

  it('in a check that a choice is open that depends on what is not known yet', async () => {
    const state = "{{ 'directory' if said.stdout == 'out' else 'absent' }}"
    const what = one(cmd(1, 'echo out', { register: 'said' }), step(2, fileTask, { path: file('a'), state }))
    assert.deepEqual((await run(what, 'check')).steps.at(-1), 'one file 2 unknown')
    assert.equal((await run(what)).exitCode, 0)
  })

  it('in a check that a command has looked before changes were made', async () => {
    const reads = (number: number, register?: string) =>
      step(number, command, { cmd: `cat ${file('a')}`, changes: false }, { register })
    const told = (number: number) => step(number, assertTask, { that: "{{ said.stdout == 'new' }}" })
    const early = await run(one(put(1, 'a', 'new'), reads(2), put(3, 'b', 'x')), 'check')
    assert.deepEqual(
      [early.exitCode, early.steps.slice(1)],
      [2, ['one command 2 unknown', 'one word 3 changed']],
    )
    writeFileSync(file('a'), 'old')
    const wrong = await run(one(put(1, 'a', 'new'), reads(2, 'said'), told(3)), 'check')
    assert.deepEqual(wrong.steps.slice(1), ['one command 2 ok', 'one assert 3 unknown'])
    const settled = await run(one(put(1, 'a', 'old'), reads(2, 'said'), told(3)), 'check')
    assert.deepEqual(settled.steps.slice(1), ['one command 2 ok', 'one assert 3 failed'])
  })

  it('in a check that changes of other hosts in plays before would be seen', async () => {
    const reads = step(1, command, { cmd: `cat ${file('a')}`, changes: false })
    const plays = [
      { steps: [put(1, 'a', 'new')], handlers: [], hosts: ['one'] },
      { steps: [reads], handlers: [], hosts: ['two'] },
    ]
    const { steps } = await run(program(plays, ['one', 'two']), 'check')
    assert.deepEqual(steps, ['one word 1 changed', 'two command 1 unknown'])
  })

  it('in a check that a failure is open that depends on what was read too early', async () => {
    const failing = { register: 'said', failedWhen: ["said.stdout != 'new'"] }
    writeFileSync(file('a'), 'old')
    const reads = step(2, command, { cmd: `cat ${file('a')}`, changes: false }, failing)
    assert.deepEqual(
      (await run(one(put(1, 'a', 'new'), reads), 'check')).steps.at(-1),
      'one command 2 unknown',
    )
    assert.equal((await run(one(put(1, 'a', 'new'), reads))).exitCode, 0)
  })

  it('which item each result of a loop is of, and how often it was tried', async () => {
    const retry = { until: 'r.rc == 0', retries: 3, delay: 0, backoff: 1 }
    const count = `printf x >> ${file('{{ item }}')}; test $(wc -c < ${file('{{ item }}')}) -ge {{ item }}`
    const what = one(
      cmd(1, count, { loop: [1, 2], register: 'r', retry }),
      put(
        2,
        'said',
        "{{ r.results | map(attribute='item') | list }}{{ r.results | map(attribute='attempts') | list }}",
      ),
    )
    assert.equal((await run(what)).exitCode, 0)
    assert.equal(readFileSync(file('said'), 'utf8'), '[1,2][1,2]')
  })

  it('messages that are no text, as JSON', async () => {
    const { events } = await run(
      one(step(1, debug, { message: '{{ [1, 2] }}' }), step(2, debug, { message: '{{ 7 }}' })),
    )
    const messages = events.flatMap((event) => (event.type === 'step-end' ? [event.message] : []))
    assert.deepEqual(messages, ['[\n  1,\n  2\n]', '7'])
  })

  it('what is left open has no words in any event', async () => {
    const what = one(
      cmd(1, 'echo out', { register: 'said' }),
      step(2, debug, { message: 'it says {{ said.stdout }}' }),
      step(3, debug, { value: '{{ said }}' }),
    )
    const { events } = await run(what, 'check')
    assert.doesNotMatch(JSON.stringify(events), /late/)
    assert.ok(events.some((event) => event.type === 'step-end' && event.message === 'it says …'))
  })

  it('in a check no size of what is left open', async () => {
    const text = step(2, copy, { dest: file('c'), content: 'it says {{ said.stdout }}' })
    const { events } = await run(one(cmd(1, 'echo out', { register: 'said' }), text), 'check')
    const changes = events.flatMap((event) => (event.type === 'step-end' ? event.changes : []))
    assert.match(changes[1]!.summary, /^create .* … bytes\)$/)
  })

  it('in a check that nobody can look yet where only applying tells the place', async () => {
    const looking = step(2, command, { cmd: 'cat {{ said.stdout }}', changes: false }, { register: 'read' })
    const what = one(cmd(1, 'echo /etc/hostname', { register: 'said' }), looking)
    const { steps, exitCode } = await run(what, 'check')
    assert.deepEqual([steps.at(-1), exitCode], ['one command 2 unknown', 2])
  })

  it('in a check that a refusal may be gone once an opaque change has been made', async () => {
    const refusing = step(2, word, { file: file('b'), word: 'x', refuse: 'no disk' })
    const opaque = step(1, word, { file: file('a'), word: 'x', opaque: true })
    const checked = await run(one(opaque, refusing), 'check')
    assert.deepEqual([checked.exitCode, checked.steps.at(-1)], [2, 'one word 2 unknown'])
    const certain = await run(one(put(1, 'a', 'x'), refusing), 'check')
    assert.deepEqual([certain.exitCode, failuresOf(certain)[0]?.message], [3, 'no disk'])
  })

  it('in a check what root would make also as the login user, but a command of the own apart', async () => {
    const mayBeRoot = process.getuid?.() === 0
    const seen = one(put(1, 'a', 'x', { become: mayBeRoot }), put(2, 'a', 'x', { environment: { A: 'b' } }))
    assert.deepEqual((await run(seen, 'check')).steps, ['one word 1 changed', 'one word 2 ok'])
    const guarded = (number: number, VERSION: string) =>
      step(number, command, { cmd: 'x', unless: `test -e ${file('$VERSION')}` }, { environment: { VERSION } })
    const apart = await run(one(guarded(1, 'a'), guarded(2, 'b'), guarded(3, 'a')), 'check')
    const ends = ['one command 1 changed', 'one command 2 changed', 'one command 3 ok']
    assert.deepEqual(apart.steps, ends)
  })

  it('results of a loop, item by item', async () => {
    const looping = step(
      1,
      word,
      { file: file('{{ item }}'), word: '{{ item }}' },
      { loop: ['a', 'b'], register: 'all' },
    )
    const what = one(
      looping,
      put(2, 'c', '{{ all.results | map(attribute="word") | join("+") }} {{ all.changed }}'),
    )
    assert.equal((await run(what)).exitCode, 0)
    assert.equal(readFileSync(file('c'), 'utf8'), 'a+b true')
  })

  it('the first item that fails ends a loop', async () => {
    const script = '[ {{ item }} != b ] && : > {{ item }}'
    const args = { file: file('{{ item }}'), word: '', script: `cd ${folder.path}; ${script}` }
    const ran = await run(one(step(1, word, args, { loop: ['a', 'b', 'c'] })))
    assert.deepEqual([ran.exitCode, existsSync(file('a')), existsSync(file('c'))], [3, true, false])
  })

  it('variables that a step sets', async () => {
    const what = one(step(1, setFact, { values: { colour: 'red' } }), put(2, 'a', '{{ colour }}'))
    assert.equal((await run(what)).exitCode, 0)
    assert.equal(readFileSync(file('a'), 'utf8'), 'red')
  })

  it('exit codes that a command may end with', async () => {
    const steps = [
      step(1, command, { cmd: 'exit 3', ok: [0, 3] }),
      step(2, command, { cmd: 'exit 4', ok: [0, 3] }),
    ]
    const ran = await run(one(...steps))
    assert.deepEqual(ran.steps, ['one command 1 changed', 'one command 2 failed'])
  })

  it('the last words of a command, newline or not', async () => {
    const { events } = await run(one(cmd(1, 'echo first; printf last')))
    const said = events.flatMap((event) => (event.type === 'step-output' ? [event.text] : [])).join('')
    assert.equal(said, 'first\nlast')
  })

  it('that a command without a guard broke off: it is not run again, and fails', async () => {
    const ran = await run(one(cmd(1, `echo x >> ${file('times')}; kill -9 $$`)))
    assert.deepEqual([ran.exitCode, readFileSync(file('times'), 'utf8')], [3, 'x\n'])
    assert.match(failuresOf(ran)[0]!.message, /whether it was done is unknown/)
  })

  it('that another run works on the host, and then changes nothing', async () => {
    const ran = await run(one(put(1, 'a', 'x')), 'apply', { taken: ['one'] })
    assert.deepEqual([ran.exitCode, ran.steps, existsSync(file('a'))], [3, [], false])
    const [failure] = ran.events.flatMap((event) =>
      event.type === 'host-unreachable' ? [event.failure] : [],
    )
    assert.match(failure!.message, /another run is working on one: bob@laptop/)
    assert.equal((await run(one(put(1, 'a', 'x')), 'check', { taken: ['one'] })).exitCode, 2)
  })

  it('that a value never came, and fails the step that needs it', async () => {
    const silent = defineTask({
      ...bare,
      probes: () => ({}),
      plan: () => [],
      result: () => ({ word: undefined }),
    })
    const steps = [step(1, silent, {}, { register: 'said' }), put(2, 'a', '{{ said.word }}')]
    const ran = await run(one(...steps))
    assert.deepEqual([ran.exitCode, existsSync(file('a'))], [3, false])
    assert.equal(failuresOf(ran)[0]?.message, 'a value that this step needs never became known')
  })

  it('facts of the host and of others, where a template asks for them', async () => {
    const steps = [
      put(1, '{{ inventory_hostname }}', "{{ facts.hostname }} {{ hostvars['two'].facts.hostname }}"),
    ]
    const what = program([{ steps, handlers: [] }], ['one', 'two'])
    const ran = await run(what)
    assert.equal(ran.exitCode, 0)
    assert.equal(readFileSync(file('one'), 'utf8'), `${hostname()} ${hostname()}`)
    what.plays[0]!.hosts = ['one']
    assert.deepEqual((await run(what)).steps, ['one word 1 ok'])
  })

  it('secrets that a look finds, and masks them', async () => {
    writeFileSync(file('token'), 'K10-found')
    const probe: Probe<string> = {
      key: 'token',
      script: `cat ${file('token')}`,
      secret: true,
      parse: ({ stdout }) => stdout.toString(),
    }
    const telling = defineTask({
      ...bare,
      probes: () => ({ token: probe }),
      plan: () => [],
      result: (_args, { token }) => ({ message: `it is ${token}` }),
    })
    const told = JSON.stringify((await run(one(step(1, telling, {})))).events)
    assert.ok(told.includes('it is ****') && !told.includes('K10-found'), told)
  })

  it('notes of pending handlers that were torn are passed over', async () => {
    const notes = file('.local/state/provision/pending')
    mkdirSync(notes, { recursive: true })
    writeFileSync(`${notes}/torn.json`, '{"id": "a')
    assert.equal((await run(one(put(1, 'a', 'x')))).exitCode, 0)
  })
})

describe('waiting', () => {
  const folder = useFolder()

  async function wait(script: string, timeout: number): Promise<Ran> {
    const waiting = defineTask({
      ...bare,
      probes: () => ({}),
      plan: () => [
        {
          summary: 'wait',
          actions: [
            { do: 'wait', what: 'the file', script: `cd ${folder.path}; ${script}`, timeout, every: 1 },
          ],
          effects: [],
          repeats: true,
        },
      ],
    })
    return run(program([{ steps: [step(1, waiting, {})], handlers: [] }]))
  }

  it('ends when it holds', async () => {
    assert.equal((await wait('[ -e a ] || { : > a; exit 1; }', 20)).exitCode, 0)
  })

  it('ends at once when it never will', async () => {
    const ran = await wait('echo no such unit >&2; exit 3', 20)
    assert.equal(failuresOf(ran)[0]?.message, 'no use waiting for the file: no such unit')
  })

  it('ends in time, with the last answer', async () => {
    const ran = await wait('echo not yet >&2; exit 1', 0)
    assert.equal(failuresOf(ran)[0]?.message, 'waited 0 s for the file; last answer: not yet')
  })
})

describe('handlers by topic', () => {
  const folder = useFolder()

  it('listen to a word that several of them share', async () => {
    const file = (name: string) => `${folder.path}/${name}`
    const handler = (number: number, listen: string[]) =>
      step(number, word, { file: file(`h${number}`), word: 'x' }, { name: `h${number}`, listen })
    const steps = [step(1, word, { file: file('a'), word: 'x' }, { notify: ['config'] })]
    const handlers = [handler(2, ['config']), handler(3, []), handler(4, ['config'])]
    const { steps: ran } = await run(program([{ steps, handlers }]))
    assert.deepEqual(ran, ['one word 1 changed', 'one h2 changed', 'one h4 changed'])
  })
})
