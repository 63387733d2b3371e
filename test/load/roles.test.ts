import assert from 'node:assert/strict'
import { explains, faults, type Files, load, onlyPlay, outline, stepsOf, tasks } from './written.ts'

const play = (...lines: string[]): string =>
  ['- hosts: all', ...lines.map((line) => `  ${line}`), ''].join('\n')

const WEB: Files = {
  'roles/web/tasks/main.yaml': [
    '- template: {src: site.j2, dest: "/etc/{{ name }}"}',
    '  notify: reload',
    '- copy: {src: motd, dest: "{{ role_path }}/{{ role_name }}"}',
    '- import_tasks: more.yaml',
    '',
  ].join('\n'),
  'roles/web/tasks/more.yaml': '- debug: {message: "port {{ port }}"}\n',
  'roles/web/tasks/extra.yml': '- debug: {message: extra}\n',
  'roles/web/handlers/main.yaml': '- {name: reload, debug: {message: "{{ name }}"}}\n',
  'roles/web/defaults/main.yml': 'port: 80\nbase: /default\nname: weak\n',
  'roles/web/vars/main.yaml': 'name: web\n',
  'roles/web/templates/site.j2': 'listen {{ port }} in {{ base }}\n',
  'roles/web/files/motd': 'role\n',
  motd: 'playbook\n',
}

