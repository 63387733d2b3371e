import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TaskError } from '../../src/core/errors.ts'
import type { Host } from '../../src/core/host.ts'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { defineTask } from '../../src/core/task.ts'
import { type BindContext, type Bound, bind, type LiveValues, loopItems } from '../../src/load/bind.ts'
import { prepareChecks } from '../../src/load/check/checks.ts'
import { LATE } from '../../src/core/late.ts'
import type { Play, Program, Step } from '../../src/load/program.ts'
import { releaseSource } from '../../src/load/file/release.ts'

const task = defineTask({
  name: 'thing',
  summary: 'A task to test with.',
  args: {
    type: 'object',
    additionalProperties: false,
    properties: {
      value: {},
      text: { type: 'string' },
      mode: { type: 'string', pattern: '^0[0-7]{3,4}$' },
      count: { type: 'integer', minimum: 1, default: 3 },
      nested: {
        type: 'object',
        additionalProperties: false,
        properties: { on: { type: 'boolean', default: true } },
      },
      src: { type: 'string', format: 'local-file' },
      template: { type: 'string', format: 'template-file' },
      token: { type: 'string', format: 'secret' },
    },
  },
  example: '',
  probes: () => ({}),
  plan: () => [],
  secrets: ({ text }) => (text?.startsWith('secret') ? [text] : []),
})

const place = { file: 'p.yaml', line: 7, column: 3 }

function step(args: JsonObject, more: Partial<Step> = {}): Step {
  return {
    number: 5,
    name: 'a step',
    task,
    args,
    when: [],
    loopVar: 'item',
    notify: [],
    listen: [],
    tags: [],
    outerItems: [],
    ignoreErrors: false,
    changedWhen: [],
    failedWhen: [],
    runOnce: false,
    environment: {},
    noLog: false,
    defaults: {},
    vars: {},
    become: false,
    timeout: 900,
    place,
    placeOf: (pointer) => ({ ...place, line: pointer.endsWith('/text') ? 8 : 7 }),
    ...more,
  }
}

const host = (name: string, vars: JsonObject = {}): Host => ({
  name,
  groups: ['web', 'all'],
  vars,
  connection: { kind: 'ssh' },
})

function context(
  given: {
    live?: Record<string, JsonObject>
    play?: Partial<Play>
    program?: Partial<Program>
    vars?: JsonObject
    item?: Json
  } = {},
): BindContext {
  const one = host('one', given.vars)
  const two = host('two', { address: '10.0.0.2', from: '{{ inventory_hostname }}' })
  const play: Play = {
    index: 0,
    name: 'p',
    hosts: ['one', 'two'],
    everyHost: ['one', 'two'],
    steps: [],
    flow: [],
    handlers: [],
    gate: [],
    vars: {},
    layers: [],
    serial: [],
    anyErrorsFatal: false,
    place,
    ...given.play,
  }
  const program: Program = {
    playbook: '/nowhere/p.yaml',
    inventory: {
      file: 'i.yaml',
      hosts: new Map([
        ['one', one],
        ['two', two],
      ]),
      groups: new Map([
        ['all', ['one', 'two']],
        ['web', ['one', 'two']],
      ]),
    },
    plays: [play],
    releases: releaseSource(),
    warnings: [],
    ...given.program,
  }
  const live: LiveValues = { get: (name, key) => given.live?.[name]?.[key] }
  return { program, play, host: one, live, check: false, item: given.item }
}

const value = (source: Json, given?: Parameters<typeof context>[0], more?: Partial<Step>): unknown => {
  const bound = bind(step({ value: source }, more), context(given))
  assert.equal(bound.state, 'ready')
  return bound.args.value
}

