import assert from 'node:assert/strict'
import { explains, faults, type Files, onlyPlay, outline, stepsOf, tasks } from './written.ts'

const MORE = '- debug: {message: "v {{ v }}"}\n- copy: {src: near, dest: /x}\n'

describe('includes', () => {
  const files: Files = {
    'p.yaml': tasks(
      '- import_tasks: steps/more.yaml',
      '  vars: {v: 1}',
      '  when: v == 1',
      '  tags: t',
      '  become: true',
      '- debug: {message: last}',
    ),
    'steps/more.yaml': MORE,
    'steps/near': 'text',
  }

  it('stand for the steps of a file', async () => {
    const steps = await stepsOf(files)
    assert.deepEqual(
      steps.map(({ number, name }) => [number, name]),
      [
        [1, 'debug v {{ v }}'],
        [2, 'copy /x'],
        [3, 'debug last'],
      ],
    )
    const first = steps[0]!
    const { vars, when, tags, become, place } = first
    assert.deepEqual([vars, when, tags, become], [{ v: 1 }, ['v == 1'], ['t'], true])
    assert.match(place.file, /steps\/more\.yaml$/)
    assert.match(first.placeOf('/when/0').file, /p\.yaml$/)
    assert.deepEqual(
      ['/when/0', '/vars/v', '/debug/message'].map((pointer) => first.placeOf(pointer).line),
      [5, 4, 1],
    )
  })

  it('are written in many ways', async () => {
    const ways = [
      ['- include_tasks: steps/more.yaml', '  vars: {v: 1}'],
      ['- include_tasks: {file: steps/more.yaml}', '  vars: {v: 1}'],
      ['- ansible.builtin.include_tasks:', '    file: steps/more.yaml', '    apply: {vars: {v: 1}, tags: x}'],
      ['- import_tasks: "steps/{{ which }}.yaml"', '  vars: {v: 1, which: more}'],
    ]
    for (const way of ways)
      assert.equal((await stepsOf({ ...files, 'p.yaml': tasks(...way) })).length, 2, way[0])
    const [step] = await stepsOf({ ...files, 'p.yaml': tasks(...ways[2]!) })
    assert.deepEqual([step?.tags, step?.vars], [['x'], { v: 1 }])
  })

  it('are found beside the file that includes them, then beside the playbook', async () => {
    const nested: Files = {
      'p.yaml': tasks('- include_tasks: steps/one.yaml'),
      'steps/one.yaml': '- include_tasks: two.yaml\n- include_tasks: three.yaml\n',
      'steps/two.yaml': '- debug: {message: two}\n',
      'two.yaml': '- debug: {message: wrong}\n',
      'three.yaml': '- debug: {message: three}\n',
    }
    assert.deepEqual(
      (await stepsOf(nested)).map(({ args }) => args.message),
      ['two', 'three'],
    )
  })

  it('loop over the whole', async () => {
    const looped = {
      ...files,
      'p.yaml': tasks(
        '- include_tasks: steps/more.yaml',
        '  loop: [1, 2]',
        '  loop_control: {loop_var: v}',
        '  when: v != 3',
      ),
    }
    const { flow, steps } = await onlyPlay(looped)
    assert.equal(outline(flow), '{1 2}*')
    assert.deepEqual(steps[0]?.outerItems, ['v'])
    assert.deepEqual([steps[0]?.when, steps[0]?.loop], [['v != 3'], undefined])
  })

  it('loop over files', async () => {
    const looped = {
      'p.yaml': tasks('- include_tasks: "{{ item }}.yaml"', '  loop: [a, b]', '  when: item != "c"'),
      'a.yaml': '- debug: {message: "a {{ item }}"}\n',
      'b.yaml': '- debug: {message: "b {{ item }}"}\n',
    }
    const { flow, steps } = await onlyPlay(looped)
    assert.equal(outline(flow), '1 2')
    assert.deepEqual(
      steps.map(({ args, vars }) => [args.message, vars.item]),
      [
        ['a {{ item }}', 'a'],
        ['b {{ item }}', 'b'],
      ],
    )
  })

  it('may stand in blocks, handlers and gates', async () => {
    const play = await onlyPlay({
      ...files,
      'p.yaml': [
        '- hosts: all',
        '  vars: {v: 1}',
        '  tasks: [{block: [{import_tasks: steps/more.yaml}], rescue: [{import_tasks: steps/more.yaml}]}, {debug: {message: x}, notify: h}]',
        '  handlers: [{import_tasks: h.yaml}]',
        '  gate: [{import_tasks: g.yaml}]',
        '',
      ].join('\n'),
      'h.yaml': '- {name: h, debug: {message: h}}\n',
      'g.yaml': '- {debug: {message: g}}\n',
    })
    assert.equal(outline(play.flow), '{1 2 | rescue 3 4} 5')
    assert.deepEqual([play.handlers[0]?.name, play.gate[0]?.number], ['h', 7])
  })

  it('tell a mistake of the file once, with the lines that led to it', async () => {
    const twice = {
      'p.yaml': tasks('- include_tasks: one.yaml', '- include_tasks: one.yaml'),
      'one.yaml': '- include_tasks: two.yaml\n',
      'two.yaml': '- fiel: {path: /x}\n- file: {path: "{{ nope }}"}\n- file: {path: 5}\n',
    }
    assert.deepEqual(
      (await faults(twice)).map((one) => one.replace(/ \[.*/, '')),
      [
        "two.yaml:1:3 there is no task 'fiel' (included by one.yaml:1, p.yaml:3)",
        "two.yaml:2:20 'nope' is not defined (included by one.yaml:1, p.yaml:3)",
        "two.yaml:3:16 'path' must be text, not a number (included by one.yaml:1, p.yaml:3)",
      ],
    )
  })

  it('that are missing hide what they would have defined', async () => {
    const found = await faults({
      ...files,
      'p.yaml': tasks('- import_tasks: steps/mroe.yaml', '- debug: {message: "{{ r.x }}"}', '  notify: h'),
    })
    assert.match(
      found.join('\n'),
      /^p\.yaml:3:21 there is no file 'steps\/mroe\.yaml' \[did you mean 'more\.yaml'\?\]$/,
    )
  })

  describe('explain', () => {
    const include = (...lines: string[]): Files => ({ ...files, 'p.yaml': tasks(...lines) })
    explains([
      [
        'a circle',
        {
          'p.yaml': tasks('- import_tasks: a.yaml'),
          'a.yaml': '- import_tasks: b.yaml\n',
          'b.yaml': '- import_tasks: a.yaml\n',
        },
        /^b.yaml:1:17 'a.yaml' includes itself \(a.yaml > b.yaml > a.yaml\)/,
      ],
      ['no name', include('- import_tasks:'), /^p.yaml:3:7 the name of the file must be text, not null/],
      ['no file', include('- include_tasks: {apply: {tags: x}}'), /^p.yaml:3:\d+ 'file' is missing/],
      ['a list', include('- import_tasks: [a]'), /the name of the file must be text, not a list/],
      [
        'a name that depends on the host',
        include('- include_tasks: "{{ inventory_hostname }}.yaml"'),
        /^p.yaml:3:23 the name of the file must be known before the run: 'inventory_hostname' depends on the host \[write one include for each file, each with its own 'when'\]/,
      ],
      [
        'a name that a step registers',
        include('- {command: {cmd: x}, register: r}', '- include_tasks: "{{ r.stdout }}.yaml"'),
        /'r' is registered by a step \[write one include/,
      ],
      [
        'a name with a bad template',
        include('- include_tasks: "{{ x | nope }}.yaml"'),
        /there is no filter 'nope'/,
      ],
      [
        'register',
        include('- import_tasks: steps/more.yaml', '  vars: {v: 1}', '  register: x'),
        /^p.yaml:5:7 'register' is not a key of 'import_tasks' \[write it for the steps inside\]/,
      ],
      [
        'apply of import',
        include('- import_tasks: {file: steps/more.yaml, apply: {}}', '  vars: {v: 1}'),
        /'apply' is not a key of 'import_tasks'/,
      ],
      [
        'a playbook',
        { 'p.yaml': tasks('- import_tasks: q.yaml'), 'q.yaml': '- hosts: all\n  tasks: []\n' },
        /^q.yaml:1:3 a play stands among the steps \(included by p.yaml:3\) \[.*import_playbook/,
      ],
      [
        'a mapping',
        { 'p.yaml': tasks('- import_tasks: q.yaml'), 'q.yaml': 'a: 1\n' },
        /^q.yaml:1:1 a file of steps must be a list, not a mapping \(included/,
      ],
      [
        'broken YAML',
        { 'p.yaml': tasks('- import_tasks: q.yaml'), 'q.yaml': '- [x\n' },
        /^q.yaml:1:\d+ .*never closed \(included by p.yaml:3\)/,
      ],
      [
        'a missing local file',
        { 'p.yaml': tasks('- import_tasks: q.yaml'), 'q.yaml': '- copy: {src: nope, dest: /x}\n' },
        /^q.yaml:1:15 there is no file 'nope'/,
      ],
      [
        'a loop that is none',
        include('- include_tasks: steps/more.yaml', '  vars: {v: 1}', '  loop: "{{ base }}"'),
        /^p.yaml:5:14 'loop' must be a list, not text/,
      ],
      [
        'an include of old',
        include('- include: steps/more.yaml'),
        /there is no task 'include' \[write 'include_tasks'\]/,
      ],
    ])
  })
})
