import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { sh } from '../../src/base/shell.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { program, type Ran, run, step, useFolder, word } from './rig.ts'

describe('a step cut short', () => {
  const folder = useFolder()
  const file = (name: string) => `${folder.path}/${name}`
  const count = () => sh`echo . >> ${file('times')}; `
  const times = () => (existsSync(file('times')) ? readFileSync(file('times'), 'utf8').length / 2 : 0)
  const stepping = (args: JsonObject) =>
    program([
      {
        steps: [
          step(1, word, { file: file('a'), word: 'x', ...args }),
          step(2, word, { file: file('b'), word: 'b' }),
        ],
        handlers: [],
      },
    ])
  const failureOf = ({ events }: Ran) =>
    events.flatMap((event) => (event.type === 'step-end' && event.failure ? [event.failure] : []))[0]

  /** Runs, and interrupts as soon as the action has said something. */
  async function interrupted(args: JsonObject): Promise<Ran> {
    const control = new AbortController()
    return run(stepping(args), 'apply', {
      signal: control.signal,
      onEvent: (event) => event.type === 'step-output' && control.abort(),
    })
  }

  it('by the user ends its processes and starts nothing more', async () => {
    const ran = await interrupted({ script: `${count()}echo begun; sleep 60; ${count()}` })
    assert.equal(ran.exitCode, 130)
    assert.deepEqual([times(), existsSync(file('b'))], [1, false])
    assert.equal(failureOf(ran)?.kind, 'interrupted')
  })

  it('by the user is let finish when it must not be cut short', async () => {
    const finish = sh`printf x > ${file('a')}`
    const ran = await interrupted({ atomic: true, script: `echo begun; sleep 0.3; ${finish}` })
    assert.equal(ran.exitCode, 130)
    assert.deepEqual([readFileSync(file('a'), 'utf8'), existsSync(file('b'))], ['x', false])
  })

  it('by a lost connection is looked at again: what was done counts as done', async () => {
    const done = sh`printf x > ${file('a')}; kill -9 $$`
    const ran = await run(stepping({ script: `${count()}${done}` }))
    assert.deepEqual([ran.exitCode, times()], [0, 1])
    assert.deepEqual(ran.steps, ['one word 1 changed', 'one word 2 changed'])
  })

  it('by a lost connection is never run again blindly', async () => {
    const ran = await run(stepping({ script: `${count()}kill -9 $$` }))
    assert.deepEqual([ran.exitCode, times(), existsSync(file('b'))], [3, 1, false])
    assert.match(failureOf(ran)!.message, /whether it was done is unknown/)
  })
})

describe('secrets in a run', () => {
  const folder = useFolder()

  it('are masked in what actions print, in changes and in failures', async () => {
    const token = 'K10-very-secret'
    const args = { file: `${folder.path}/a`, word: token, token, script: `echo ${token} >&2; exit 3` }
    const ran = await run(program([{ steps: [step(1, word, args)], handlers: [] }]))
    assert.equal(ran.exitCode, 3)
    const told = JSON.stringify(ran.events)
    assert.ok(!told.includes(token), told)
    assert.match(told, /step-output.*\*{8}/)
  })
})
