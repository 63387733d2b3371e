import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { sh } from '../../src/base/shell.ts'
import waitFor from '../../tasks/wait_for.ts'
import { program, run, step, useFolder, word } from './rig.ts'

describe('the loop that check and apply share', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const words = (...names: string[]) =>
    names.map((name, i) => step(i + 1, word, { file: file(name), word: name }))

  it('check plans exactly what apply does, and a second apply does nothing', async () => {
    const steps = words('a', 'b', 'c')
    const what = program([{ steps, handlers: [] }])
    const checked = await run(what, 'check')
    assert.equal(checked.exitCode, 2)
    assert.deepEqual(readdirSync(folder.path), [])
    const applied = await run(what)
    assert.equal(applied.exitCode, 0)
    assert.deepEqual(applied.changes, checked.changes)
    assert.equal(readFileSync(file('c'), 'utf8'), 'c')
    const again = await run(what)
    assert.deepEqual([again.changes, again.exitCode], [[], 0])
    assert.equal((await run(what, 'check')).exitCode, 0)
  })

  it('a settled host costs one flight, however many steps and plays there are', async () => {
    const plays = [
      { steps: words('a', 'b', 'c'), handlers: [] },
      { steps: words('d', 'e'), handlers: [] },
    ]
    await run(program(plays))
    const { roundTrips } = await run(program(plays))
    assert.deepEqual(roundTrips, { one: 1 })
  })

  it('a changed step costs one flight: the next look rides on the change', async () => {
    const plays = [{ steps: words('a', 'b', 'c'), handlers: [] }]
    const { roundTrips } = await run(program(plays))
    assert.deepEqual(roundTrips, { one: 1 + 3 })
  })

  it('later steps of a check see what earlier ones would have made', async () => {
    const twice = [
      step(1, word, { file: file('a'), word: 'x' }),
      step(2, word, { file: file('a'), word: 'x' }),
      step(3, word, { file: file('a'), word: 'y' }),
    ]
    const { steps, events } = await run(program([{ steps: twice, handlers: [] }]), 'check')
    assert.deepEqual(steps, ['one word 1 changed', 'one word 2 ok', 'one word 3 changed'])
    const certainties = events.flatMap((event) => (event.type === 'step-end' ? [event.certainty] : []))
    assert.deepEqual(certainties, ['observed', 'predicted', 'predicted'])
  })

  it('what follows an opaque change is provisional', async () => {
    const steps = [
      step(1, word, { file: file('a'), word: 'x', opaque: true }),
      ...words('b').map((s) => ({ ...s, number: 2 })),
    ]
    const { events } = await run(program([{ steps, handlers: [] }]), 'check')
    const certainties = events.flatMap((event) => (event.type === 'step-end' ? [event.certainty] : []))
    assert.deepEqual(certainties, ['observed', 'provisional'])
  })

  it('a change that does not lead where it said fails the step and the host', async () => {
    const steps = [
      step(1, word, { file: file('a'), word: 'x', script: ':' }),
      step(2, word, { file: file('b'), word: 'b' }),
    ]
    const ran = await run(program([{ steps, handlers: [] }]))
    assert.equal(ran.exitCode, 3)
    assert.deepEqual(ran.steps, ['one word 1 failed'])
    const failure = ran.events.flatMap((event) => (event.type === 'step-end' ? [event.failure!] : []))[0]!
    assert.match(failure.message, /did not converge: .*write x/)
    assert.match(failure.hint!, /did not lead to what it was to leave/)
    assert.equal(existsSync(file('b')), false)
  })

  it('waiting for what changes have set going is no change of its own, whether it took time or not', async () => {
    const soon = sh`(sleep 0.5; touch ${file('there')}) >/dev/null 2>&1 & printf x > ${file('a')}`
    const wait = step(2, waitFor, { command: sh`test -e ${file('there')}`, timeout: 20 })
    const steps = [step(1, word, { file: file('a'), word: 'x', script: soon }), wait]
    const what = program([{ steps, handlers: [] }])
    const ends = ['one word 1 changed', 'one wait_for 2 ok']
    assert.deepEqual((await run(what, 'check')).steps, ends)
    assert.deepEqual((await run(what)).steps, ends)
    assert.equal(existsSync(file('there')), true)
    rmSync(file('there'))
    const late = await run(what, 'check')
    assert.deepEqual([late.steps.at(-1), late.exitCode], ['one wait_for 2 changed', 2])
  })

  it('values that a step registers are data for the next ones, and never templates', async () => {
    writeFileSync(file('a'), '{{ 1 + 1 }}')
    const steps = [
      step(1, word, { file: file('a'), word: '{{ "{{ 1 + 1 }}" }}' }, { register: 'seen' }),
      step(2, word, { file: file('b'), word: '{{ seen.word }}' }),
    ]
    const ran = await run(program([{ steps, handlers: [] }]))
    assert.equal(ran.exitCode, 0)
    assert.equal(readFileSync(file('b'), 'utf8'), '{{ 1 + 1 }}')
  })

  it('an error that is nobody’s fault but ours keeps its stack', async () => {
    const steps = [step(1, word, { file: file('a'), word: 'x', refuse: 'boom', bug: true })]
    const ran = await run(program([{ steps, handlers: [] }]))
    const failure = ran.events.flatMap((event) => (event.type === 'step-end' ? [event.failure!] : []))[0]!
    assert.equal(failure.kind, 'bug')
    assert.match(failure.stack!, /boom/)
  })

  it('an interrupted run exits 130 and starts nothing more', async () => {
    const controller = new AbortController()
    controller.abort()
    const ran = await run(program([{ steps: words('a'), handlers: [] }]), 'apply', {
      signal: controller.signal,
    })
    assert.deepEqual([ran.exitCode, ran.steps], [130, []])
  })
})

describe('handlers', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`

  function notifying(fails: boolean) {
    const steps = [
      step(1, word, { file: file('conf'), word: 'new' }, { notify: ['restart'] }),
      step(2, word, { file: file('other'), word: 'x', ...(fails ? { script: ':' } : {}) }),
    ]
    const handler = step(3, word, { file: file('restarted'), word: 'yes' }, { name: 'restart' })
    return program([{ steps, handlers: [handler] }])
  }

  it('run once at the end of the play, only when notified', async () => {
    assert.deepEqual((await run(notifying(false))).steps, [
      'one word 1 changed',
      'one word 2 changed',
      'one restart changed',
    ])
    assert.deepEqual((await run(notifying(false))).steps, ['one word 1 ok', 'one word 2 ok'])
  })

  it('survive a run that failed after the change: the next run completes them, and only once', async () => {
    assert.equal((await run(notifying(true))).exitCode, 3)
    assert.equal(existsSync(file('restarted')), false)
    const second = await run(notifying(false))
    assert.deepEqual(second.steps, ['one word 1 ok', 'one word 2 changed', 'one restart changed'])
    assert.deepEqual(readdirSync(`${folder.path}/.local/state/provision/pending`), [])
    assert.deepEqual((await run(notifying(false))).steps, ['one word 1 ok', 'one word 2 ok'])
  })

  it('are still remembered after a check that lists them', async () => {
    await run(notifying(true))
    const checked = await run(notifying(false), 'check')
    assert.deepEqual(checked.changes, ['write x', 'write yes'])
    assert.equal((await run(notifying(false))).steps.at(-1), 'one restart changed')
  })

  it('are part of what a check lists', async () => {
    const { changes } = await run(notifying(false), 'check')
    assert.deepEqual(changes, ['write new', 'write x', 'write yes'])
  })
})
