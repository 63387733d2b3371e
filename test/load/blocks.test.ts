import assert from 'node:assert/strict'
import type { Step } from '../../src/load/program.ts'
import { explains, faults, load, onlyPlay, outline, stepsOf, tasks } from './written.ts'

const only = async (...lines: string[]): Promise<Step> => (await stepsOf(tasks(...lines)))[0] as Step

describe('blocks', () => {
  const NESTED = tasks(
    '- debug: {message: one}',
    '- block:',
    '    - debug: {message: two}',
    '    - block: [{debug: {message: three}}]',
    '      always: [{debug: {message: four}}]',
    '  rescue: [{debug: {message: five}}]',
    '  always: [{debug: {message: six}}]',
    '- block: [{debug: {message: seven}, tags: x}]',
  )

  it('are nested, and their steps counted in the order they are written', async () => {
    const { flow, steps } = await onlyPlay(NESTED)
    assert.equal(outline(flow), '1 {2 {3 | always 4} | rescue 5 | always 6} 7')
    assert.deepEqual(
      steps.map(({ number, args }) => [number, args.message]),
      [
        [1, 'one'],
        [2, 'two'],
        [3, 'three'],
        [4, 'four'],
        [5, 'five'],
        [6, 'six'],
        [7, 'seven'],
      ],
    )
  })

  it('that hold no chosen step are left out', async () => {
    const { flow, steps } = await onlyPlay(NESTED, { tags: ['x'] })
    assert.equal(outline(flow), '1')
    assert.equal(steps[0]?.args.message, 'seven')
  })

  it('hand their keys on', async () => {
    const step = await only(
      '- when: [a == 1]',
      '  vars: {a: 1, b: 1}',
      '  tags: [x, y]',
      '  become: true',
      '  become_user: www',
      '  environment: {A: "1", B: "1"}',
      '  no_log: true',
      '  ignore_errors: true',
      '  delegate_to: db1',
      '  run_once: true',
      '  timeout: 5',
      '  block:',
      '    - debug: {message: x}',
      '      when: b == 2',
      '      vars: {b: 2}',
      '      tags: [y, z]',
      '      environment: {B: "2"}',
    )
    assert.deepEqual(step.when, ['a == 1', 'b == 2'])
    assert.deepEqual(step.vars, { a: 1, b: 2 })
    assert.deepEqual(step.tags, ['x', 'y', 'z'])
    assert.deepEqual(step.environment, { A: '1', B: '2' })
    const { become, noLog, ignoreErrors, delegateTo, runOnce, timeout } = step
    assert.deepEqual([become, noLog, ignoreErrors], ['www', true, true])
    assert.deepEqual([delegateTo, runOnce, timeout], ['db1', true, 5])
    // Each value knows the line it was written in.
    const lines = [
      '/when/0',
      '/when/1',
      '/vars/a',
      '/vars/b',
      '/environment/B',
      '/delegate_to',
      '/debug/message',
    ]
    assert.deepEqual(
      lines.map((pointer) => step.placeOf(pointer).line),
      [3, 16, 4, 17, 19, 11, 15],
    )
  })

  it('let a step take back what they say', async () => {
    const step = await only(
      '- {become: true, no_log: true, block: [{debug: {message: x}, become: false, no_log: false}]}',
    )
    assert.deepEqual([step.become, step.noLog], [false, false])
  })

  it('loop over the whole', async () => {
    const { flow, steps } = await onlyPlay(
      tasks(
        '- block:',
        '    - debug: {message: "{{ disk }} {{ part }}"}',
        '      loop: [1, 2]',
        '      loop_control: {loop_var: part}',
        '  loop: [sda, sdb]',
        '  loop_control: {loop_var: disk, label: "{{ disk }}!"}',
        '  when: disk != "x"',
      ),
    )
    assert.equal(outline(flow), '{1}*')
    const [block] = flow
    assert.ok(block !== undefined && 'body' in block)
    const { loop, loopVar, label, first } = block
    assert.deepEqual([loop, loopVar, label], [['sda', 'sdb'], 'disk', '{{ disk }}!'])
    assert.deepEqual(
      [first.number, first.when, first.outerItems, first.place.line],
      [1, ['disk != "x"'], [], 3],
    )
    assert.deepEqual(steps[0]?.outerItems, ['disk'])
  })

  it('evaluate the items of their loops before the run', async () => {
    const found = await faults(
      tasks(
        '- block:',
        '    - file: {path: "{{ disk.path }}"}',
        '  loop: [{path: /a}, {pth: /b}]',
        '  loop_control: {loop_var: disk}',
      ),
    )
    assert.match(found.join('\n'), /^p.yaml:4:\d+ there is no 'path' \[did you mean 'pth'\?\]$/)
  })

  it('make registers known to what follows them', async () => {
    await load(
      tasks(
        '- block: [{command: {cmd: x}, register: a}]',
        '  rescue: [{debug: {message: "{{ a.failed }}"}, register: b}]',
        '  always: [{debug: {message: "{{ a.rc }}"}}]',
        '- debug: {message: "{{ a.rc }} {{ b.changed }}"}',
      ),
    )
  })

  describe('explain', () => {
    explains([
      [
        'rescue alone',
        tasks('- rescue: [{debug: {message: x}}]'),
        /^p.yaml:3:7 'rescue' needs a 'block' beside it/,
      ],
      [
        'always alone',
        tasks('- always: [{debug: {message: x}}]'),
        /^p.yaml:3:7 'always' needs a 'block' beside it/,
      ],
      ['no steps', tasks('- block: []'), /^p.yaml:3:14 the 'block' holds no steps/],
      [
        'no list',
        tasks('- block: {debug: {message: x}}'),
        /^p.yaml:3:14 'block' must be a list, not a mapping/,
      ],
      [
        'a task beside it',
        tasks('- block: [{debug: {message: x}}]', '  file: {path: /x}'),
        /^p.yaml:4:7 'file' is not a key of a block \[write it as a step under 'block'\]/,
      ],
      [
        'register',
        tasks('- block: [{debug: {message: x}}]', '  register: x'),
        /^p.yaml:4:7 'register' is not a key of a block \[write it for the steps inside\]/,
      ],
      [
        'a misspelt key',
        tasks('- block: [{debug: {message: x}}]', '  resuce: []'),
        /^p.yaml:4:7 'resuce' is not a key of a block \[did you mean 'rescue'\?\]/,
      ],
      [
        'a misspelt block',
        tasks('- blok: [{debug: {message: x}}]'),
        /there is no task 'blok' \[did you mean 'block'\?\]/,
      ],
      [
        'a condition in vain',
        tasks('- when: nope', '  block: [{debug: {message: x}}, {debug: {message: y}}]'),
        /^p.yaml:3:13 'nope' is not defined/,
      ],
      [
        'a variable with a bad template',
        tasks('- vars: {a: "{{ x | nope }}"}', '  block: [{debug: {message: x}}, {debug: {message: y}}]'),
        /^p.yaml:3:\d+ there is no filter 'nope'/,
      ],
      [
        'loops of one name',
        tasks('- loop: [1]', '  block: [{debug: {message: x}, loop: [2]}]'),
        /^p.yaml:4:\d+ 'item' is the item of a loop around this one \[give one of them another name/,
      ],
      [
        'a loop over text',
        tasks('- loop: "{{ base }}"', '  block: [{debug: {message: x}}]'),
        /^p.yaml:3:14 'loop' must be a list, not text/,
      ],
    ])
  })
})

describe('steps', () => {
  it('are tried again', async () => {
    const retry = async (...lines: string[]) =>
      (await only('- command: {cmd: x}', '  register: r', ...lines)).retry
    assert.equal(await retry(), undefined)
    assert.deepEqual(await retry('  retries: 2'), { until: undefined, retries: 2, delay: 5, backoff: 1 })
    assert.deepEqual(await retry('  until: r.rc == 0'), {
      until: 'r.rc == 0',
      retries: 3,
      delay: 5,
      backoff: 1,
    })
    assert.deepEqual(await retry('  retries: 9', '  delay: 0.5', '  backoff: 2', '  until: result.rc == 0'), {
      until: 'result.rc == 0',
      retries: 9,
      delay: 0.5,
      backoff: 2,
    })
  })

  it('may overrule what comes out', async () => {
    const step = await only(
      '- command: {cmd: x}',
      '  register: r',
      '  changed_when: false',
      '  failed_when: [r.rc != 0, "\'x\' in r.stderr"]',
    )
    assert.deepEqual([step.changedWhen, step.failedWhen], [[false], ['r.rc != 0', "'x' in r.stderr"]])
    assert.equal(step.placeOf('/changed_when/0').column, 21)
    assert.equal(step.placeOf('/failed_when/1').line, 6)
  })

  it('take numbers and users from variables of the play', async () => {
    const [step] = await stepsOf(
      `- hosts: all\n  vars: {n: 4, app: "{{ who }}", who: web}\n${tasks(
        '- debug: {message: x}',
        '  retries: "{{ n }}"',
        '  timeout: "{{ n * 2 }}"',
        '  become: true',
        '  become_user: "{{ app }}"',
      ).replace('- hosts: all\n', '')}`,
    )
    assert.deepEqual([step?.retry?.retries, step?.timeout, step?.become], [4, 8, 'web'])
  })

  it('become whom they say, or root', async () => {
    const who = async (...lines: string[]) => (await only('- debug: {message: x}', ...lines)).become
    assert.equal(await who('  become: true', '  become_user: root'), true)
    assert.equal(await who('  become: true', '  become_user: pg'), 'pg')
    assert.equal(await who(), false)
  })

  const step = (...lines: string[]): string =>
    tasks('- command: {cmd: x}', ...lines.map((line) => `  ${line}`))
  describe('explain', () => {
    explains([
      [
        'retries',
        step('retries: many'),
        /^p.yaml:4:16 'retries' must be a whole number above 0 \[write e.g. retries: 3\]/,
      ],
      ['retries of 0', step('retries: 0'), /'retries' must be a whole number above 0/],
      ['delay', step('retries: 1', 'delay: -1'), /^p.yaml:5:14 'delay' must be a number of seconds/],
      ['backoff', step('retries: 1', 'backoff: 0.5'), /'backoff' must be a factor of at least 1/],
      ['delay alone', step('delay: 5'), /^p.yaml:4:7 'delay' needs 'retries' beside it/],
      ['until as a list', step('until: [true, false]'), /^p.yaml:4:21 'until' must be one expression/],
      ['until as a number', step('until: 5'), /^p.yaml:4:14 'until' must be an expression, not a number/],
      ['until with bad syntax', step('until: a ==='), /^p.yaml:4:\d+ bad template/],
      ['until with a name unknown', step('until: nope == 0'), /^p.yaml:4:14 'nope' is not defined/],
      [
        'failed_when with a name unknown',
        step('failed_when: [true, nope]'),
        /^p.yaml:4:27 'nope' is not defined/,
      ],
      [
        'retries from a host',
        step('retries: "{{ base }}"'),
        /'retries' must be known before the run: 'base' depends on the host/,
      ],
      [
        'changed_when of a task that knows',
        tasks('- file: {path: /x}', '  changed_when: false'),
        /^p.yaml:4:7 'changed_when' would make a dry run of file lie \[remove it: file looks at the host/,
      ],
      ['check_mode', step('check_mode: false'), /'check_mode' is not a key of a step \[remove it: a dry run/],
      [
        'any_errors_fatal',
        step('any_errors_fatal: true'),
        /'any_errors_fatal' is not a key of a step \[write it for the play/,
      ],
      [
        'no_log as text',
        step('no_log: secret'),
        /^p.yaml:4:15 'no_log' must be true or false, not text \[write true or false/,
      ],
      [
        'environment as text',
        step('environment: A=1'),
        /^p.yaml:4:20 'environment' must be a mapping, not text/,
      ],
      [
        'a name of the environment',
        step('environment: {a-b: x}'),
        /^p.yaml:4:21 'a-b' can't be the name of an env/,
      ],
      [
        'a value of the environment',
        step('environment: {A: [x]}'),
        /^p.yaml:4:24 'A' must be text, not a list/,
      ],
      ['become_user alone', step('become_user: www'), /'become_user' does nothing without 'become'/],
      [
        'become_user as a list',
        step('become: true', 'become_user: [a]'),
        /'become_user' must be text, not a list/,
      ],
      ['delegate_to', step('delegate_to: dbb1'), /^p.yaml:4:20 .*there is no "?'?dbb1.*did you mean 'db1'/],
      ['run_once', step('run_once: 1'), /'run_once' must be true or false, not a number/],
      ['a short form', tasks('- line: path=/x line=a'), /\[write line: {path: \/x, line: a}\]/],
      [
        'args',
        tasks('- line: {path: /x, line: a}', '  args: {mode: "0644"}'),
        /'args' is not a key of a step/,
      ],
      [
        'one of several arguments, misspelt',
        tasks('- debug: {mesage: x}'),
        /^p.yaml:3:15 'mesage' is not an argument of debug \[did you mean 'message'/,
      ],
      [
        'index_var',
        step('loop: [1]', 'loop_control: {index_var: i}'),
        /'index_var' is not a key of loop_control \[write loop/,
      ],
      ['meta', tasks('- meta: end_play'), /^p.yaml:3:13 'meta' can't be 'end_play' \[put the steps/],
      [
        'meta with when',
        tasks('- meta: flush_handlers', '  when: false'),
        /^p.yaml:4:7 'when' is not a key of 'meta'/,
      ],
      [
        'a play among the steps',
        tasks('- hosts: all', '  tasks: []'),
        /^p.yaml:3:7 a play stands among the steps \[only plays have 'hosts'/,
      ],
    ])
  })

  it('tell every mistake at once, and what follows from one not at all', async () => {
    const found = await faults(
      tasks(
        '- {command: {cmd: uptime, changes: false}, register: load}',
        '- {debug: {message: "{{ load.stdot }}"}}',
        '- {copy: {src: none, dest: /etc/motd, mode: 644}, when: load.rc}',
        '- {debug: {message: "{{ item.name }}"}, loop: {a: 1}}',
      ),
    )
    assert.deepEqual(
      found.map((one) => one.replace(/^\S+ | \[.*/gs, '')),
      [
        "the result of command has no 'stdot'",
        "there is no file 'none'",
        "'mode' must be text, not a number",
        "'when' must be true or false, not a number",
        "'loop' must be a list",
      ],
    )
  })
})
