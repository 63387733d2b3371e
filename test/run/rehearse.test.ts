import assert from 'node:assert/strict'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { defineTask, effect, type Probe } from '../../src/core/task.ts'
import { planFile } from '../../src/probe/filechange.ts'
import type { Step } from '../../src/load/program.ts'
import command from '../../tasks/command.ts'
import copy from '../../tasks/copy.ts'
import fileTask from '../../tasks/file.ts'
import stat from '../../tasks/stat.ts'
import { program, type Ran, run, step, useFolder } from './rig.ts'

const thing: Probe<string | null> = { key: 'thing:it', script: 'true', parse: () => null }

/** Changes something that is no file; what else it makes on the way nobody knows. */
const makeThing = defineTask({
  name: 'make_thing',
  summary: '',
  args: { type: 'object', additionalProperties: false, properties: {} },
  example: '',
  probes: () => ({ thing }),
  plan: (_args, facts) =>
    facts.thing === null
      ? [
          {
            summary: 'make it',
            actions: [{ do: 'run', script: 'true' }],
            effects: [effect<string | null>(thing, 'made')],
          },
        ]
      : [],
})

/** Makes that thing, and then a file that may need it. */
const makeBoth = defineTask({
  ...makeThing,
  name: 'make_both',
  args: { type: 'object', additionalProperties: false, properties: { path: { type: 'string' } } },
  plan: ({ path = '' }, facts) => [
    ...makeThing.plan({}, facts),
    ...planFile({ path, content: { text: 'x' } }, null),
  ],
})

describe('a check of what a change needs', () => {
  const folder = useFolder()
  const at = (name: string) => `${folder.path}/${name}`
  const put = (number: number, name: string, more = {}) =>
    step(number, copy, { dest: at(name), content: 'x', ...more })
  const directory = (number: number, name: string, more = {}) =>
    step(number, fileTask, { path: at(name), state: 'directory', ...more })
  const check = (...steps: Step[]) => run(program([{ steps, handlers: [] }]), 'check')
  const failures = ({ events }: Ran) =>
    events.flatMap((event) => (event.type === 'step-end' && event.failure ? [event.failure] : []))

  const certainties = ({ events }: Ran) =>
    events.flatMap((event) => (event.type === 'step-end' ? [event.certainty] : []))

  it('refuses a file in a directory that is not there, and makes nothing', async () => {
    const ran = await check(put(1, 'none/a'))
    const [failure] = failures(ran)
    assert.match(
      failure!.message,
      /^can't create \S+\/none\/a \(.*\): the directory \S+\/none doesn't exist$/,
    )
    assert.equal(failure!.hint, 'create it in an earlier step')
    assert.equal(ran.exitCode, 3)
    assert.ok(!existsSync(at('none')))
  })

  it('refuses a link in such a directory, too', async () => {
    const link = step(1, fileTask, { path: at('none/link'), state: 'link', target: '/etc' })
    assert.match(failures(await check(link))[0]!.message, /the directory \S+\/none doesn't exist/)
  })

  it('knows of directories that earlier steps would make, and of those above them', async () => {
    const ran = await check(directory(1, 'a/b/c'), put(2, 'a/b/c/one'), put(3, 'a/two'))
    assert.deepEqual(ran.steps, ['one file 1 changed', 'one copy 2 changed', 'one copy 3 changed'])
  })

  it('leaves it open after a change that may make more than it says', async () => {
    const ran = await check(step(1, makeThing, {}), put(2, 'none/a'))
    assert.deepEqual(failures(ran), [])
    const other = await check(step(1, command, { cmd: 'mkdir none' }), put(2, 'none/a'))
    assert.deepEqual(failures(other), [])
    assert.deepEqual(failures(await check(step(1, makeBoth, { path: at('none/a') }))), [])
  })

  it('knows of what goes with a directory that earlier steps would remove', async () => {
    mkdirSync(at('a/b'), { recursive: true })
    const gone = step(1, fileTask, { path: at('a'), state: 'absent', recurse: true })
    assert.match(
      failures(await check(gone, put(2, 'a/b/c')))[0]!.message,
      /the directory \S+\/a\/b doesn't exist/,
    )
    writeFileSync(at('a/b/c'), 'x')
    const anew = await check(gone, directory(2, 'a/b'), put(3, 'a/b/c'), directory(4, 'a'))
    assert.deepEqual(anew.steps.slice(1), ['one file 2 changed', 'one copy 3 changed', 'one file 4 ok'])
  })

  it('leaves open what is seen through a link that earlier steps would turn', async () => {
    for (const name of ['old', 'new']) mkdirSync(at(name))
    writeFileSync(at('old/a'), 'x')
    symlinkSync('old', at('now'))
    const turn = step(1, fileTask, { path: at('now'), state: 'link', target: 'new' })
    const ran = await check(turn, put(2, 'now/a'), put(3, 'now/none/a'), put(4, 'old/a'))
    assert.deepEqual(ran.steps.slice(1), ['one copy 2 unknown', 'one copy 3 changed', 'one copy 4 ok'])
    assert.equal(certainties(ran)[2], 'provisional')
  })

  it('leaves open what a command that has not run would make', async () => {
    const made = step(1, command, { cmd: 'make it', creates: at('it') })
    const seen = step(2, stat, { path: at('it') }, { register: 'it' })
    const when = ['it.stat.exists', 'it.stat.isdir']
    const ran = await check(made, seen, put(3, 'it'), { ...put(4, 'b'), when })
    assert.doesNotMatch(JSON.stringify(ran.events), /now:/)
  })

  it('refuses owners and groups that the host does not know', async () => {
    const words = async (one: Step) => failures(await check(one))[0]
    const owner = await words(put(1, 'a', { owner: 'nobody-here' }))
    assert.match(owner!.message, /^can't create \S+\/a \(.*\): there is no user 'nobody-here'$/)
    assert.equal(owner!.hint, 'correct the name, or create the user in an earlier step')
    const group = await words(directory(1, 'a', { group: 'none-here' }))
    assert.match(group!.message, /there is no group 'none-here'$/)
    assert.deepEqual(failures(await check(put(1, 'a', { owner: 'root', group: 'root' }))), [])
  })
})
