import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../src/core/errors.ts'
import { type LoadOptions, loadProgram } from '../../src/load/compile.ts'
import type { Program } from '../../src/load/program.ts'

const INVENTORY = `
all:
  vars: {base: /srv}
  children:
    web: {hosts: {web1: {address: 10.0.0.1}, web2: {address: 10.0.0.2, port: 2222}}}
    db: {hosts: {db1: {address: 10.0.0.3, disk: sda}}}
`

describe('playbook', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'playbook-'))
    await writeFile(join(folder, 'motd'), 'hello\n')
  })
  after(() => rm(folder, { recursive: true }))

  async function load(
    playbook: string,
    options: Partial<LoadOptions> = {},
    inventory = INVENTORY,
  ): Promise<Program> {
    const files = { playbook: join(folder, 'p.yaml'), inventory: join(folder, 'i.yaml') }
    await writeFile(files.playbook, playbook)
    await writeFile(files.inventory, inventory)
    return loadProgram({ ...files, ...options })
  }

  async function faults(...given: Parameters<typeof load>): Promise<string[]> {
    try {
      await load(...given)
      return []
    } catch (error) {
      assert.ok(error instanceof UsageError, (error as Error).stack)
      return error.diagnostics.map(({ place, message, hint }) => {
        const at =
          place === undefined ? '' : `${place.file.slice(folder.length + 1)}:${place.line}:${place.column} `
        return `${at}${message} [${hint ?? ''}]`
      })
    }
  }

  /** One play on all hosts with these lines as its tasks. */
  const tasks = (...lines: string[]): string =>
    ['- hosts: all', '  tasks:', ...lines.map((line) => `    ${line}`), ''].join('\n')

  it('compiles to plain data', async () => {
    const program = await load(`
- name: prepare
  hosts: web
  become: true
  tags: prep
  vars: {owner: root}
  tasks:
    - name: the folder
      file: {path: "{{ base }}/x", state: directory}
      register: made
      notify: [reload, tell]
      tags: [files, x]
    - copy: {src: motd, dest: /etc/motd}
      when: made.changed
      become: false
      timeout: 5
      loop: [1, 2]
      loop_control: {loop_var: n, label: "no {{ n }}"}
  handlers:
    - name: reload
      file: {path: /run/reload}
    - name: other
      listen: tell
      file: {path: /run/tell}
- hosts: [db, 'web:!web2']
  tasks: []
`)
    const [first, second] = program.plays
    assert.deepEqual(
      [first?.name, first?.hosts, first?.vars],
      ['prepare', ['web1', 'web2'], { owner: 'root' }],
    )
    assert.deepEqual([second?.name, second?.hosts, second?.index], ['db,web:!web2', ['web1', 'db1'], 1])
    const [one, two] = first?.steps ?? []
    assert.deepEqual(
      [one?.number, one?.name, one?.task.name, one?.become, one?.timeout],
      [1, 'the folder', 'file', true, 900],
    )
    assert.deepEqual(
      [one?.register, one?.notify, one?.tags],
      ['made', ['reload', 'tell'], ['prep', 'files', 'x']],
    )
    assert.deepEqual(one?.args, { path: '{{ base }}/x', state: 'directory' })
    assert.deepEqual(
      [two?.number, two?.name, two?.when, two?.become, two?.timeout],
      [2, 'copy /etc/motd', ['made.changed'], false, 5],
    )
    assert.deepEqual([two?.loop, two?.loopVar, two?.label], [[1, 2], 'n', 'no {{ n }}'])
    assert.deepEqual(
      first?.handlers.map(({ number, name, listen }) => [number, name, listen]),
      [
        [3, 'reload', []],
        [4, 'other', ['tell']],
      ],
    )
    assert.deepEqual(one?.placeOf('/file/state'), { file: join(folder, 'p.yaml'), line: 9, column: 43 })
    assert.doesNotThrow(() => JSON.stringify(program))
  })

  it('limits the hosts, and remembers those before', async () => {
    const { plays } = await load(tasks('- file: {path: /x}'), { limit: 'web:!web1' })
    assert.deepEqual([plays[0]?.hosts, plays[0]?.everyHost], [['web2'], ['web1', 'web2', 'db1']])
  })

  describe('tags', () => {
    const playbook = tasks(
      '- {name: plain, file: {path: /a}}',
      '- {name: one, file: {path: /a}, tags: one}',
      '- {name: both, file: {path: /a}, tags: "one, two"}',
      '- {name: always, file: {path: /a}, tags: [always]}',
      '- {name: never, file: {path: /a}, tags: [never, debug]}',
    )
    const table: [string[], string[], string[]][] = [
      [[], [], ['plain', 'one', 'both', 'always']],
      [['one'], [], ['one', 'both', 'always']],
      [['two'], [], ['both', 'always']],
      [['debug'], [], ['always', 'never']],
      [['never'], [], ['always', 'never']],
      [['untagged'], [], ['plain', 'always']],
      [['tagged'], [], ['one', 'both', 'always']],
      [['all'], [], ['plain', 'one', 'both', 'always']],
      [[], ['one'], ['plain', 'always']],
      [[], ['always'], ['plain', 'one', 'both']],
      [['one'], ['two'], ['one', 'always']],
      [[], ['tagged'], ['plain']],
      [['all'], ['all'], ['always']],
    ]
    for (const [tags, skipTags, expected] of table)
      it(`--tags ${tags.join()} --skip-tags ${skipTags.join()}`, async () => {
        const { plays } = await load(playbook, { tags, skipTags })
        assert.deepEqual(
          plays[0]?.steps.map(({ name }) => name),
          expected,
        )
        assert.deepEqual(
          plays[0]?.steps.map(({ number }) => number),
          expected.map((_, index) => index + 1),
        )
      })
    it('refuses a tag that no step has', async () =>
      assert.deepEqual(await faults(playbook, { tags: ['onee'], skipTags: ['nix'] }), [
        "no step has the tag 'onee' [did you mean 'one'?]",
        "no step has the tag 'nix' [known: one, two, always, never, debug]",
      ]))
  })

  describe('explains', () => {
    const table: [string, string, RegExp][] = [
      ['not a list', 'hosts: all\n', /^p.yaml:1:1 a playbook must be a list of plays/],
      ['not a play', '- x\n', /^p.yaml:1:3 a play must be a mapping/],
      ['no hosts', '- tasks: []\n', /^p.yaml:1:3 the play lacks 'hosts'/],
      ['unknown hosts', '- hosts: wbe\n', /^p.yaml:1:10 there is no host or group 'wbe'/],
      [
        'unknown key of a play',
        '- hosts: all\n  taskss: []\n',
        /^p.yaml:2:3 'taskss' is not a key of a play \[did you mean 'tasks'/,
      ],
      [
        'a habit',
        '- hosts: all\n  strategy: free\n',
        /^p.yaml:2:3 'strategy' is not a key of a play \[remove it/,
      ],
      [
        'become_user',
        '- hosts: all\n  become_user: w w\n',
        /^p.yaml:2:16 'become_user' must be the name of a user/,
      ],
      [
        'become as text',
        '- hosts: all\n  become: "root"\n',
        /^p.yaml:2:12 'become' must be true or false, not text/,
      ],
      [
        'a member of what is not defined, at its name',
        tasks('- debug: {message: "{{ nope.a.b }}"}'),
        /^p.yaml:3:28 'nope' is not defined/,
      ],
      [
        'a template that gives a number where text is wanted',
        tasks('- hostname: {name: "{{ 1 + 1 }}"}'),
        /'name' must be text, not a number \[convert it: {{ ... \| string }}/,
      ],
      [
        'a template that gives text where a number is wanted',
        tasks('- user: {name: x, uid: "{{ \'7\' }}"}'),
        /'uid' must be a whole number, not text \[convert it: {{ ... \| int }}/,
      ],
      ['tasks as a mapping', '- hosts: all\n  tasks: {a: 1}\n', /'tasks' must be a list, not a mapping/],
      ['a step that is text', tasks('- x'), /^p.yaml:3:7 a step must be a mapping/],
      [
        'unknown task',
        tasks('- fiel: {path: /x}'),
        /^p.yaml:3:7 there is no task 'fiel' \[did you mean 'file'/,
      ],
      [
        'unknown key of a step',
        tasks('- file: {path: /x}', '  wen: true'),
        /^p.yaml:4:7 'wen' is not a key of a step \[did you mean 'when'/,
      ],
      ['task of Ansible', tasks('- apk: {name: vim}'), /there is no task 'apk' \[.*use 'package'/],
      [
        'full name of a task',
        tasks('- ansible.builtin.line: {path: /x}'),
        /there is no task 'ansible.builtin.line' \[write 'line'\]/,
      ],
      [
        'unheard of task',
        tasks('- frobnicate: {}'),
        /there is no task 'frobnicate' \['provision docs' lists them\]/,
      ],
      ['no task', tasks('- name: x'), /^p.yaml:3:7 the step names no task/],
      [
        'two tasks',
        tasks('- file: {path: /x}', '  copy: {dest: /x, content: y}'),
        /^p.yaml:4:7 the step has two tasks/,
      ],
      [
        'arguments as text',
        tasks('- file: /x'),
        /^p.yaml:3:13 the arguments of file must be a mapping \[.*path/,
      ],
      ['no arguments', tasks('- file:'), /file lacks 'path'/],
      [
        'unknown argument',
        tasks('- file: {pth: /x}'),
        /^p.yaml:3:14 'pth' is not an argument of file \[did you mean 'path'/,
      ],
      ['wrong type', tasks('- file: {path: [/x]}'), /^p.yaml:3:20 'path' must be text, not a list/],
      [
        'wrong value',
        tasks('- file: {path: /x, state: dir}'),
        /^p.yaml:3:31 'state' can't be 'dir' \[one of file, directory/,
      ],
      [
        'mode as a number',
        tasks('- file: {path: /x, mode: 644}'),
        /^p.yaml:3:30 'mode' must be text, not a number \[quote it, with its zero: "0644"/,
      ],
      [
        'undefined variable',
        tasks('- file: {path: "{{ bsae }}/x"}'),
        /^p.yaml:3:24 'bsae' is not defined \[did you mean 'base'/,
      ],
      [
        'undefined on one host',
        tasks('- file: {path: "/{{ port }}"}'),
        /'port' is not defined \(on web1 and 1 more\)/,
      ],
      [
        'undefined in the name',
        tasks('- {name: "{{ nope }}", file: {path: /x}}'),
        /^p.yaml:3:18 'nope' is not defined/,
      ],
      [
        'undefined behind a false condition',
        tasks('- file: {path: "{{ nope | lenght }}"}', '  when: false'),
        /there is no filter 'lenght' \[did you mean 'length'/,
      ],
      [
        'when with braces',
        tasks('- file: {path: /x}', '  when: "{{ true }}"'),
        /^p.yaml:4:14 this is an expression already/,
      ],
      [
        'when that is text',
        tasks('- file: {path: /x}', '  when: [true, base]'),
        /^p.yaml:4:20 'when' must be true or false, not text/,
      ],
      [
        'when that is a number',
        tasks('- file: {path: /x}', '  when: 1'),
        /^p.yaml:4:13 'when' must be an expression/,
      ],
      [
        'loop that is text',
        tasks('- file: {path: /x}', '  loop: "{{ base }}"'),
        /^p.yaml:4:14 'loop' must be a list, not text/,
      ],
      [
        'loop that is a mapping',
        tasks('- file: {path: /x}', '  loop: {a: 1}'),
        /^p.yaml:4:13 'loop' must be a list/,
      ],
      [
        'loop_control',
        tasks('- file: {path: /x}', '  loop_control: {lable: x}'),
        /'lable' is not a key of loop_control \[did you mean 'label'/,
      ],
      [
        'register',
        tasks('- file: {path: /x}', '  register: a-b'),
        /^p.yaml:4:17 'a-b' can't be the name of a variable \[.*a_b/,
      ],
      [
        'register of a reserved name',
        tasks('- file: {path: /x}', '  register: hosts'),
        /'hosts' is a reserved name/,
      ],
      [
        'register used before',
        tasks('- file: {path: "{{ r.path }}"}', '- file: {path: /x}', '  register: r'),
        /'r' is registered only later, on line 4/,
      ],
      [
        'timeout',
        tasks('- file: {path: /x}', '  timeout: soon'),
        /^p.yaml:4:16 'timeout' must be a number of seconds/,
      ],
      [
        'unknown handler',
        tasks('- file: {path: /x}', '  notify: relod') + '  handlers: [{name: reload, file: {path: /y}}]\n',
        /^p.yaml:4:15 there is no handler 'relod' \[did you mean 'reload'/,
      ],
      [
        'handler of another play',
        `${tasks('- file: {path: /x}', '  notify: [h]')}- name: p2\n  hosts: all\n  handlers: [{name: h, file: {path: /y}}]\n`,
        /^p.yaml:4:16 there is no handler 'h' \[the play 'p2' has one/,
      ],
      [
        'handler without a name',
        '- hosts: all\n  handlers: [{file: {path: /y}}]\n',
        /a handler needs a 'name' or 'listen'/,
      ],
      [
        'two handlers of a name',
        '- hosts: all\n  handlers: [{name: h, file: {path: /y}}, {name: h, file: {path: /y}}]\n',
        /two handlers 'h'/,
      ],
      [
        'listen on a step',
        tasks('- file: {path: /x}', '  listen: x'),
        /'listen' is not a key of a step \[only handlers/,
      ],
      [
        'missing local file',
        tasks('- copy: {src: mtod, dest: /x}'),
        /^p.yaml:3:19 there is no file 'mtod' \[did you mean 'motd'/,
      ],
      ['a folder as a local file', tasks('- copy: {src: ., dest: /x}'), /is a directory, not a file/],
      [
        'variable name',
        '- hosts: all\n  vars: {a-b: 1}\n',
        /^p.yaml:2:10 'a-b' can't be the name of a variable/,
      ],
      [
        'circle of variables',
        `- hosts: all\n  vars: {a: "{{ b }}", b: "{{ a }}"}\n${tasks('- file: {path: "{{ a }}"}').split('\n').slice(1).join('\n')}`,
        /made from itself/,
      ],
      [
        'unknown host in hosts',
        tasks('- file: {path: "{{ hosts.wbe1.address }}"}'),
        /there is no host 'wbe1' \[did you mean 'web1'/,
      ],
      ['tabs', '- hosts: all\n\ttasks: []\n', /^p.yaml:2:1 a tab is used/],
      ['a duplicate key', '- hosts: all\n  hosts: web\n', /^p.yaml:2:3 the key 'hosts' is given twice/],
      [
        'a bare template',
        tasks('- file:', '    path: {{ base }}'),
        /^p.yaml:4:15 a value that begins with {{ must be quoted/,
      ],
    ]
    for (const [name, text, expected] of table)
      it(name, async () => {
        const found = await faults(text)
        assert.equal(found.length, 1, found.join('\n'))
        assert.match(found[0] as string, expected)
      })

    it('a pattern in --limit that means nothing', async () => {
      const [first] = await faults(tasks('- file: {path: /x}'), { limit: 'wbe1' })
      assert.match(first as string, /^--limit: there is no host or group 'wbe1' \[did you mean 'web1'/)
      assert.match(
        (await faults(tasks('- file: {path: /x}'), { limit: 'web:&db' }))[0] as string,
        /leaves no hosts/,
      )
    })

    it('a --limit that leaves no host of the playbook', async () => {
      const both = '- hosts: web\n  tasks: []\n- hosts: web2\n  tasks: []\n'
      assert.deepEqual(await faults(both, { limit: 'db' }), [
        "--limit 'db' leaves no host of the playbook [this playbook is for web1, web2]",
      ])
      assert.deepEqual(await faults(both, { limit: 'web1' }), [])
    })

    it('missing files', async () => {
      const found = await faults(tasks(), {
        playbook: join(folder, 'no.yaml'),
        inventory: join(folder, 'none.yaml'),
      })
      assert.equal(found.length, 2)
      assert.match(
        found.join(),
        /there is no file .*no\.yaml \[looked for .*there is no file .*none\.yaml \[.*with -i FILE/,
      )
    })
  })

  it('reports all mistakes at once, sorted by place, both files', async () => {
    const found = await faults(
      '- hosts: all\n  tasks:\n    - file: {path: 1}\n      notify: x\n    - nope: {}\n  vars: {a-b: 1}\n',
      {},
      'all: {hosts: {h: {port: x}}}\n',
    )
    assert.deepEqual(
      found.map((one) => one.split(' ')[0]),
      ['i.yaml:1:25', 'p.yaml:4:15', 'p.yaml:5:7', 'p.yaml:6:10'],
    )
  })

  it('reports every name of one template that is not defined, each once', async () => {
    const text = '{{ one }} {{ two.x }} {% for x in [1, 2] %}{{ three }}{% endfor %} {{ one }}'
    const found = await faults(tasks(`- debug: {message: "${text}"}`))
    assert.deepEqual(
      found.map((one) => one.split(' is')[0]),
      ["p.yaml:3:28 'one'", "p.yaml:3:38 'two'", "p.yaml:3:71 'three'"],
    )
  })

  it('does not call undefined what a broken step would register', async () => {
    const found = await faults(tasks('- fiel: {}', '  register: r', '- file: {path: "{{ r.path }}"}'))
    assert.equal(found.length, 1)
  })

  it('accepts a loop and arguments that depend on a register', async () => {
    const program = await load(
      tasks(
        '- {command: {cmd: x}, register: r}',
        '- {file: {path: "{{ item }}", mode: "{{ r.stderr }}"}, loop: "{{ r.stdout | from_json }}", when: r.changed}',
      ),
    )
    assert.equal(program.plays[0]?.steps.length, 2)
  })

  it('checks the arguments of steps that no host comes to', async () => {
    const steps = [
      '- {file: {path: /x, stat: file}, when: false}',
      '- {file: {path: "{{ base }}"}, when: false}',
    ]
    assert.deepEqual(await faults(tasks(...steps)), [
      "p.yaml:3:25 'stat' is not an argument of file [did you mean 'state'?]",
    ])
  })

  it('names a step by its main argument, and never cuts a template', async () => {
    const names = async (message: string): Promise<string | undefined> => {
      const { plays } = await load(tasks(`- {debug: {message: ${JSON.stringify(message)}}}`))
      return plays[0]?.steps[0]?.name
    }
    assert.equal(await names('hello {{ inventory_hostname }}'), 'debug hello {{ inventory_hostname }}')
    assert.equal(await names(`hello {{ '${'x'.repeat(60)}' }}`), 'debug hello...')
    assert.equal(await names('{% if true %}\nyes\n{% endif %}'), 'debug')
    assert.equal(await names('x'.repeat(61)), `debug ${'x'.repeat(57)}...`)
  })

  it('lets extra variables win', async () => {
    const broken = await faults(tasks('- file: {path: "{{ base }}"}'), { extraVars: { base: 5 } })
    assert.match(broken.join(), /'path' must be text, not a number/)
  })

  it('loads the cluster', async function () {
    const playbook = 'playbooks/cluster.yaml'
    const { plays } = await loadProgram({ playbook, inventory: 'inventory.yaml' }).catch(
      (error: NodeJS.ErrnoException) => {
        if (/there is no file playbooks/.test(error.message)) this.skip()
        throw error
      },
    )
    assert.ok(plays.length > 0)
  })
})
