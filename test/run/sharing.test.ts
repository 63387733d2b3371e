import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { sh } from '../../src/base/shell.ts'
import { TaskError } from '../../src/core/errors.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Block, Step } from '../../src/load/program.ts'
import { Waits } from '../../src/run/waits.ts'
import command from '../../tasks/command.ts'
import setFact from '../../tasks/set_fact.ts'
import { program, type Ran, run, step, useFolder, word } from './rig.ts'

const THREE = ['one', 'two', 'three']
const failuresOf = ({ events }: Ran) =>
  events.flatMap((event) =>
    event.type === 'step-end' && event.failure ? [`${event.host}: ${event.failure.message}`] : [],
  )

describe('steps that are run once', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const mine = '{{ inventory_hostname }}'
  const put = (number: number, name: string, more: Partial<Step> = {}, args: JsonObject = {}) =>
    step(number, word, { file: file(`${mine}.${name}`), word: name, ...args }, more)
  const on = (...hosts: string[]) => ({ when: [`inventory_hostname in ${JSON.stringify(hosts)}`] })
  const once = (number: number, more: Partial<Step> = {}) =>
    step(
      number,
      command,
      { cmd: sh`echo . >> ${file('times')}; echo ${'by '}` + mine },
      { runOnce: true, register: 'said', ...more },
    )
  const reading = (number: number) => put(number, 'copy', {}, { word: '{{ said.stdout }}' })
  const all = (...steps: Step[]) => program([{ steps, handlers: [] }], THREE)
  const times = () => (existsSync(file('times')) ? readFileSync(file('times'), 'utf8').length / 2 : 0)
  const copies = () =>
    THREE.map((name) => (existsSync(file(`${name}.copy`)) ? readFileSync(file(`${name}.copy`), 'utf8') : ''))

  it('run on the first host; all of them know the result', async () => {
    const ran = await run(all(once(1), reading(2)))
    assert.deepEqual([ran.exitCode, times(), copies()], [0, 1, ['by one', 'by one', 'by one']])
    assert.equal(ran.steps.filter((line) => line.includes('command')).length, 1)
  })

  it('run on the next host when the first one has failed before, or can not be reached', async () => {
    const bad = put(1, 'bad', on('one'), { script: 'exit 7' })
    const ran = await run(all(bad, once(2), reading(3)))
    assert.deepEqual([ran.exitCode, times(), copies()], [3, 1, ['', 'by two', 'by two']])
    const down = await run(all(once(2), reading(3)), 'apply', { down: ['one', 'two'] })
    assert.deepEqual([down.exitCode, times(), copies()[2]], [4, 2, 'by three'])
  })

  it('that fail fail on all hosts, and are never run again', async () => {
    const ran = await run(
      all(once(1, { task: command, args: { cmd: `echo . >> ${file('times')}; exit 7` } }), put(2, 'a')),
    )
    assert.deepEqual([ran.exitCode, times(), existsSync(file('two.a'))], [3, 1, false])
    assert.ok(failuresOf(ran).includes('three: it failed on one, which ran it for all'))
  })

  it('set variables for all', async () => {
    const fact = step(1, setFact, { values: { leader: mine } }, { runOnce: true })
    await run(all(fact, put(2, 'copy', {}, { word: '{{ leader }}' })))
    assert.deepEqual(copies(), ['one', 'one', 'one'])
  })

  it('cost a settled host no second flight, and are told in a check, too', async () => {
    const what = all(
      step(1, word, { file: file('shared'), word: 'x' }, { runOnce: true, register: 'said' }),
      put(2, 'a'),
    )
    const checked = await run(what, 'check')
    const applied = await run(what)
    assert.deepEqual(checked.changes.toSorted(), applied.changes.toSorted())
    assert.deepEqual((await run(what)).roundTrips, { one: 1, two: 1, three: 1 })
  })

  it('go to another host when the first one leaves their block, or never gets into it', async () => {
    const around = (body: Step[], rescue: Step[]): Block => ({
      body,
      rescue,
      always: [],
      loopVar: 'item',
      first: body[0]!,
    })
    const failing = put(1, 'bad', on('one'), { script: 'exit 7' })
    const left = around([failing, once(2)], [put(3, 'r')])
    const flow = [left, put(4, 'z')]
    const ran = await run(
      program(
        [
          {
            steps: [failing, ...(left.body.slice(1) as Step[]), ...(left.rescue as Step[]), flow[1] as Step],
            flow,
            handlers: [],
          },
        ],
        THREE,
      ),
    )
    assert.deepEqual([ran.exitCode, times()], [0, 1])
    const here = put(1, 'bad2', on('two'), { script: 'exit 7' })
    const rescued = around([here], [once(2)])
    const second = await run(
      program([{ steps: [here, ...(rescued.rescue as Step[])], flow: [rescued], handlers: [] }], THREE),
    )
    assert.deepEqual([second.exitCode, times()], [0, 2])
  })

  it('let those that wait leave their place to others', async () => {
    const telling = put(1, 'told', { ...on('three'), register: 'seen' })
    const needing = put(2, 'copy', on('one', 'two'), { word: "{{ hostvars['three'].seen.word }}" })
    const ran = await run(all(telling, needing, once(3)), 'apply', { forks: 1 })
    assert.deepEqual([ran.exitCode, times(), copies()], [0, 1, ['told', 'told', '']])
  })
})

