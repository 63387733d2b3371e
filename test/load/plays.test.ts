import assert from 'node:assert/strict'
import { explains, faults, type Files, load, onlyPlay, outline, tasks } from './written.ts'

const debug = (message: string): string => `{debug: {message: ${message}}}`
const play = (...lines: string[]): string =>
  ['- hosts: all', ...lines.map((line) => `  ${line}`), ''].join('\n')

describe('plays', () => {
  it('have sections, with a flush between them', async () => {
    const { flow, steps } = await onlyPlay(
      play(`post_tasks: [${debug('c')}]`, `tasks: [${debug('b')}]`, `pre_tasks: [${debug('a')}]`),
    )
    assert.equal(outline(flow), '1 flush 2 flush 3')
    assert.deepEqual(
      steps.map(({ args }) => args.message),
      ['a', 'b', 'c'],
    )
    assert.equal(outline((await onlyPlay(play(`post_tasks: [${debug('c')}]`))).flow), '1')
  })

  it('flush where they say', async () => {
    const lines = play(
      `tasks: [${debug('a')}, {meta: flush_handlers}, {ansible.builtin.meta: flush_handlers, tags: x}, ${debug('b')}]`,
    )
    assert.equal(outline((await onlyPlay(lines)).flow), '1 flush flush 2')
    assert.equal(outline((await onlyPlay(lines, { skipTags: ['untagged'] })).flow), 'flush')
  })

  it('go through their hosts in batches', async () => {
    const serial = async (text: string) => (await onlyPlay(play(`serial: ${text}`))).serial
    assert.deepEqual(await serial('2'), [2])
    assert.deepEqual(await serial('"25%"'), ['25%'])
    assert.deepEqual(await serial('[1, "50%", 3]'), [1, '50%', 3])
    assert.deepEqual((await onlyPlay(play('vars: {n: 2}', 'serial: "{{ n }}"'))).serial, [2])
    const plain = await onlyPlay(play())
    assert.deepEqual([plain.serial, plain.maxFailPercentage, plain.anyErrorsFatal], [[], undefined, false])
    const strict = await onlyPlay(play('max_fail_percentage: 0', 'any_errors_fatal: true'))
    assert.deepEqual([strict.maxFailPercentage, strict.anyErrorsFatal], [0, true])
  })

  it('ask before anything is changed, in words that may name what is known before the run', async () => {
    const { confirm } = await onlyPlay(play('vars: {what: all of it}', 'confirm: "Destroy {{ what }}?"'))
    assert.equal(confirm, 'Destroy all of it?')
    const [fault] = await faults(play('confirm: "Destroy {{ base }}?"'))
    assert.match(fault ?? '', /^p.yaml:2:\d+ 'confirm' must be known before the run/)
  })

  it('see that the loss of data was agreed to on the command line, and nowhere else', async () => {
    const text = play('tasks: [{debug: {message: x}, when: yes_delete_data}]')
    assert.equal((await load(text)).deleteData, undefined)
    assert.equal((await load(text, { deleteData: true })).deleteData, true)
    const [fault] = await faults(play('vars: {yes_delete_data: true}'))
    assert.match(fault ?? '', /'yes_delete_data' is a reserved name/)
  })

  it('have a gate, which no tag leaves out', async () => {
    const { gate, handlers } = await onlyPlay(
      play(
        'tasks: [{debug: {message: a}, tags: x, notify: h}, {debug: {message: b}}]',
        'handlers: [{name: h, debug: {message: h}}]',
        'gate:',
        '  - {command: {cmd: x, changes: false}, register: health, retries: 3}',
        '  - assert: {that: "{{ health.rc == 0 }}"}',
      ),
      { tags: ['x'] },
    )
    assert.deepEqual(
      [...handlers, ...gate].map(({ number }) => number),
      [2, 3, 4],
    )
    assert.equal(gate[0]?.retry?.retries, 3)
  })

  it('hand their keys on to all steps, handlers and the gate', async () => {
    const { steps, handlers, gate } = await onlyPlay(
      play(
        'become: true',
        'become_user: www',
        'environment: {A: x}',
        'no_log: true',
        'ignore_errors: true',
        'timeout: 5',
        `tasks: [${debug('a')}]`,
        'handlers: [{name: h, debug: {message: h}}]',
        `gate: [${debug('g')}]`,
      ),
    )
    for (const { become, environment, noLog, ignoreErrors, timeout } of [...steps, ...handlers, ...gate])
      assert.deepEqual(
        [become, environment, noLog, ignoreErrors, timeout],
        ['www', { A: 'x' }, true, true, 5],
      )
  })

  describe('files of variables', () => {
    const files: Files = {
      'p.yaml': play(
        'vars: {b: vars, kind: x}',
        'vars_files: [one.yaml, "vars/{{ kind }}.yaml"]',
        'tasks: [{debug: {message: "{{ a }} {{ b }} {{ c }}"}}]',
      ),
      'one.yaml': 'a: one\nb: one\n',
      'vars/x.yaml': 'a: two\nc: two\n',
    }

    it('are weaker than vars, a later one stronger than an earlier', async () => {
      const { vars, layers } = await onlyPlay(files)
      assert.deepEqual(vars, { a: 'two', b: 'vars', c: 'two', kind: 'x' })
      assert.deepEqual(
        layers.map(({ title, level }) => [title, level]),
        [
          ['vars_files one.yaml', 'play'],
          ['vars_files vars/x.yaml', 'play'],
          ['vars of the play', 'play'],
        ],
      )
      assert.match(layers[1]?.placeOf('c').file ?? '', /vars\/x\.yaml$/)
      assert.deepEqual([layers[1]?.placeOf('c').line, layers[2]?.placeOf('b').column], [2, 13])
    })

    it('may be one', async () => {
      const one = { ...files, 'p.yaml': play('vars_files: one.yaml') }
      assert.deepEqual((await onlyPlay(one)).vars, { a: 'one', b: 'one' })
    })

    it('may be chosen on the command line', async () => {
      const chosen = { ...files, 'p.yaml': play('vars_files: "{{ which }}.yaml"') }
      assert.deepEqual((await onlyPlay(chosen, { extraVars: { which: 'one' } })).vars, { a: 'one', b: 'one' })
    })

    it('tell all their mistakes, and what names them', async () => {
      const found = await faults({ ...files, 'one.yaml': 'a-b: 1\nhosts: 2\n' })
      assert.match(
        found.join('\n'),
        /^one\.yaml:1:1 'a-b' can't be the name of a variable \(included by p\.yaml:3\)/,
      )
      assert.match(found.join('\n'), /\none\.yaml:2:1 'hosts' is a reserved name/)
      assert.equal(found.length, 2)
    })

    it('that are missing leave no other mistakes behind', async () => {
      const found = await faults({
        ...files,
        'one.yaml': 'a: 1\n',
        'vars/x.yaml': 'a: 1\n',
        'vars/y.yaml': 'a: 1\n',
        'p.yaml': play('vars_files: vars/z.yaml', 'tasks: [{debug: {message: "{{ nope }}"}}]'),
      })
      assert.equal(found.length, 1)
      assert.match(
        found[0] as string,
        /^p\.yaml:2:15 there is no file 'vars\/z\.yaml' \[did you mean '[xy]\.yaml'/,
      )
    })
  })

  it('may take their hosts from the command line', async () => {
    const text = '- hosts: ["{{ target }}", db]\n'
    const hosts = async (target: string | string[]) => (await onlyPlay(text, { extraVars: { target } })).hosts
    assert.deepEqual(await hosts('web1'), ['web1', 'db1'])
    assert.deepEqual(await hosts(['web1', 'web2']), ['web1', 'web2', 'db1'])
    assert.match(
      (await faults(text)).join('\n'),
      /^p\.yaml:1:12 'hosts' must be known before the run: 'target' is not known/,
    )
  })

  it('may do without facts', async () => {
    const text = (gather: string): string => play(gather, 'tasks: [{debug: {message: "{{ facts.os }}"}}]')
    assert.deepEqual(await faults(text('gather: true')), [])
    assert.deepEqual(await faults(text('gather_facts: true')), [])
    for (const key of ['gather', 'gather_facts'])
      assert.match(
        (await faults(text(`${key}: false`))).join('\n'),
        /^p\.yaml:3:\d+ 'facts' are not gathered in this play \[remove 'gather: false'\]$/,
      )
  })

  describe('tags', () => {
    const text = tasks(
      '- {command: {cmd: x}, register: r, tags: a}',
      '- {debug: {message: "{{ r.rc }}"}, tags: b}',
    )
    it('that leave out the step that registers a name are named', async () => {
      assert.deepEqual(await faults(text), [])
      assert.match(
        (await faults(text, { tags: ['b'] })).join('\n'),
        /^p\.yaml:4:\d+ 'r' is registered by a step that --tags leaves out/,
      )
    })
    it('of gates and handlers are known', async () => {
      const gated = play('gate: [{debug: {message: x}, tags: y}]')
      assert.deepEqual(await faults(gated, { tags: ['y'] }), [])
    })
  })

  describe('of other playbooks', () => {
    const files: Files = {
      'p.yaml': [
        '- {hosts: web, name: first}',
        '- import_playbook: more/other.yaml',
        '  vars: {v: import}',
        '  tags: t',
        '  when: v == "import"',
        '- {hosts: db, name: last}',
        '',
      ].join('\n'),
      'more/other.yaml': [
        '- name: other',
        '  hosts: web',
        '  vars: {v: play, w: play}',
        '  tasks: [{copy: {src: here, dest: /x}, vars: {s: 1}}]',
        '',
      ].join('\n'),
      'more/here': 'text',
    }

    it('stand where they are imported, beside their own files', async () => {
      const { plays } = await load(files)
      assert.deepEqual(
        plays.map(({ name, index }) => [name, index]),
        [
          ['first', 0],
          ['other', 1],
          ['last', 2],
        ],
      )
      const [step] = plays[1]?.steps ?? []
      assert.deepEqual(plays[1]?.vars, { v: 'import', w: 'play' })
      assert.deepEqual([step?.tags, step?.when, step?.vars], [['t'], ['v == "import"'], { s: 1 }])
      assert.match(plays[1]?.place.file ?? '', /more\/other\.yaml$/)
      assert.deepEqual(
        plays[1]?.layers.map((layer) => [layer.title, layer.placeOf('v').line]),
        [
          ['vars of the play', 3],
          ['vars of the import', 3],
        ],
      )
    })

    it('tell their mistakes with what imports them', async () => {
      const found = await faults({ ...files, 'more/other.yaml': '- hosts: wbe\n' })
      assert.match(
        found.join('\n'),
        /^more\/other\.yaml:1:10 there is no host or group 'wbe' \(included by p\.yaml:2\)/,
      )
    })

    it('must not import each other', async () => {
      const found = await faults({ ...files, 'more/other.yaml': '- import_playbook: ../p.yaml\n' })
      assert.equal(found.length, 1)
      assert.match(
        found[0] as string,
        /^more\/other\.yaml:1:20 'p\.yaml' includes itself \(p\.yaml > other\.yaml > p\.yaml\)/,
      )
    })
  })

  describe('explain', () => {
    explains([
      ['serial of 0', play('serial: 0'), /^p.yaml:2:11 'serial' must be a number of hosts above 0/],
      [
        'serial as text',
        play('serial: [1, half]'),
        /^p.yaml:2:15 'serial' must be a number of hosts above 0, or a percentage \[write e.g./,
      ],
      ['serial of more than all', play('serial: "200%"'), /'serial' must be a number/],
      [
        'max_fail_percentage',
        play('max_fail_percentage: 120'),
        /'max_fail_percentage' must be a number from 0 to 100/,
      ],
      [
        'max_fail_percentage with a sign',
        play('max_fail_percentage: 25%'),
        /^p.yaml:2:24 'max_fail_percentage' must be/,
      ],
      [
        'any_errors_fatal',
        play('any_errors_fatal: any'),
        /'any_errors_fatal' must be true or false, not text \[write true or false/,
      ],
      ['gather', play('gather: [os]'), /'gather' must be true or false, not a list/],
      ['gate as text', play('gate: x'), /^p.yaml:2:9 'gate' must be a list, not text/],
      [
        'a block in the gate',
        play(`gate: [{block: [${debug('x')}], always: [${debug('y')}]}]`),
        /^p.yaml:2:10 'gate' holds only steps/,
      ],
      [
        'notify in the gate',
        play('gate: [{debug: {message: x}, notify: y}]', 'handlers: [{name: y, debug: {message: x}}]'),
        /^p.yaml:2:\d+ a step of a 'gate' can't notify/,
      ],
      [
        'a block of handlers',
        play(
          `handlers: [{block: [{name: h, debug: {message: x}}], rescue: [{name: i, debug: {message: x}}]}]`,
        ),
        /'handlers' holds only steps/,
      ],
      [
        'when for a play',
        play('when: true'),
        /^p.yaml:2:3 'when' is not a key of a play \[write it for the steps/,
      ],
      [
        'vars_files as a mapping',
        play('vars_files: {a: 1}'),
        /^p.yaml:2:15 the name of the file must be text, not a mapping/,
      ],
      [
        'vars_files that depend on the host',
        play('vars_files: "{{ base }}.yaml"'),
        /must be known before the run: 'base' depends on the host/,
      ],
      ['vars_prompt', play('vars_prompt: []'), /'vars_prompt' is not a key of a play \[give the values with/],
      [
        'import_playbook without a file',
        '- import_playbook:\n',
        /the name of the playbook must be text, not null/,
      ],
      [
        'import_playbook with hosts',
        { 'p.yaml': '- import_playbook: q.yaml\n  hosts: all\n', 'q.yaml': '- hosts: all\n' },
        /^p.yaml:2:3 'hosts' is not a key of 'import_playbook'/,
      ],
      ['a step among plays', '- debug: {message: x}\n  hosts: all\n', /'debug' is not a key of a play/],
    ])
  })
})
