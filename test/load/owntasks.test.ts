import assert from 'node:assert/strict'
import { explains, type Files, faults, load, ownCache, stepsOf, tasks } from './written.ts'

/** A task of one argument that keeps a text in a file; `changes` are put in place of what it says. */
function motd(...changes: [string, string][]): string {
  return changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from)
    return text.replace(from, to)
  }, MOTD)
}

const MOTD = `import { defineTask, fileProbe, planFile, TaskError } from 'provision'

export default defineTask({
  name: 'motd',
  summary: 'Says something to who logs in.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['text'],
    properties: {
      text: { type: 'string', description: 'What is said.' },
      path: { type: 'string', default: '/etc/motd', description: 'Where.' },
    },
  },
  example: '- motd: { text: Hello }',
  probes: ({ path }) => ({ file: fileProbe(path) }),
  plan({ text, path }, { file }) {
    if (text === '') throw new TaskError('nothing to say')
    return planFile({ path, content: { text } }, file)
  },
})
`

const USE = tasks('- motd: { text: Hello }')

function wrong(task: string): Files {
  return { 'p.yaml': USE, 'tasks/motd.ts': task }
}

function edited(from: string, to: string): Files {
  return wrong(motd([from, to]))
}

describe('tasks of the user', function () {
  // The first one compiles the compiler.
  this.timeout(20_000)
  ownCache()

  it('are found beside the playbook, with types erased, and checked as the built-in ones', async () => {
    const [step] = await stepsOf({ 'p.yaml': USE, 'tasks/motd.ts': MOTD })
    assert.equal(step?.task.name, 'motd')
    const { task } = step!
    const args = { text: 'Hello', path: '/etc/motd' }
    assert.deepEqual(
      task.plan(args, { file: null }).map(({ summary }) => summary),
      ['create /etc/motd (0644, 5 bytes)'],
    )
    assert.deepEqual(Object.keys(task.probes(args)), ['file'])
  })

  it('belong to a role that has them, and are not known outside of it', async () => {
    const files = {
      'roles/web/tasks/main.yaml': '- motd: { text: Hello }\n',
      'roles/web/tasks/motd.ts': MOTD,
    }
    const play = '- hosts: all\n  roles: [web]\n'
    assert.equal((await stepsOf({ 'p.yaml': play, ...files }))[0]?.task.name, 'motd')
    const [fault] = await faults({ 'p.yaml': `${play}  tasks:\n    - motd: { text: Hello }\n`, ...files })
    assert.match(fault!, /^p\.yaml:4:7 there is no task 'motd'/)
  })

  it('may import files beside them', async () => {
    const from = "import { greeting } from './lib/greeting.ts'\n"
    const files = { 'tasks/lib/greeting.ts': "export const greeting: string = '- motd: { text: Hi }'\n" }
    const task = from + motd(["'- motd: { text: Hello }'", 'greeting'])
    const [step] = await stepsOf({ 'p.yaml': USE, 'tasks/motd.ts': task, ...files })
    assert.equal(step?.task.example, '- motd: { text: Hi }')
  })

  it('that nobody uses are not even read', async () => {
    await load({ 'p.yaml': tasks('- debug: { message: x }'), 'tasks/motd.ts': 'throw new Error()' })
  })

  describe('mistakes in their use', () => {
    const beside = { 'tasks/motd.ts': MOTD }
    explains([
      [
        'a wrong argument',
        { 'p.yaml': tasks('- motd: { text: 3 }'), ...beside },
        /^p\.yaml:3:21 'text' must be text/,
      ],
      [
        'one that is unknown',
        { 'p.yaml': tasks('- motd: { text: x, txt: y }'), ...beside },
        /^p\.yaml:3:24 'txt' is not an argument of motd \[did you mean 'text'\?\]$/,
      ],
      [
        'a name that is nearly right',
        { 'p.yaml': tasks('- motdd: { text: x }'), ...beside },
        /^p\.yaml:3:7 there is no task 'motdd' \[did you mean 'motd'\?\]$/,
      ],
    ])
  })

  describe('mistakes in their files', () => {
    const included = String.raw`\(included by p\.yaml:3\)`
    explains([
      [
        'syntax',
        edited("example: '-", "example: = '-"),
        new RegExp(`^tasks/motd\\.ts:15:12 this is no TypeScript: unexpected token ${included}`),
      ],
      [
        'no default export',
        edited('export default ', 'export const it = '),
        /^tasks\/motd\.ts:1:1 .* no default/,
      ],
      ['no task', wrong('export default 3\n'), /^tasks\/motd\.ts:1:1 the default export is no task/],
      [
        'a name of another file',
        edited("name: 'motd'", "name: 'banner'"),
        /^tasks\/motd\.ts:4:9 the task 'banner'/,
      ],
      [
        'a part that is missing',
        edited("  summary: 'Says something to who logs in.',\n", ''),
        /^tasks\/motd\.ts:3:27 the task lacks 'summary'/,
      ],
      [
        'a part of another kind',
        edited('probes: ({ path }) =>', 'probes:'),
        /^tasks\/motd\.ts:16:3 the file throws/,
      ],
      [
        'a part that is no function',
        edited('probes: ({ path }) => ({ file: fileProbe(path) })', 'probes: {} as any'),
        /^tasks\/motd\.ts:16:11 'probes' of the task can't be a mapping/,
      ],
      [
        'a schema that is none',
        edited("text: { type: 'string'", "text: { type: 'text'"),
        /^tasks\/motd\.ts:11:21 the schema of the arguments is wrong: must be equal to one of the allowed values/,
      ],
      [
        'an argument without a description',
        edited("{ type: 'string', description: 'What is said.' }", "{ type: 'string' }"),
        /^tasks\/motd\.ts:11:7 the argument 'text' has no description/,
      ],
      [
        'an example that is wrong',
        edited('- motd: { text: Hello }', '- motd: { txt: Hello, text: x }'),
        /^tasks\/motd\.ts:15:12 the example of the task: 'txt' is not an argument/,
      ],
      [
        'throwing when it is run',
        wrong(`${MOTD}const none: any = undefined\n\n  none.text()\n`),
        /^tasks\/motd\.ts:24:3 the file throws when it is run: Cannot read properties of undefined/,
      ],
      [
        'an import of what is not there',
        wrong(`import { x } from './x.ts'\nconsole.log(x)\n${MOTD}`),
        /^tasks\/motd\.ts:1:19 there is no module '\.\/x\.ts'/,
      ],
      [
        'an import of a package that is not there',
        wrong(`import { x } from 'no-such-package'\nconsole.log(x)\n${MOTD}`),
        /^tasks\/motd\.ts:1:19 there is no module 'no-such-package' .*\[install it/,
      ],
      [
        'the name of a built-in task',
        { 'p.yaml': tasks('- reboot: {}'), 'tasks/reboot.ts': MOTD.replaceAll('motd', 'reboot') },
        /^tasks\/reboot\.ts:4:9 there is a task 'reboot' already/,
      ],
    ])
  })

  describe('mistakes that show when they are called', () => {
    const REST = 'return planFile({ path, content: { text } }, file)'
    const table: [string, string, RegExp][] = [
      [
        'throwing',
        'return (undefined as any).changes',
        /tasks\/motd\.ts:19:\d+ 'plan' throws: Cannot read properties/,
      ],
      [
        'no list',
        'return undefined as any',
        /tasks\/motd\.ts:17:\d+ 'plan' of the task motd must give a list.*undefined/,
      ],
      ['a promise', 'return Promise.resolve([]) as any', /'plan' of the task motd must give.* a promise/],
      ['no changes', 'return [{}] as any', /'plan' of the task motd gives something that is no change/],
      [
        'an unknown action',
        "return [{ summary: 's', actions: [{ do: 'rum' }], effects: [] }] as any",
        /gives an action 'rum', which there is not/,
      ],
      [
        'chance',
        REST.replace('text }', 'text: String(Math.random()) }'),
        /different changes for the same facts/,
      ],
      [
        'writing to what it is given',
        `;(file as any).mode = '0600'\n    ${REST}`,
        /tasks\/motd\.ts:19:\d+ 'plan' throws: Cannot assign/,
      ],
    ]
    for (const [name, body, expected] of table)
      it(name, async () => {
        const [step] = await stepsOf(edited(`    ${REST}`, `    ${body}`))
        const file = {
          type: 'file',
          mode: '0644',
          owner: 'root',
          group: 'root',
          size: 0,
          sha256: '',
          text: '',
        }
        assert.throws(() => step!.task.plan({ text: 'Hi', path: '/etc/motd' }, { file }), {
          name: 'TaskError',
          message: expected,
        })
      })

    it('a refusal is none', async () => {
      const [step] = await stepsOf({ 'p.yaml': USE, 'tasks/motd.ts': MOTD })
      const plan = (): unknown => step!.task.plan({ text: '', path: '/etc/motd' }, { file: null })
      assert.throws(plan, { name: 'TaskError', message: 'nothing to say' })
    })

    it('a probe that is none', async () => {
      const [step] = await stepsOf(edited('fileProbe(path) })', "'it' as any })"))
      assert.throws(
        () => step!.task.probes({ path: '/x' }),
        /16:11 'probes' of the task motd gives 'file', which is no probe/,
      )
    })
  })
})
