import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { sh } from '../../src/base/shell.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Play, Step } from '../../src/load/program.ts'
import { batchesOf } from '../../src/run/batch.ts'
import command from '../../tasks/command.ts'
import { program, type Ran, run, step, useFolder, word } from './rig.ts'

const FOUR = ['one', 'two', 'three', 'four']

describe('batches', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const mine = '{{ inventory_hostname }}'
  const put = (number: number, name: string, more: Partial<Step> = {}, args: JsonObject = {}) =>
    step(number, word, { file: file(`${mine}.${name}`), word: name, ...args }, more)
  const on = (...hosts: string[]) => ({ when: [`inventory_hostname in ${JSON.stringify(hosts)}`] })
  const failing = (number: number, ...hosts: string[]) =>
    put(number, 'bad', on(...hosts), { script: 'exit 7' })
  const rolling = (steps: Step[], more: Partial<Play> = {}) =>
    program([{ steps, handlers: [], serial: [1], ...more }], FOUR)
  const ends = ({ events }: Ran) =>
    events.flatMap((event) => (event.type === 'host-end' ? [`${event.host} ${event.state}`] : []))
  const stop = ({ events }: Ran) => events.find((event) => event.type === 'run-stopped')

  it('have the sizes that are given, the last one repeated', () => {
    const hosts = Array.from({ length: 10 }, (_, at) => String(at))
    const sizes = (serial: (number | string)[]) => batchesOf(hosts, serial).map(({ length }) => length)
    assert.deepEqual(sizes([]), [10])
    assert.deepEqual(sizes([1, 3]), [1, 3, 3, 3])
    assert.deepEqual(sizes(['25%']), [2, 2, 2, 2, 2])
    assert.deepEqual(sizes([1, '50%']), [1, 5, 4])
    assert.deepEqual(
      sizes(['1%']),
      Array.from({ length: 10 }, () => 1),
    )
    assert.deepEqual(batchesOf([], [2]), [])
  })

  it('come one after the other, each with its handlers and its gate', async () => {
    const steps = [put(1, 'a', { notify: ['restart'] })]
    const handlers = [step(2, command, { cmd: sh`echo ${'restart'} >> ` + file('log') }, { name: 'restart' })]
    const gate = [step(3, command, { cmd: `echo gate ${mine} >> ${file('log')}` })]
    const ran = await run(rolling(steps, { handlers, gate }))
    assert.equal(ran.exitCode, 0)
    const order = ran.events.flatMap((event) => {
      if (event.type === 'batch-start') return [`${event.batch}/${event.batches} ${event.hosts.join(' ')}`]
      return event.type === 'step-end' && event.step.gate ? [`gate ${event.host}`] : []
    })
    assert.deepEqual(
      order.filter((line) => !line.startsWith('gate')),
      ['1/4 one', '2/4 two', '3/4 three', '4/4 four'],
    )
    assert.deepEqual([order[1], order.at(-1), order.length], ['gate one', 'gate four', 8])
    assert.deepEqual(ends(ran).length, 4)
    const log = readFileSync(file('log'), 'utf8').split('\n')
    assert.deepEqual(log.slice(0, 2), ['restart', 'gate one'])
  })

  it('of settled hosts cost one flight each, the gate included', async () => {
    const what = rolling([put(1, 'a')], { gate: [put(2, 'a')] })
    await run(what)
    assert.deepEqual((await run(what)).roundTrips, { one: 1, two: 1, three: 1, four: 1 })
  })

  it('after a gate that does not hold are not begun, and it is said why', async () => {
    const gate = [step(2, command, { cmd: `test ${mine} != two`, changes: false })]
    const plays = [
      { steps: [put(1, 'a')], handlers: [], serial: [1], gate },
      { steps: [put(1, 'b')], handlers: [] },
    ]
    const ran = await run(program(plays, FOUR))
    assert.equal(ran.exitCode, 3)
    assert.deepEqual(ends(ran), ['one done', 'two failed', 'three stopped', 'four stopped'])
    assert.deepEqual(
      [existsSync(file('two.a')), existsSync(file('three.a')), existsSync(file('one.b'))],
      [true, false, false],
    )
    const told = stop(ran)
    assert.deepEqual(told?.type === 'run-stopped' && [told.message, told.hosts], [
      'the gate does not hold on two',
      ['three', 'four'],
    ])
  })

  it('stop when more hosts fail than allowed', async () => {
    const half = { serial: [2], maxFailPercentage: 50 }
    const go = await run(rolling([failing(1, 'one')], half))
    assert.deepEqual([go.exitCode, stop(go)], [3, undefined])
    const halt = await run(rolling([failing(1, 'one')], { ...half, maxFailPercentage: 49 }))
    const told = stop(halt)
    assert.match(
      told?.type === 'run-stopped' ? told.message : '',
      /^1 of 2 failed in batch 1 of 2, more than the 49%/,
    )
    assert.deepEqual(ends(halt).slice(-2), ['three stopped', 'four stopped'])
  })

  it('stop when all hosts of one have failed', async () => {
    const ran = await run(rolling([failing(1, 'one'), put(2, 'a')]))
    assert.deepEqual([ran.exitCode, existsSync(file('two.a'))], [3, false])
  })

  it('are asked for their gate in a check, too: only applying can tell whether it will hold', async () => {
    const gate = [step(2, command, { cmd: `test -e ${file(`${mine}.a`)}`, changes: false })]
    const what = rolling([put(1, 'a')], { gate })
    const checked = await run(what, 'check')
    assert.equal(checked.exitCode, 2)
    assert.equal(checked.steps.filter((line) => line.endsWith('command 2 unknown')).length, 4)
    await run(what)
    const settled = await run(what, 'check')
    assert.deepEqual([settled.exitCode, settled.steps.at(-1)], [0, 'four command 2 ok'])
    const broken = rolling([put(1, 'a')], { gate: [step(2, command, { cmd: 'exit 1', changes: false })] })
    assert.equal((await run(broken, 'check')).exitCode, 3)
  })

  it('with any error fatal stop all hosts before their next step', async () => {
    const wait = step(2, command, { cmd: sh`while [ ! -e ${file('go')} ]; do sleep 0.01; done` }, on('two'))
    const steps = [failing(1, 'one'), wait, put(3, 'after')]
    const what = program([{ steps, handlers: [], anyErrorsFatal: true }], ['one', 'two'])
    const ran = await run(what, 'apply', {
      onEvent: (event) => {
        if (event.type === 'host-end' && event.host === 'one') writeFileSync(file('go'), '')
      },
    })
    assert.deepEqual([ran.exitCode, existsSync(file('two.after'))], [3, false])
    assert.deepEqual(ends(ran), ['one failed', 'two stopped'])
    assert.match(JSON.stringify(stop(ran)), /one failed, and any error is fatal here/)
  })

  it('with any error fatal stop what is only tried again', async () => {
    const retry = { retries: 1e6, delay: 0, backoff: 1 }
    const trying = step(2, command, { cmd: 'exit 1' }, { ...on('two'), retry })
    const what = program(
      [{ steps: [failing(1, 'one'), trying], handlers: [], anyErrorsFatal: true }],
      ['one', 'two'],
    )
    const ran = await run(what)
    assert.deepEqual([ran.exitCode, ends(ran)], [3, ['one failed', 'two stopped']])
    assert.ok(!JSON.stringify(ran.events).includes('"bug"'))
  })

  it('of later hosts are never waited for by earlier ones: that is an error at once', async () => {
    const telling = put(1, 'told', { register: 'seen' })
    const reading = put(2, 'copy', on('one'), { word: "{{ hostvars['four'].seen.word }}" })
    const ran = await run(rolling([telling, reading]))
    const failure = ran.events.flatMap((event) =>
      event.type === 'step-end' && event.failure ? [event.failure] : [],
    )[0]
    assert.equal(ran.exitCode, 3)
    assert.match(failure!.message, /'seen' of four never comes: four is in a later batch of the play/)
  })

  it('let later hosts read what earlier ones have told', async () => {
    const telling = put(1, 'told', { ...on('one'), register: 'seen' })
    const reading = put(2, 'copy', on('four'), { word: "{{ hostvars['one'].seen.word }}" })
    const ran = await run(rolling([telling, reading]))
    assert.deepEqual([ran.exitCode, readFileSync(file('four.copy'), 'utf8')], [0, 'told'])
  })
})