describe('roles', () => {
  const files: Files = {
    ...WEB,
    'p.yaml': play('vars: {name: play}', 'roles: [web]', 'tasks: [{debug: {message: x}}]'),
  }

  it('are folders with steps, handlers, defaults, variables, files and templates', async () => {
    const { steps, handlers, layers } = await onlyPlay(files)
    assert.deepEqual(
      steps.map(({ name }) => name),
      ['template site.j2', 'copy {{ role_path }}/{{ role_name }}', 'debug port {{ port }}', 'debug x'],
    )
    assert.deepEqual(
      handlers.map(({ name, number }) => [name, number]),
      [['reload', 5]],
    )
    const [first, , , last] = steps
    assert.deepEqual(first?.defaults, { port: 80, base: '/default', name: 'weak' })
    assert.equal(first?.vars.name, 'web')
    assert.deepEqual([last?.defaults, last?.vars], [{}, {}])
    assert.match(first?.folders?.[0] ?? '', /roles\/web$/)
    assert.deepEqual(
      layers.map(({ level, title }) => `${level}: ${title}`),
      ['role defaults: defaults of the role web', 'play: vars of the play', 'play: vars of the role web'],
    )
    assert.equal(layers[0]?.placeOf('base').line, 2)
  })

  it('run before the tasks, with one flush before those after', async () => {
    const sections = play(
      'pre_tasks: [{debug: {message: x}}]',
      'roles: [web]',
      'tasks: [{debug: {message: x}}]',
      'post_tasks: [{debug: {message: x}}]',
    )
    assert.equal(outline((await onlyPlay({ ...files, 'p.yaml': sections })).flow), '1 flush 2 3 4 5 flush 6')
  })

  it('take variables, tags and conditions', async () => {
    const [step] = await stepsOf({
      ...files,
      'p.yaml': play(
        'roles: [{role: web, vars: {name: given, port: 1}, tags: [t], when: port == 1, become: true}]',
      ),
    })
    assert.deepEqual(
      [step?.vars.name, step?.vars.port, step?.tags, step?.when],
      ['given', 1, ['t'], ['port == 1']],
    )
    assert.equal(step?.become, true)
  })

  it('are brought in by steps, too', async () => {
    const text = tasks(
      '- import_role: {name: web}',
      '- ansible.builtin.include_role: {name: web, tasks_from: extra, apply: {tags: x}}',
      '  loop: [1, 2]',
    )
    const { flow, steps, handlers } = await onlyPlay({ ...files, 'p.yaml': text })
    assert.equal(outline(flow), '1 2 3 {4}*')
    assert.equal(handlers.length, 1)
    assert.deepEqual([steps[3]?.tags, steps[3]?.outerItems], [['x'], ['item']])
  })

  it('bring what they depend on before them, once', async () => {
    const { steps } = await onlyPlay({
      ...files,
      'p.yaml': play('roles: [top, other, top]'),
      'roles/top/tasks/main.yaml': '- debug: {message: top}\n',
      'roles/top/meta/main.yaml': 'galaxy_info: {author: x}\ndependencies: [{role: base}]\n',
      'roles/other/tasks/main.yaml': '- debug: {message: other}\n',
      'roles/other/meta/main.yml': 'dependencies: [base]\n',
      'roles/base/tasks/main.yaml': '- debug: {message: base}\n',
    })
    assert.deepEqual(
      steps.map(({ args }) => args.message),
      ['base', 'top', 'other'],
    )
  })

  it('stand beside the playbook that they belong to', async () => {
    const { plays } = await load({
      'p.yaml': '- import_playbook: site/q.yaml\n',
      'site/q.yaml': play('roles: [a]'),
      'site/roles/a/tasks/main.yaml': '- debug: {message: a}\n',
    })
    assert.equal(plays[0]?.steps.length, 1)
  })

  it('have mistakes with the line that brought them in', async () => {
    const found = await faults({
      ...files,
      'roles/web/tasks/more.yaml': '- debug: {message: "port {{ prot }}"}\n',
      'roles/web/handlers/main.yaml': '- {name: reload, debug: {message: x, y: 1}}\n',
    })
    assert.deepEqual(found, [
      "roles/web/handlers/main.yaml:1:38 'y' is not an argument of debug (included by p.yaml:3) [known: message, value]",
      "roles/web/tasks/more.yaml:1:29 'prot' is not defined (included by roles/web/tasks/main.yaml:4, p.yaml:3) [did you mean 'port'?]",
    ])
  })

  describe('explain', () => {
    const role = (text: string, more: Files = {}): Files => ({ ...files, ...more, 'p.yaml': play(text) })
    explains([
      [
        'an unknown role',
        role('roles: [wbe]'),
        /^p.yaml:2:11 there is no role 'wbe' \[did you mean 'web'\?\]/,
      ],
      [
        'no roles at all',
        play('roles: [nginx]'),
        /^p.yaml:2:11 there is no role 'nginx' \[write its steps to roles\/nginx\/tasks\/main.yaml\]/,
      ],
      [
        'a role without a name',
        role('roles: [{tags: x}]'),
        /^p.yaml:2:11 'role' is missing \[it is the name of the role\]/,
      ],
      [
        'a variable among the keys',
        role('roles: [{role: web, port: 1}]'),
        /^p.yaml:2:\d+ 'port' is not a key of a role \[write it below 'vars'/,
      ],
      [
        'a misspelt key',
        role('roles: [{role: web, tasg: x}]'),
        /'tasg' is not a key of a role \[did you mean 'tags'/,
      ],
      ['roles as a mapping', role('roles: {web: 1}'), /'roles' must be a list, not a mapping/],
      ['a number', role('roles: [5]'), /the name of the role must be text, not a number/],
      [
        'an argument of include_role',
        role('tasks: [{include_role: {nmae: web}}]'),
        /^p.yaml:2:27 'nmae' is not a key of 'include_role' \[did you mean 'name'/,
      ],
      [
        'tasks_from',
        role('tasks: [{include_role: {name: web, tasks_from: extar}}]'),
        /there is no file 'extar.yaml' \[did you mean 'extra.yml'/,
      ],
      [
        'public',
        role('tasks: [{include_role: {name: web, public: true}}]'),
        /'public' is not a key of 'include_role' \[remove it/,
      ],
      [
        'a circle',
        role('roles: [web]', {
          'roles/web/meta/main.yaml': 'dependencies: [two]\n',
          'roles/two/meta/main.yaml': 'dependencies: [web]\n',
        }),
        /^roles\/two\/meta\/main.yaml:1:16 'web' includes itself \(web > two > web\)/,
      ],
      [
        'a missing template',
        role('roles: [web]', { 'roles/web/tasks/main.yaml': '- template: {src: nope.j2, dest: /x}\n' }),
        /^roles\/web\/tasks\/main.yaml:1:19 there is no file 'nope.j2' \(included by p.yaml:2\)/,
      ],
      [
        'a role in handlers',
        role('handlers: [{import_role: {name: web}}]'),
        /^p.yaml:2:15 a handler can't be a role/,
      ],
    ])
  })
})