describe('steps that are delegated', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const mine = '{{ inventory_hostname }}'
  const put = (number: number, more: Partial<Step> = {}, args: JsonObject = {}) =>
    step(number, word, { file: file('shared'), word: mine, ...args }, more)
  const counting = (number: number, more: Partial<Step>) => {
    const add = sh`n=$(cat ${file('count')}); sleep 0.02; echo $((n + 1)) > ${file('count')}`
    return step(number, command, { cmd: add }, more)
  }

  it('run on the other host with the values of their own', async () => {
    const what = program(
      [{ steps: [put(1, { delegateTo: '{{ groups.all | last }}' })], handlers: [] }],
      THREE,
    )
    what.plays[0]!.hosts = ['one']
    const ran = await run(what)
    assert.deepEqual([ran.exitCode, readFileSync(file('shared'), 'utf8')], [0, 'one'])
    const names = ran.events.flatMap((event) => (event.type === 'step-end' ? [event.step.delegate] : []))
    assert.deepEqual(names, ['three'])
    assert.deepEqual(Object.keys(ran.roundTrips).sort(), ['one', 'three'])
  })

  it('run here on localhost, though the inventory knows none', async () => {
    const what = program([{ steps: [put(1, { delegateTo: 'localhost' })], handlers: [] }], ['one'])
    assert.equal((await run(what)).exitCode, 0)
  })

  it('to one host from many come one after the other, also with its own steps', async () => {
    writeFileSync(file('count'), '0\n')
    const steps = [counting(1, { delegateTo: 'one' }), counting(2, { delegateTo: 'one' })]
    const ran = await run(program([{ steps, handlers: [] }], THREE))
    assert.deepEqual([ran.exitCode, readFileSync(file('count'), 'utf8')], [0, '6\n'])
  })

  it('look again at the other host once something was changed elsewhere', async () => {
    writeFileSync(file('shared'), 'a')
    const there = (number: number) => put(number, { delegateTo: 'two' }, { word: 'a' })
    const what = program(
      [{ steps: [there(1), put(2, {}, { word: 'b' }), there(3)], handlers: [] }],
      ['one', 'two'],
    )
    what.plays[0]!.hosts = ['one']
    const ran = await run(what)
    assert.deepEqual([ran.exitCode, readFileSync(file('shared'), 'utf8')], [0, 'a'])
    assert.equal((await run(what)).exitCode, 0)
  })

  it('take the lock of a host that the play does not target, and only before a change', async () => {
    const what = program([{ steps: [put(1, { delegateTo: 'two' })], handlers: [] }], ['one', 'two'])
    what.plays[0]!.hosts = ['one']
    const taken = await run(what, 'apply', { taken: ['two'] })
    assert.equal(taken.exitCode, 3)
    assert.match(failuresOf(taken)[0]!, /^one: another run is working on two: bob@laptop/)
    writeFileSync(file('shared'), 'one')
    assert.equal((await run(what, 'apply', { taken: ['two'] })).exitCode, 0)
  })

  it('and others share the lock of a machine that has several names in the inventory', async () => {
    const steps = [put(1, { delegateTo: 'three' })]
    const what = program([{ steps, handlers: [] }], THREE)
    for (const host of what.inventory.hosts.values()) host.connection.address = '10.0.0.1'
    assert.equal((await run(what)).exitCode, 0)
  })

  it('fail the host that they are for when the other can not be reached', async () => {
    const what = program([{ steps: [put(1, { delegateTo: 'two' })], handlers: [] }], ['one', 'two'])
    what.plays[0]!.hosts = ['one']
    const ran = await run(what, 'apply', { down: ['two'] })
    assert.equal(ran.exitCode, 3)
    assert.match(failuresOf(ran)[0]!, /^one: two, which does it for this host: two is down/)
  })

  it('to a host that is not there are refused', async () => {
    const what = program([{ steps: [put(1, { delegateTo: 'tow' })], handlers: [] }], ['one', 'two'])
    assert.match(failuresOf(await run(what))[0]!, /'delegate_to' must name a host of the inventory.*"tow"/)
  })
})

