import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { JsonObject } from '../../src/core/json.ts'
import { defineTask } from '../../src/core/task.ts'
import { explainArgs } from '../../src/load/check/argfaults.ts'
import { argsErrors, prepareChecks } from '../../src/load/check/checks.ts'
import { loadTask, taskNames } from '../../src/load/library.ts'
import { compileValidators } from '../../src/load/check/validators.ts'

const task = defineTask({
  name: 'thing',
  summary: 'A task to test with.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string', minLength: 1, description: 'Absolute path.' },
      state: { enum: ['present', 'absent'] },
      mode: { type: 'string', pattern: '^0[0-7]{3,4}$' },
      version: { type: 'string' },
      count: { type: 'integer', minimum: 1, maximum: 5 },
      on: { type: 'boolean' },
      names: { type: 'array', items: { type: 'string' }, uniqueItems: true, minItems: 1 },
      token: { type: 'string', format: 'secret', pattern: '^K' },
      either: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
      src: { type: 'string' },
      content: { type: 'string' },
      options: { type: 'object', additionalProperties: false, properties: { force: { type: 'boolean' } } },
    },
    not: { required: ['src', 'content'] },
    dependentRequired: { version: ['state'] },
  },
  example: '',
  probes: () => ({}),
  plan: () => [],
})

const faults = (args: JsonObject): string[] =>
  explainArgs(task, args, argsErrors(task, args)).map(
    ({ pointer, message, hint }) => `${pointer} ${message} [${hint ?? ''}]`,
  )

describe('arguments', () => {
  before(() => prepareChecks([task]))

  const table: [string, JsonObject, RegExp][] = [
    ['missing', {}, /^ thing lacks 'path' \[Absolute path\.\]$/],
    [
      'unknown',
      { path: '/x', staet: 'x' },
      /^\/staet#key 'staet' is not an argument of thing \[did you mean 'state'\?\]$/,
    ],
    [
      'mistyped and so missing',
      { pathh: '/x' },
      /^\/pathh#key 'pathh' is not an argument of thing \[did you mean 'path'\?\]$/,
    ],
    [
      'unknown inside',
      { path: '/x', options: { frce: true } },
      /^\/options\/frce#key 'frce' is not an argument of 'options' \[did you mean 'force'/,
    ],
    ['number for text', { path: 5 }, /^\/path 'path' must be text, not a number \[quote it: "5"\]$/],
    [
      'mode',
      { path: '/x', mode: 644 },
      /^\/mode 'mode' must be text, not a number \[quote it, with its zero: "0644"\]$/,
    ],
    ['mode without zero', { path: '/x', mode: '644' }, /^\/mode 'mode' can't be '644' \[write "0644"\]$/],
    [
      'version',
      { path: '/x', version: 1.3, state: 'present' },
      /'version' must be text, not a number \[quote it, e\.g\. "1\.30"/,
    ],
    [
      'enum',
      { path: '/x', state: 'presnt' },
      /^\/state 'state' can't be 'presnt' \[one of present, absent\]$/,
    ],
    [
      'text for a boolean',
      { path: '/x', on: 'yes' },
      /'on' must be true or false, not text \[write true or false, without quotes\]$/,
    ],
    ['too small', { path: '/x', count: 0 }, /^\/count 'count' must be at least 1/],
    ['too large', { path: '/x', count: 9 }, /'count' must be at most 5/],
    ['fraction', { path: '/x', count: 1.5 }, /'count' must be a whole number, not a number/],
    ['empty', { path: '' }, /^\/path 'path' must not be empty/],
    ['empty list', { path: '/x', names: [] }, /'names' must not be empty/],
    ['twice the same', { path: '/x', names: ['a', 'a'] }, /'names' holds the same item twice/],
    ['item of a list', { path: '/x', names: ['a', 5] }, /^\/names\/1 '1' must be text, not a number/],
    ['alternatives', { path: '/x', either: 5 }, /^\/either 'either' must be text or a list, not 5/],
    ['exclusive', { path: '/x', src: 'a', content: 'b' }, /thing holds arguments that exclude each other/],
    ['dependent', { path: '/x', version: '1' }, /'version' needs 'state' beside it/],
  ]
  for (const [name, args, expected] of table)
    it(`explain: ${name}`, () => {
      const found = faults(args)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] as string, expected)
    })

  it('tell several mistakes at once', () => assert.equal(faults({ mode: 1, on: 1, x: 1 }).length, 4))

  it('never show a secret', () => {
    const found = faults({ path: '/x', token: 'hunter2' }).join()
    assert.match(found, /'token' can't be this value/)
    assert.doesNotMatch(found, /hunter2/)
  })

  it('are checked the same way by validators compiled ahead', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'validators-'))
    const file = join(folder, 'validators.cjs')
    const source = compileValidators([task]).replaceAll(/require\("(ajv[^"]*)"\)/g, (_, name: string) => {
      return `require(${JSON.stringify(resolve('node_modules', name))})`
    })
    await writeFile(file, source)
    const { thing } = createRequire(file)(file) as { thing: { (args: unknown): boolean; errors?: unknown[] } }
    for (const [name, args] of table) {
      assert.equal(thing(args), false, name)
      assert.deepEqual(thing.errors, argsErrors(task, args), name)
    }
    assert.equal(thing({ path: '/x' }), true)
  })
})

describe('library', () => {
  it('finds every task by its file, and its file by its name', async () => {
    const names = taskNames()
    assert.ok(names.includes('file') && names.includes('copy'))
    for (const name of names) assert.equal((await loadTask(name)).name, name)
  })
  it('compiles a validator for every task', async () => {
    const tasks = await Promise.all(taskNames().map(loadTask))
    const source = compileValidators(tasks)
    for (const { name } of tasks) assert.match(source, new RegExp(`exports\\.${name} = `))
  })
})