describe('bind', () => {
  before(() => prepareChecks([task]))

  describe('precedence, from low to high', () => {
    const registers = step({}, { number: 1, register: 'x' })
    const layers: [string, Parameters<typeof context>[0], Partial<Step>][] = [
      ['host', { vars: { x: 'host' } }, {}],
      ['play', { play: { vars: { x: 'play' } } }, {}],
      ['step', {}, { vars: { x: 'step' } }],
      ['register', { live: { one: { x: 'register' } } }, {}],
      ['extra', { program: { extraVars: { x: 'extra' } } }, {}],
    ]
    for (const [index, [name]] of layers.entries())
      it(`${name} wins over what is before it`, () => {
        const upTo = layers.slice(0, index + 1)
        const given = Object.assign({}, ...upTo.map(([, one]) => one)) as Parameters<typeof context>[0]
        const more = Object.assign({}, ...upTo.map(([, , one]) => one)) as Partial<Step>
        assert.equal(value('{{ x }}', given, more), name)
      })
    it('a register to come counts over variables', () => {
      const bound = bind(
        step({ value: '{{ x }}' }),
        context({ vars: { x: 1 }, play: { steps: [registers] } }),
      )
      assert.deepEqual([bound.state, bound.args.value], ['late', LATE])
    })
  })

  it('gives the magic names', () => {
    assert.deepEqual(
      value([
        '{{ inventory_hostname }}',
        '{{ groups.web }}',
        '{{ group_names }}',
        '{{ play_hosts }}',
        '{{ check_mode }}',
        '{{ playbook_dir }}',
        '{{ hosts.two.address }}',
        '{{ hostvars["two"].from }}',
        '{{ "two" in hosts }}',
      ]),
      ['one', ['one', 'two'], ['web'], ['one', 'two'], false, '/nowhere', '10.0.0.2', 'two', true],
    )
  })

  it('looks again at what can change, and only at that', () => {
    const one = step({ value: '{{ reg }}' })
    const given = context({ live: { one: { reg: 1 } } })
    assert.equal(bind(one, given).args.value, 1)
    assert.equal(bind(one, { ...given, live: { get: () => 2 } }).args.value, 2)
    const mode = step({ value: '{{ check_mode }}' }, { number: 6 })
    assert.equal(bind(mode, given).args.value, false)
    assert.equal(bind(mode, { ...given, check: true }).args.value, true)
    const same = step({ value: '{{ inventory_hostname }}' }, { number: 7 })
    assert.equal(bind(same, given), bind(same, given))
    const two = given.program.inventory.hosts.get('two') as Host
    assert.equal(bind(same, { ...given, host: two }).args.value, 'two')
    const looped = step({ value: '{{ item }}' }, { number: 8, loop: [1, 2] })
    assert.deepEqual(
      [1, 2].map((item) => bind(looped, { ...given, item }).args.value),
      [1, 2],
    )
  })

  it('leaves out what is omit', () => {
    const { args } = bind(step({ value: [1, '{{ omit }}'], text: '{{ nope | default(omit) }}' }), context())
    assert.deepEqual(args, { value: [1], count: 3 })
  })

  it('evaluates variables written in files, also inside each other', () => {
    assert.equal(
      value('{{ a }}', { vars: { a: '<{{ b }}>', b: '{{ c }}' }, play: { vars: { c: 1 } } }),
      '<1>',
    )
  })

  it('never evaluates what a host said', () => {
    const hostile = { out: '{{ secret }}', list: ['{% for x in y %}'] }
    const given = {
      live: { one: { reg: hostile }, two: { reg: hostile } },
      vars: { secret: 'pw', copy: '{{ reg.out }}' },
    }
    assert.equal(value('{{ reg.out }}', given), '{{ secret }}')
    assert.equal(value('x {{ copy }}', given), 'x {{ secret }}')
    assert.equal(value('{{ hosts.two.reg.out }}', given), '{{ secret }}')
    const loop = step({ value: '{{ item }}' }, { loop: '{{ reg.list }}' })
    assert.deepEqual(loopItems(loop, context(given)), { state: 'ready', items: ['{% for x in y %}'] })
    assert.equal(bind(loop, context({ ...given, item: '{{ secret }}' })).args.value, '{{ secret }}')
  })

  describe('what is not known yet', () => {
    const steps = [step({}, { number: 1, register: 'reg' }), step({}, { number: 9, register: 'later' })]
    const play = { steps }
    it('is named with its host', () => {
      const bound = bind(step({ value: '{{ reg.a }} {{ hosts.two.reg.b }}' }), context({ play }))
      assert.deepEqual(bound.state === 'late' && bound.missing, [
        { host: 'one', name: 'reg' },
        { host: 'two', name: 'reg' },
      ])
    })
    it('passes every schema', () => {
      const bound = bind(
        step({ count: '{{ reg.n }}', mode: '{{ reg.m }}', nested: '{{ reg.o }}' }),
        context({ play }),
      )
      assert.equal(bound.state, 'late')
    })
    it('does not hide mistakes beside it', () =>
      assert.throws(
        () => bind(step({ count: '{{ reg.n }}', mode: '9' }), context({ play })),
        /'mode' can't be '9'/,
      ))
    it('does not matter to a step that is skipped anyway', () => {
      const bound = bind(step({ value: '{{ reg }}' }, { when: ['reg.changed', false] }), context({ play }))
      assert.deepEqual([bound.state, bound.when], ['ready', false])
    })
    it('makes a condition late', () => {
      const bound = bind(step({ value: 1 }, { when: ['reg.changed', 'true'] }), context({ play }))
      assert.deepEqual([bound.state, bound.when, bound.args.value], ['late', LATE, 1])
    })
    it('is nothing to wait for when a check can not tell', () => {
      const bound = bind(
        step({ value: '{{ reg.rc }}' }),
        context({ play, live: { one: { reg: { rc: LATE } } } }),
      )
      assert.deepEqual(bound.state === 'late' && bound.missing, [])
    })
    it('is a mistake when only a later step registers it', () =>
      assert.throws(
        () => bind(step({ value: '{{ later }}' }), context({ play })),
        /registered only later, on line 7/,
      ))
    it('makes a loop late', () =>
      assert.deepEqual(loopItems(step({}, { loop: '{{ reg.list }}' }), context({ play })), {
        state: 'late',
        missing: [{ host: 'one', name: 'reg' }],
        item: LATE,
      }))
  })

  describe('conditions', () => {
    const when = (...conditions: (string | boolean)[]): Bound['when'] =>
      bind(step({}, { when: conditions }), context({ vars: { x: 'y', n: 0 } })).when
    it('must all hold', () => {
      assert.equal(when("x == 'y'", true), true)
      assert.equal(when("x == 'y'", false), false)
    })
    it('stop at the first that does not', () => assert.equal(when('x is not defined', 'x.nope.nope'), false))
    for (const [source, message] of [
      ['x', /must be true or false, not text/],
      ['n', /must be true or false, not a number/],
      ['nope', /'nope' is not defined/],
      ['{{ x }}', /an expression already/],
    ] as const)
      it(`refuse ${source}`, () =>
        assert.throws(
          () => when(source),
          (error: unknown) => error instanceof TaskError && message.test(error.message),
        ))
    it('keep the arguments and the name of a skipped step unevaluated', () => {
      const bound = bind(step({ value: '{{ nope }}' }, { when: [false], name: 'on {{ nope }}' }), context())
      assert.deepEqual([bound.state, bound.when, bound.args], ['ready', false, {}])
    })
  })

  describe('loops', () => {
    it('run over lists, written or computed', () => {
      assert.deepEqual(loopItems(step({}, { loop: ['{{ x }}', 2] }), context({ vars: { x: 1 } })), {
        state: 'ready',
        items: [1, 2],
      })
      assert.deepEqual(loopItems(step({}, { loop: '{{ l }}' }), context({ vars: { l: ['a'] } })), {
        state: 'ready',
        items: ['a'],
      })
    })
    it('have a label', () => {
      const looped = { loop: [], label: '{{ item.name }}' }
      assert.equal(bind(step({}, looped), context({ item: { name: 'x' } })).label, 'x')
      assert.equal(bind(step({}, { loop: [] }), context({ item: 'y' })).label, 'y')
      const labelOf = (item: Json): unknown => bind(step({}, { loop: [] }), context({ item })).label
      assert.equal(labelOf({ key: 'vm.swappiness', value: 10 }), 'vm.swappiness')
      assert.equal(labelOf({ name: 'anna', key: 'ssh-ed25519 ...' }), 'anna')
      assert.equal(labelOf({ name: '', uid: 1 }), '{"name":"","uid":1}')
      assert.equal(labelOf([1, 2]), '[1,2]')
    })
    it('may name their variable', () =>
      assert.equal(
        bind(step({ value: '{{ disk }}' }, { loop: [], loopVar: 'disk' }), context({ item: 'sda' })).args
          .value,
        'sda',
      ))
    it('refuse what is no list', () => {
      assert.throws(
        () => loopItems(step({}, { loop: '{{ d }}' }), context({ vars: { d: {} } })),
        /must be a list, not a mapping/,
      )
      assert.throws(() => loopItems(step({}, { loop: '{{ nope }}' }), context()), /'nope' is not defined/)
    })
    it('may be over what only other hosts have when the condition says so', () =>
      assert.deepEqual(loopItems(step({}, { loop: '{{ nope }}', when: ['nope is defined'] }), context()), {
        state: 'ready',
        items: [],
      }))
  })

  describe('arguments', () => {
    it('get the defaults of the schema, at every depth', () =>
      assert.deepEqual(bind(step({ nested: {} }), context()).args, { count: 3, nested: { on: true } }))
    it('leave the step as it was written', () => {
      const one = step({ nested: {} })
      bind(one, context())
      assert.deepEqual(one.args, { nested: {} })
    })
    it('say where a mistake is', () =>
      assert.throws(
        () => bind(step({ text: 5 }), context()),
        (error: unknown) =>
          error instanceof TaskError &&
          /'text' must be text, not a number \(p\.yaml:8:3\)/.test(error.message),
      ))
    it('tell which values are secret, and keep them out of messages', () => {
      assert.deepEqual(bind(step({ token: 's3', text: 'secret-x' }), context()).secrets.sort(), [
        's3',
        'secret-x',
      ])
    })
    it('keep variables that refer to themselves from looping', () =>
      assert.throws(() => value('{{ x }}', { vars: { x: '{{ y }}', y: '{{ x }}' } }), /made from itself/))
    it('name the variable whose template is wrong', () =>
      assert.throws(
        () => value('{{ x }}', { vars: { x: '{{ nope }}' } }),
        /'nope' is not defined in the variable 'x'/,
      ))
  })

  describe('local files', () => {
    let folder: string
    let program: Partial<Program>
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bind-'))
      await mkdir(join(folder, 'files'))
      await mkdir(join(folder, 'templates'))
      await writeFile(join(folder, 'plain.txt'), 'äöü\n')
      await writeFile(join(folder, 'files', 'binary'), Buffer.from([0xff, 0, 1]))
      await writeFile(join(folder, 'files', 'empty'), '')
      await writeFile(join(folder, 'files', 'large'), 'x'.repeat(100_000))
      await writeFile(join(folder, 'templates', 't.j2'), '{{ inventory_hostname }}\n')
      await writeFile(join(folder, 'templates', 'late.j2'), '{{ reg.x }}\n')
      await writeFile(join(folder, 'templates', 'bad.j2'), 'ok\n{{ nope }}\n')
      await writeFile(join(folder, 'templates', 'number.j2'), '{{ 5 }}')
      program = { playbook: join(folder, 'p.yaml') }
    })
    after(() => rm(folder, { recursive: true }))

    const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')
    const src = (name: string): unknown => bind(step({ src: name }), context({ program })).args.src

    it('are found beside the playbook and in files/', () => {
      assert.deepEqual(src('plain.txt'), {
        path: join(folder, 'plain.txt'),
        size: 7,
        sha256: sha256('äöü\n'),
        text: 'äöü\n',
      })
      assert.deepEqual(src('empty'), {
        path: join(folder, 'files', 'empty'),
        size: 0,
        sha256: sha256(''),
        text: '',
      })
    })
    it('have no text when they are binary or large', () => {
      assert.deepEqual(src('binary'), {
        path: join(folder, 'files', 'binary'),
        size: 3,
        sha256: sha256(Buffer.from([0xff, 0, 1])),
        text: null,
      })
      assert.deepEqual(src('large'), {
        path: join(folder, 'files', 'large'),
        size: 100_000,
        sha256: sha256('x'.repeat(100_000)),
        text: null,
      })
    })
    it('are looked for by their exact name', () => {
      assert.throws(
        () => src('plian.txt'),
        (error: unknown) => error instanceof TaskError && error.hint === "did you mean 'plain.txt'?",
      )
      assert.throws(() => src('files'), /is a directory, not a file/)
    })
    it('are rendered when they are templates', () => {
      const { args } = bind(step({ template: 't.j2' }), context({ program }))
      assert.deepEqual(args.template, {
        path: join(folder, 'templates', 't.j2'),
        size: 4,
        sha256: sha256('one\n'),
        text: 'one\n',
      })
      assert.equal(bind(step({ template: 'number.j2' }), context({ program })).args.template.text, '5')
    })
    it('are late while a template holds what is not known', () => {
      const play = { steps: [step({}, { number: 1, register: 'reg' })] }
      assert.equal(bind(step({ template: 'late.j2' }), context({ program, play })).state, 'late')
    })
    it('say where in a template a mistake is', () =>
      assert.throws(
        () => bind(step({ template: 'bad.j2' }), context({ program })),
        /'nope' is not defined \(.*bad\.j2:2:4\)/,
      ))
  })
})
