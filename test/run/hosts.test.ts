import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type Circumstances, program, type Ran, run, step, useFolder, word } from './rig.ts'
import { sh } from '../../src/base/shell.ts'
import type { Program, Step } from '../../src/load/program.ts'

const HOSTS = ['one', 'two', 'three']

describe('many hosts', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const mine = '{{ inventory_hostname }}'
  const put = (number: number, name: string, more: Partial<Step> = {}) =>
    step(number, word, { file: file(`${mine}.${name}`), word: name }, more)
  const awaiting = (number: number, name: string, awaited: string, more: Partial<Step> = {}) => {
    const script = sh`while [ ! -e ${file(awaited)} ]; do sleep 0.01; done; sleep 0.05; `
    const write = `printf %s ${name} > ${file(`${mine}.${name}`)}`
    return step(number, word, { file: file(`${mine}.${name}`), word: name, script: script + write }, more)
  }
  const on = (host: string) => ({ when: [`inventory_hostname == '${host}'`] })
  const stepsOf = ({ steps }: Ran, host: string) => steps.filter((line) => line.startsWith(`${host} `))
  const at = ({ events }: Ran, wanted: (event: Ran['events'][number]) => boolean) =>
    events.flatMap((event, index) => (wanted(event) ? [index] : []))

  it('do not wait for each other within a play', async () => {
    const steps = [awaiting(1, 'a', 'two.c', on('one')), put(2, 'b'), put(3, 'c')]
    const ran = await run(program([{ steps, handlers: [] }], ['one', 'two']))
    assert.equal(ran.exitCode, 0)
    assert.deepEqual(stepsOf(ran, 'one').at(-1), 'one word 3 changed')
  })

  it('begin a play only when all have ended the one before', async () => {
    const plays = [{ steps: [awaiting(1, 'a', 'two.b', on('one')), put(2, 'b')] }, { steps: [put(1, 'c')] }]
    const ran = await run(
      program(
        plays.map((play) => ({ ...play, handlers: [] })),
        HOSTS,
      ),
    )
    assert.equal(ran.exitCode, 0)
    const ends = at(ran, (event) => event.type === 'host-end' && event.play === 0)
    const starts = at(ran, (event) => event.type === 'step-start' && event.step.play === 1)
    assert.deepEqual([ends.length, starts.length], [3, 3])
    assert.ok(Math.max(...ends) < Math.min(...starts))
  })

  it('are worked on so many at a time as there are forks', async () => {
    const plays = [{ steps: [put(1, 'a'), put(2, 'b')], handlers: [] }]
    const alone = await run(program(plays, HOSTS), 'apply', { forks: 1 })
    const order = alone.steps.map((line) => line.split(' ')[0])
    assert.deepEqual(order, ['one', 'one', 'two', 'two', 'three', 'three'])
  })

  it('that fail drop out; the others go on', async () => {
    const bad = step(1, word, { file: file('bad'), word: 'x', script: 'exit 7' }, on('two'))
    const plays = [{ steps: [bad, put(2, 'a')] }, { steps: [put(1, 'b')] }]
    const ran = await run(
      program(
        plays.map((play) => ({ ...play, handlers: [] })),
        HOSTS,
      ),
    )
    assert.equal(ran.exitCode, 3)
    assert.deepEqual(stepsOf(ran, 'two'), ['two word 1 failed'])
    assert.deepEqual(stepsOf(ran, 'one'), ['one word 1 skipped', 'one word 2 changed', 'one word 1 changed'])
    const second = ran.events.find((event) => event.type === 'play-start' && event.play === 1)
    assert.deepEqual(second?.type === 'play-start' && second.hosts, ['one', 'three'])
  })

  it('that can not be reached are told apart from those that fail', async () => {
    const plays = [{ steps: [put(1, 'a')], handlers: [] }]
    const ran = await run(program(plays, HOSTS), 'apply', { down: ['two'] })
    assert.equal(ran.exitCode, 4)
    assert.deepEqual([stepsOf(ran, 'two'), ran.steps.length], [[], 2])
    const [failure] = ran.events.flatMap((event) =>
      event.type === 'host-unreachable' ? [event.failure] : [],
    )
    assert.deepEqual([failure!.kind, failure!.message], ['connect', 'two is down'])
    const bad = step(2, word, { file: file('bad'), word: 'x', script: 'exit 7' }, on('one'))
    const both = program([{ steps: [put(1, 'a'), bad], handlers: [] }], HOSTS)
    assert.equal((await run(both, 'apply', { down: ['two'] })).exitCode, 3)
  })

  it('see in a later play what another host has changed', async () => {
    const shared = step(1, word, { file: file('shared'), word: 'x' })
    const plays = [{ steps: [shared] }, { steps: [shared] }].map((play) => ({ ...play, handlers: [] }))
    const what = program(plays, ['one', 'two'])
    what.plays[0]!.hosts = ['one']
    what.plays[1]!.hosts = ['two']
    assert.deepEqual((await run(what)).steps, ['one word 1 changed', 'two word 1 ok'])
  })

  describe('values of other hosts', () => {
    const reading = (number: number, more: Partial<Step> = {}) =>
      step(number, word, { file: file(`${mine}.copy`), word: "{{ hostvars['one'].seen.word }}" }, more)
    const telling = (): Program =>
      program(
        [
          {
            steps: [
              awaiting(1, 'ready', 'go', on('one')),
              put(2, 'told', { ...on('one'), register: 'seen' }),
              reading(3, on('two')),
            ],
            handlers: [],
          },
        ],
        ['one', 'two'],
      )
    const opening: Circumstances['onEvent'] = (event) => {
      if (event.type === 'step-progress' && event.host === 'two') writeFileSync(file('go'), '')
    }

    it('are waited for, and nothing else is', async () => {
      const ran = await run(telling(), 'apply', { onEvent: opening })
      assert.equal(ran.exitCode, 0)
      assert.equal(readFileSync(file('two.copy'), 'utf8'), 'told')
      const waiting = ran.events.flatMap((event) => (event.type === 'step-progress' ? [event.message] : []))
      assert.deepEqual(waiting, ['waiting for seen of one'])
    })

    it('never come when that host fails: who waits for one fails with that reason', async () => {
      const what = telling()
      what.plays[0]!.steps[0] = step(1, word, { file: file('x'), word: 'x', script: 'exit 7' }, on('one'))
      const ran = await run(what)
      assert.equal(ran.exitCode, 3)
      const failures = ran.events.flatMap((event) =>
        event.type === 'step-end' && event.host === 'two' && event.failure ? [event.failure.message] : [],
      )
      assert.deepEqual(failures, ['one failed before it could tell its values'])
    })

    it('are read from a host outside the run, which is not changed', async () => {
      writeFileSync(file('one.told'), 'as it is')
      const what = telling()
      what.plays[0]!.hosts = ['two']
      const ran = await run(what)
      assert.equal(ran.exitCode, 0)
      assert.equal(readFileSync(file('two.copy'), 'utf8'), 'as it is')
      assert.equal(readFileSync(file('one.told'), 'utf8'), 'as it is')
      const ofOne = ran.events.filter((event) => 'host' in event && event.host === 'one')
      assert.deepEqual(ofOne, [])
      assert.ok(
        ran.events.some((event) => event.type === 'notice' && /reading 'seen' of one/.test(event.message)),
      )
    })

    it('are those of a step that is left out where its condition says so, also outside the run', async () => {
      const what = telling()
      what.plays[0]!.hosts = ['two']
      Object.assign(what.plays[0]!.steps[1]!, { when: ["inventory_hostname == 'two'"] })
      Object.assign(what.plays[0]!.steps[2]!, { when: ['not hosts.one.seen.skipped'] })
      const ran = await run(what)
      assert.equal(ran.exitCode, 0)
      assert.equal(existsSync(file('two.copy')), false)
    })

    it('are not read where they depend on the item of a looping block', async () => {
      const what = telling()
      const inside = { ...what.plays[0]!.steps[1]!, outerItems: ['which'], loopVar: 'item' }
      inside.args = { file: file('{{ which }}'), word: 'told' }
      const first = inside
      const looping = { body: [inside], rescue: [], always: [], loopVar: 'which', loop: ['a'], first }
      what.plays[0]!.steps[1] = inside
      what.plays[0]!.flow = [looping, what.plays[0]!.steps[2]!]
      what.plays[0]!.hosts = ['two']
      const ran = await run(what)
      assert.match(JSON.stringify(ran.events), /'seen' of one can't be read without a run on it/)
    })

    it('that can not be read fail the host that asks, not as unreachable', async () => {
      const what = telling()
      what.plays[0]!.hosts = ['two']
      const ran = await run(what, 'apply', { down: ['one'] })
      assert.equal(ran.exitCode, 3)
      assert.equal(existsSync(file('two.copy')), false)
    })
  })
})
