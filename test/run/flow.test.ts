import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { sh } from '../../src/base/shell.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Block, FlowNode, Program, Step } from '../../src/load/program.ts'
import command from '../../tasks/command.ts'
import { program, type Ran, run, step, useFolder, word } from './rig.ts'

const failuresOf = ({ events }: Ran) =>
  events.flatMap((event) => (event.type === 'step-end' && event.failure ? [event] : []))

describe('flow', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const text = (name: string) => readFileSync(file(name), 'utf8')
  let number = 0
  beforeEach(() => (number = 0))
  const put = (name: string, more: Partial<Step> = {}, args: JsonObject = {}) =>
    step(++number, word, { file: file(name), word: name, ...args }, more)
  const cmd = (text: string, more: Partial<Step> = {}) => step(++number, command, { cmd: text }, more)
  const bad = (more: Partial<Step> = {}) => cmd('echo out; echo err >&2; exit 7', more)
  const stepsOf = (nodes: FlowNode[]): Step[] =>
    nodes.flatMap((node) => {
      if ('flush' in node) return []
      return 'body' in node ? stepsOf([...node.body, ...node.rescue, ...node.always]) : [node]
    })
  const block = (body: FlowNode[], more: Partial<Block> = {}): Block => ({
    body,
    rescue: [],
    always: [],
    loopVar: 'item',
    first: stepsOf(body)[0]!,
    ...more,
  })
  const flowing = (flow: FlowNode[], handlers: Step[] = [], names = ['one']): Program =>
    program([{ steps: stepsOf(flow), flow, handlers }], names)
  const statuses = ({ steps }: Ran) => steps.map((line) => line.split(' ').slice(2).join(' '))

  describe('blocks', () => {
    it('rescue a step that failed: the host goes on, and the failure counts for nothing', async () => {
      const body = [put('a'), bad(), put('never')]
      const rescue = [
        put('r', {}, { word: '{{ failed_step.name }}: {{ failed_result.rc }} {{ failed_result.stderr }}' }),
      ]
      const always = [put('z')]
      const ran = await run(flowing([block(body, { rescue, always }), put('after')]))
      assert.equal(ran.exitCode, 0)
      assert.deepEqual(statuses(ran), ['1 changed', '2 failed', '4 changed', '5 changed', '6 changed'])
      assert.equal(text('r'), 'command 2: 7 err')
      assert.deepEqual(
        failuresOf(ran).map(({ handled }) => handled),
        ['rescued'],
      )
      assert.equal(existsSync(file('never')), false)
    })

    it('run their last steps though a step failed, and the host fails all the same', async () => {
      const ran = await run(flowing([block([bad()], { always: [put('z')] }), put('after')]))
      assert.deepEqual([ran.exitCode, existsSync(file('z')), existsSync(file('after'))], [3, true, false])
      assert.deepEqual(
        failuresOf(ran).map(({ handled }) => handled),
        [undefined],
      )
    })

    it('whose rescue fails fail, unless a block around them makes up for it', async () => {
      const inner = () => block([bad()], { rescue: [bad()], always: [put('z')] })
      const alone = await run(flowing([inner()]))
      assert.deepEqual([alone.exitCode, existsSync(file('z'))], [3, true])
      assert.deepEqual(
        failuresOf(alone).map(({ handled }) => handled),
        ['rescued', undefined],
      )
      number = 0
      const around = await run(flowing([block([inner()], { rescue: [put('r')] })]))
      assert.deepEqual([around.exitCode, existsSync(file('r'))], [0, true])
    })

    it('without a failure leave the rescue out', async () => {
      const ran = await run(flowing([block([put('a')], { rescue: [put('r')], always: [put('z')] })]))
      assert.deepEqual([ran.exitCode, statuses(ran)], [0, ['1 changed', '3 changed']])
    })

    it('loop, also one in the other; each item is named', async () => {
      const args = { file: file('{{ outer }}{{ inner }}'), word: '{{ outer }}{{ inner }}' }
      const leaf = put('x', { outerItems: ['outer', 'inner'] }, args)
      const middle = put('y', { outerItems: ['outer'] }, { file: file('{{ outer }}'), word: '{{ outer }}' })
      const nested = block([leaf], { loop: ['1', '{{ outer }}'], loopVar: 'inner' })
      const ran = await run(flowing([block([middle, nested], { loop: ['a', 'b'], loopVar: 'outer' })]))
      assert.equal(ran.exitCode, 0)
      assert.deepEqual(ran.changes, ['write a', 'write a1', 'write aa', 'write b', 'write b1', 'write bb'])
      const items = ran.events.flatMap((event) => (event.type === 'step-end' ? [event.step.item] : []))
      assert.deepEqual(items, ['a', 'a, 1', 'a, a', 'b', 'b, 1', 'b, b'])
    })

    it('travel in the first flight with their last steps, loops and all', async () => {
      const leaf = put('x', { outerItems: ['item'] }, { file: file('{{ item }}'), word: '{{ item }}' })
      const looping = block([leaf], { loop: ['a', 'b', 'c'] })
      const flow = [
        looping,
        block([put('d'), bad({ when: [false] })], { rescue: [put('r')], always: [put('z')] }),
      ]
      await run(flowing(flow))
      assert.deepEqual((await run(flowing(flow))).roundTrips, { one: 1 })
    })

    it('ask for the register of a step that did not run: it is undefined there, and never waited for', async () => {
      const body = [bad(), cmd('echo x', { register: 'late' })]
      const rescue = [put('r', {}, { word: "{{ late.stdout if late is defined else 'none' }}" })]
      const ran = await run(flowing([block(body, { rescue })]))
      assert.deepEqual([ran.exitCode, text('r')], [0, 'none'])
    })

    it('that never came to a register tell whoever waits for it', async () => {
      const on = (host: string) => ({ when: [`inventory_hostname == '${host}'`] })
      const body = [bad(on('one')), cmd('echo x', { register: 'late' })]
      const rescue = [put('r')]
      const reading = put('copy', on('two'), { word: "{{ hostvars['one'].late.stdout }}" })
      const ran = await run(flowing([block(body, { rescue }), reading], [], ['one', 'two']))
      assert.equal(ran.exitCode, 3)
      const failure = failuresOf(ran).find(({ host }) => host === 'two')!.failure!
      assert.match(failure.message, /'late' was not registered on one: its step did not run there/)
    })

    it('cut short by the user do not run their last steps, and say how to go on', async () => {
      const control = new AbortController()
      const what = flowing([block([cmd('echo begun; sleep 60')], { rescue: [put('r')], always: [put('z')] })])
      const ran = await run(what, 'apply', {
        signal: control.signal,
        onEvent: (event) => event.type === 'step-output' && control.abort(),
      })
      assert.deepEqual([ran.exitCode, existsSync(file('r')), existsSync(file('z'))], [130, false, false])
      const notices = ran.events.flatMap((event) => (event.type === 'notice' ? [event.message] : []))
      assert.equal(notices.length, 1)
      assert.match(notices[0]!, /'always' were not run; to go on run the playbook again/)
    })
  })

  describe('flush', () => {
    it('runs the handlers notified so far, once; what comes later is run at the end', async () => {
      const notifying = (name: string) => put(name, { notify: ['restart'] })
      const flow = [notifying('a'), { flush: true as const }, put('b'), notifying('c')]
      const handler = cmd('echo run >> log; cat log', { name: 'restart' })
      handler.args = { cmd: sh`echo run >> ${file('log')}` }
      const checked = await run(flowing(flow, [handler]), 'check')
      const ran = await run(flowing(flow, [handler]))
      const order = (of: Ran) => of.steps.map((line) => line.split(' ').slice(1, -1).join(' '))
      assert.deepEqual(order(ran), ['word 1', 'restart', 'word 2', 'word 3', 'restart'])
      assert.deepEqual(order(checked), order(ran))
      assert.equal(text('log'), 'run\nrun\n')
    })
  })

  describe('failures that are ignored', () => {
    it('are reported, and the host goes on with the result', async () => {
      const again = put('a', { when: ['tried is failed', 'tried.rc == 7'] })
      const ran = await run(flowing([bad({ ignoreErrors: true, register: 'tried' }), again]))
      assert.deepEqual([ran.exitCode, statuses(ran).sort()], [0, ['1 changed', '2 failed'].sort()])
      assert.deepEqual(
        failuresOf(ran).map(({ handled }) => handled),
        ['ignored'],
      )
    })

    it('do not end a loop', async () => {
      const args = { cmd: `[ {{ item }} != b ] && : > ${folder.path}/{{ item }}` }
      const looping = { ...cmd('x', { loop: ['a', 'b', 'c'], ignoreErrors: true, register: 'all' }), args }
      const ran = await run(flowing([looping, put('d', { when: ['all is failed'] })]))
      assert.deepEqual([ran.exitCode, existsSync(file('c')), existsSync(file('d'))], [0, true, true])
    })
  })

  describe('retries', () => {
    const counting = () => `${sh`echo . >> ${file('times')}; wc -l < ${file('times')}`}`
    const retry = { retries: 5, delay: 0, backoff: 1 }

    it('go on until it does not fail any more', async () => {
      const ran = await run(flowing([cmd(`${counting()} | grep -q 3`, { retry })]))
      assert.equal(ran.exitCode, 0)
      assert.equal(text('times').length, 6)
      const end = ran.events.find((event) => event.type === 'step-end')
      assert.equal(end?.type === 'step-end' && end.tries, 3)
      const told = ran.events.flatMap((event) => (event.type === 'step-progress' ? [event.message] : []))
      assert.match(told[0]!, /^try 1 of 6: the command ended with exit code 1; again in 0 s$/)
    })

    it('go on until a condition over the result holds, reading anew each time', async () => {
      const until = { ...retry, until: "state.stdout | trim == '3'" }
      const reading = step(
        ++number,
        command,
        { cmd: counting(), changes: false },
        { retry: until, register: 'state' },
      )
      const ran = await run(flowing([reading]))
      assert.deepEqual([ran.exitCode, statuses(ran)], [0, ['1 ok']])
    })

    it('end after so many tries with what was still amiss', async () => {
      const ran = await run(
        flowing([cmd('true', { retry: { ...retry, retries: 1, until: 'result.rc == 4' } })]),
      )
      assert.equal(ran.exitCode, 3)
      assert.equal(
        failuresOf(ran)[0]!.failure!.message,
        "after 2 tries 'until' does not hold: result.rc == 4",
      )
    })

    it('leave it to the step whether something changed', async () => {
      const quiet = cmd(`${counting()} | grep -q 3`, { retry, changedWhen: [false] })
      assert.deepEqual(statuses(await run(flowing([quiet]))), ['1 ok'])
    })

    it('are none in a check: what is not yet so is left open', async () => {
      const until = { ...retry, until: "result.stdout == 'up'" }
      const reading = step(++number, command, { cmd: 'echo down', changes: false }, { retry: until })
      const ran = await run(flowing([reading]), 'check')
      assert.deepEqual([ran.exitCode, statuses(ran)], [0, ['1 unknown']])
    })

    it('are never made after a lost connection', async () => {
      const args = { script: `${counting()}; kill -9 $$` }
      const ran = await run(flowing([put('a', { retry }, args)]))
      assert.deepEqual([ran.exitCode, text('times')], [3, '.\n'])
    })
  })

  describe('conditions over the result', () => {
    it('decide whether it failed', async () => {
      const fine = bad({ failedWhen: ["'fatal' in result.stderr"], register: 'tried' })
      const wrong = cmd('echo fatal', { failedWhen: ["'fatal' in said.stdout"], register: 'said' })
      const ran = await run(flowing([fine, put('a', { when: ['tried.rc == 7'] }), wrong]))
      assert.deepEqual(statuses(ran), ['1 changed', '3 changed', '2 failed'])
      assert.match(failuresOf(ran)[0]!.failure!.message, /^'failed_when' holds: 'fatal' in said.stdout$/)
    })

    it('decide for what only reads, too', async () => {
      const reading = step(
        ++number,
        command,
        { cmd: 'exit 1', changes: false },
        { failedWhen: ['result.rc > 1'] },
      )
      assert.deepEqual(statuses(await run(flowing([reading]))), ['1 ok'])
    })

    it('decide whether something changed, and so whether handlers run', async () => {
      const handler = put('h', { name: 'restart' })
      const notify = ['restart']
      const quiet = cmd('echo same', { changedWhen: ["'new' in result.stdout"], notify })
      const ran = await run(flowing([quiet], [handler]))
      assert.deepEqual(ran.steps, ['one command 2 ok'])
      assert.equal(existsSync(file('.local/state/provision/pending/restart')), false)
      const loud = cmd('echo new', { changedWhen: ["'new' in result.stdout"], notify })
      assert.deepEqual((await run(flowing([loud], [handler]))).steps, [
        'one command 3 changed',
        'one restart changed',
      ])
    })

    it('are left open in a check where only applying can tell', async () => {
      const steps = [
        cmd('echo', { changedWhen: ["'new' in result.stdout"] }),
        cmd('true', { changedWhen: [false] }),
      ]
      const ran = await run(flowing(steps), 'check')
      const ends = ran.events.flatMap((event) =>
        event.type === 'step-end' ? [`${event.status} ${event.certainty}`] : [],
      )
      assert.deepEqual(ends, ['changed provisional', 'ok provisional'])
      const alone = await run(flowing([cmd('true', { changedWhen: [false] }), put('b')]), 'check')
      assert.deepEqual(statuses(alone).length, 2)
      const certain = alone.events.flatMap((event) => (event.type === 'step-end' ? [event.certainty] : []))
      assert.deepEqual(certain, ['observed', 'observed'])
    })
  })

  it('reads what a settled host holds without a change', async () => {
    writeFileSync(file('a'), 'a')
    assert.deepEqual((await run(flowing([put('a')]))).steps, ['one word 1 ok'])
  })
})
