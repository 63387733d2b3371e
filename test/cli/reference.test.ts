import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { playbookTypes } from '../../src/build/playbooktypes.ts'
import { taskIndex, taskReference, taskReferenceText } from '../../src/cli/reference.ts'
import { defineTask } from '../../src/core/task.ts'
import { editorSchema } from '../../src/load/editor/editorschemas.ts'
import { loadTask, taskNames } from '../../src/load/library.ts'
import { noColours } from '../../src/render/colour.ts'

const task = defineTask({
  name: 'demo',
  summary: 'Does nothing, in many words that do not fit into one line of forty columns.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string', description: 'A path | pipe.' },
      kind: { enum: ['one', 'no', 2], default: 'one', description: 'Which.' },
      port: { type: 'integer', minimum: 1, maximum: 65535, default: 22, description: 'A port.' },
      names: {
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
        description: 'Names.',
      },
      mirrors: {
        type: 'array',
        description: 'Mirrors.',
        items: {
          type: 'object',
          required: ['url'],
          properties: { url: { type: 'string', description: 'Where.' } },
        },
      },
    },
  },
  example: '- demo:\n    path: /x\n',
  returns: {
    ports: {
      type: 'array',
      description: 'What is open.',
      items: { type: 'object', properties: { port: { type: ['integer', 'null'], description: 'Number.' } } },
    },
  },
  probes: () => ({}),
  plan: () => [],
})

describe('reference of a task', () => {
  it('as Markdown has a row for each argument and each result', () => {
    assert.deepEqual(
      taskReference(task)
        .split('\n')
        .filter((line) => line.startsWith('| ')),
      [
        '| argument | type | default | meaning |',
        '| `path` | string | required | A path \\| pipe. |',
        '| `kind` | one or "no" or 2 | `one` | Which. |',
        '| `port` | integer, 1 to 65535 | `22` | A port. |',
        '| `names` | string or list of strings |  | Names. |',
        '| `mirrors` | list of mappings |  | Mirrors. |',
        '| `mirrors[].url` | string | required | Where. |',
        '| result | type | meaning |',
        '| `ports` | list of mappings | What is open. |',
        '| `ports[].port` | integer or null | Number. |',
        '| `changed` | boolean | Whether the step changed something. |',
        '| `failed` | boolean | Whether it failed. |',
        '| `msg` | string | Why it failed; only then. |',
        '| `skipped` | boolean | Whether its condition left it out; it then returns nothing else. |',
      ],
    )
    assert.match(taskReference(task), /```yaml\n- demo:\n {4}path: \/x\n```/)
  })

  it('as text fits into the terminal', () => {
    const lines = taskReferenceText(task, noColours, 40).split('\n')
    assert.deepEqual(
      lines.filter((line) => line.length > 40),
      [],
    )
    assert.deepEqual(lines.slice(0, 8), [
      'demo: Does nothing, in many words that',
      'do not fit into one line of forty',
      'columns.',
      '',
      'Arguments',
      '  path  string, required',
      '      A path | pipe.',
      '  kind  one or "no" or 2, default one',
    ])
  })

  it('as text fits into a narrow terminal for every task, but for its example', async () => {
    for (const name of taskNames()) {
      const one = await loadTask(name)
      const text = taskReferenceText({ ...one, example: '' }, noColours, 70)
      assert.deepEqual(
        text.split('\n').filter((line) => line.length > 70),
        [],
        name,
      )
      assert.ok(taskReferenceText(one, noColours, 70).includes(one.example.split('\n')[0]!))
    }
  })

  it('is published for every task, and for none else', async () => {
    for (const name of taskNames()) {
      const page = `docs/tasks/${name}.md`
      const published = existsSync(page) ? readFileSync(page, 'utf8') : ''
      assert.equal(
        published,
        taskReference(await loadTask(name)),
        `${page}: run npx tsx src/build/reference.ts`,
      )
    }
    assert.deepEqual(readdirSync('docs/tasks').sort(), [
      'README.md',
      ...taskNames().map((name) => `${name}.md`),
    ])
    assert.equal(
      readFileSync('docs/tasks/README.md', 'utf8'),
      taskIndex(await Promise.all(taskNames().map(loadTask))),
      'docs/tasks/README.md: run npx tsx src/build/reference.ts',
    )
  })

  it('has the types of playbooks in TypeScript', async () => {
    const tasks = await Promise.all(taskNames().map(loadTask))
    assert.equal(
      readFileSync('schemas/playbook.d.ts', 'utf8'),
      playbookTypes(editorSchema('playbook', tasks)),
      'schemas/playbook.d.ts: run npx tsx src/build/reference.ts',
    )
  })

  it('describes every argument of every task', async () => {
    for (const name of taskNames()) {
      assert.doesNotMatch(taskReference(await loadTask(name)), /\| {2}\|$/m, name)
    }
  })
})
