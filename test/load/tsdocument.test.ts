import assert from 'node:assert/strict'
import { explains, type Files, load, onlyPlay, ownCache, stepsOf, tasks } from './written.ts'

const IMPORT = '- import_playbook: site.ts\n'

/** A playbook in TypeScript whose steps are these. */
function site(steps: string, before = ''): Files {
  const text = `import { definePlaybook } from 'provision'
${before}
export default definePlaybook([
  {
    hosts: 'web',
    tasks: [
      ${steps}
    ],
  },
])
`
  return { 'p.yaml': IMPORT, 'site.ts': text }
}

describe('playbooks in TypeScript', function () {
  // The first one compiles the compiler.
  this.timeout(20_000)
  ownCache()

  it('are the data that they export', async () => {
    const made =
      "...['a', 'b'].map((message) => ({ debug: { message } })), await Promise.resolve({ reboot: {} })"
    const play = await onlyPlay(site(made))
    assert.deepEqual(play.hosts, ['web1', 'web2'])
    assert.deepEqual(
      play.steps.map(({ task, args }) => [task.name, args]),
      [
        ['debug', { message: 'a' }],
        ['debug', { message: 'b' }],
        ['reboot', {}],
      ],
    )
    assert.deepEqual({ ...play.steps[2]?.place, file: '' }, { file: '', line: 7, column: 87 })
  })

  it('may import files, JSON and packages beside them', async () => {
    const files = {
      ...site('step', "import { step } from './lib/steps.ts'\n"),
      'lib/steps.ts':
        "import { text } from 'words'\nimport more from './more.json'\nexport const step = { debug: { message: text + more.text } }\n",
      'lib/more.json': '{ "text": " there" }',
      'node_modules/words/package.json': '{ "name": "words", "type": "module", "exports": "./index.js" }',
      'node_modules/words/index.js': "export const text = 'hello'\n",
    }
    const [step] = await stepsOf(files)
    assert.deepEqual(step?.args, { message: 'hello there' })
    assert.match(step!.placeOf('/debug/message').file, /lib\/steps\.ts$/)
    assert.deepEqual(step!.placeOf('/debug/message').line, 3)
  })

  it('so are files of steps and of variables', async () => {
    const [step] = await stepsOf({
      'p.yaml': '- hosts: web\n  vars_files: [vars.ts]\n  tasks:\n    - include_tasks: steps.ts\n',
      'steps.ts':
        "import { defineSteps } from 'provision'\nexport default defineSteps([{ debug: { value: '{{ port }}' } }])\n",
      'vars.ts': 'export default { port: 80 as number }\n',
    })
    assert.equal(step?.task.name, 'debug')
  })

  it('what the file does later changes nothing', async () => {
    const { plays } = await load(
      site(
        'step',
        "const step = { debug: { message: 'x' } }\nsetImmediate(() => (step.debug.message = 'y'))\n",
      ),
    )
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(plays[0]?.steps[0]?.args, { message: 'x' })
  })

  describe('mistakes', () => {
    explains([
      [
        'an argument',
        site('{ mount: { path: "/x", device: 3 as any } },'),
        /^site\.ts:7:38 'device' must be text/,
      ],
      [
        'a key that is unknown',
        site("{ debug: { message: 'x' }, whne: 'true' } as any,"),
        /^site\.ts:7:34 'whne' is not a key of a step.*did you mean 'when'/,
      ],
      [
        'where a value is written, and not where it is used',
        site(
          'step(3),',
          '\nconst step = (message: any) => ({\n  debug: {\n    massage: message,\n  },\n})\n',
        ),
        /^site\.ts:5:5 'massage' is not an argument of debug/,
      ],
      [
        'in a template, behind its beginning',
        site("{ debug: { message: '{{ nothing }}' } },"),
        /^site\.ts:7:\d+ 'nothing' is not defined/,
      ],
      [
        'a function',
        site('{ debug: { message: (() => 1) as any } },'),
        /^site\.ts:7:27 a function can't be a value \(at \[0\]\.tasks\[0\]\.debug\.message\)/,
      ],
      [
        'undefined',
        site('{ debug: { message: undefined } },'),
        /^site\.ts:7:27 'undefined' can't be a value/,
      ],
      ['a promise', site('Promise.resolve({}) as any,'), /^site\.ts:7:7 a promise can't be a value .*await/],
      [
        'a class',
        site('{ debug: { value: new Date() as any } },'),
        /^site\.ts:7:25 an object of the class Date can't be/,
      ],
      ['a number that is none', site('{ debug: { value: NaN } },'), /^site\.ts:7:25 NaN can't be a value/],
      ['a big number', site('{ debug: { value: 3n as any } },'), /^site\.ts:7:25 a bigint can't be a value/],
      [
        'a circle',
        site('circle,', 'const circle: any = { debug: {} }\ncircle.debug.value = circle\n'),
        /^site\.ts:2:\d+ the value is part of itself .*\(at \[0\]\.tasks\[0\]\.debug\.value\)/,
      ],
      [
        'a function in place of plays',
        { 'p.yaml': IMPORT, 'site.ts': 'export default () => []\n' },
        /^site\.ts:1:1 a function can't be/,
      ],
      [
        'no plays',
        { 'p.yaml': IMPORT, 'site.ts': 'export default { hosts: "all" }\n' },
        /^site\.ts:1:16 a playbook must be a list/,
      ],
      [
        'no default export',
        { 'p.yaml': IMPORT, 'site.ts': 'export const plays = []\n' },
        /^site\.ts:1:1 the file has no default export.*definePlaybook/,
      ],
      [
        'syntax',
        { 'p.yaml': IMPORT, 'site.ts': '\nexport default [{]\n' },
        /^site\.ts:2:18 this is no TypeScript: unexpected token/,
      ],
      [
        'syntax of what is imported',
        {
          ...site('step,', "import { step } from './lib/step.ts'\n"),
          'lib/step.ts': 'export const step = {\n',
        },
        /^lib\/step\.ts:2:1 this is no TypeScript: unexpected token/,
      ],
      [
        'what is thrown by what is imported',
        {
          ...site('step,', "import { step } from './lib/step.ts'\n"),
          'lib/step.ts': "export const step = {}\n\n  throw new Error('no')\n",
        },
        /^lib\/step\.ts:3:3 the file throws when it is run: no/,
      ],
      [
        'something else than an error',
        { 'p.yaml': IMPORT, 'site.ts': "throw 'no'\nexport default []\n" },
        /^site\.ts:1:1 the file throws when it is run: no/,
      ],
      [
        'variables that are none',
        { 'p.yaml': `${tasks('- reboot: {}')}  vars_files: [v.ts]\n`, 'v.ts': 'export default [1]\n' },
        /^v\.ts:1:16 variables must be a mapping/,
      ],
    ])
  })
})