describe('environment and secrecy of a step', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`

  it('is set for what it looks at and what it does, quoted, and is part of what is known', async () => {
    const greeting = "it's $HOME; `id`"
    const said = (number: number, environment: JsonObject) =>
      step(
        number,
        command,
        { cmd: 'printf %s "$GREETING"', changes: false },
        { environment, register: `said${number}` },
      )
    const steps = [
      said(1, { GREETING: '{{ greeting }}' }),
      said(2, {}),
      step(3, word, { file: file('a'), word: '{{ said1.stdout }}|{{ said2.stdout }}' }),
      step(4, command, { cmd: `printf %s "$N" > ${file('b')}` }, { environment: { N: 7 } }),
    ]
    const ran = await run(program([{ steps, handlers: [], vars: { greeting } }]))
    assert.deepEqual([ran.exitCode, readFileSync(file('a'), 'utf8')], [0, `${greeting}|`])
    assert.equal(readFileSync(file('b'), 'utf8'), '7')
  })

  it('whose names say so are masked', async () => {
    const steps = [
      step(1, command, { cmd: 'echo "$API_TOKEN" >&2; exit 3' }, { environment: { API_TOKEN: 'hush-hush' } }),
    ]
    const ran = await run(program([{ steps, handlers: [] }]))
    assert.ok(!JSON.stringify(ran.events).includes('hush-hush'))
  })

  it('shows nothing of a step that is not to be logged but its error', async () => {
    const cmd = 'echo found-it-out >&2; echo top-secret-word; exit 9'
    const noisy = step(1, command, { cmd }, { noLog: true, ignoreErrors: true, register: 'said' })
    const later = step(2, word, { file: file('a'), word: '{{ said.stderr }}' })
    const ran = await run(program([{ steps: [noisy, later], handlers: [] }]))
    const told = JSON.stringify(ran.events)
    for (const secret of ['found-it-out', 'top-secret-word']) assert.ok(!told.includes(secret), told)
    assert.deepEqual(failuresOf(ran), ['one: the command ended with exit code 9'])
    assert.ok(!ran.events.some((event) => event.type === 'step-output'))
  })
})

describe('hosts that wait for each other', () => {
  it('in a circle are told so, and nobody hangs', async () => {
    const waits = new Waits(() => undefined)
    waits.begin(['one', 'two', 'three'])
    const never = new Promise<void>(() => undefined)
    const wait = (host: string, from: string) =>
      waits
        .hold(host, `'x' of ${from}`, () => from, never)
        .then(
          () => 'came',
          (error) => (error instanceof TaskError ? error.message : String(error)),
        )
    const circle = [wait('one', 'two'), wait('two', 'one')]
    void wait('three', 'one')
    const message = "nobody can go on: one waits for 'x' of two, two waits for 'x' of one"
    assert.deepEqual(await Promise.all(circle), [message, message])
  })

  it('for one that has gone are told so', async () => {
    const waits = new Waits(() => undefined)
    waits.begin(['one', 'two'])
    const held = waits.hold('one', "'x' of two", () => 'two', new Promise<void>(() => undefined))
    waits.end('two')
    await assert.rejects(held, /nobody can go on: one waits for 'x' of two/)
  })
})
