import assert from 'node:assert/strict'
import { bind } from '../../src/load/bind.ts'
import { explains, faults, load, onlyPlay, tasks } from './written.ts'

/** Slips of people who write their first playbooks: each is told what to write. */
describe('hints', () => {
  explains([
    [
      'an argument beside its task',
      tasks('- copy: {content: a, dest: /a}', '  backup: true'),
      /^p.yaml:4:7 'backup' is not a key of a step \[it is an argument of copy: write it below the task/,
    ],
    [
      'an argument beside a task by its name in Ansible',
      tasks('- shell: id', '  changes: false'),
      /'changes' is not a key of a step \[it is an argument of command/,
    ],
    [
      'the beginning of a key',
      tasks('- command: {cmd: id}', '  env: {A: b}'),
      /'env' is not a key of a step \[did you mean 'environment'\?\]/,
    ],
    [
      "a loop in Ansible's words",
      tasks('- command: {cmd: id}', '  with_item: [1]'),
      /'with_item' is not a key of a step \[did you mean 'with_items'\?\]/,
    ],
    ['no task', tasks('- name: x'), /the step names no task \[add one, e\.g\. package, copy or systemd; /],
    [
      'a section among the steps',
      tasks('- handlers: []'),
      /there is no task 'handlers' \[only plays have it: write it beside 'tasks', not below\]/,
    ],
    [
      'the name of a variable as a loop',
      tasks('- debug: {message: x}', '  loop: base'),
      /'loop' must be a list, not text \[write loop: "{{ base }}" for the variable\]/,
    ],
    [
      'an item without a loop',
      tasks('- debug: {message: "{{ item }}"}'),
      /'item' is not defined \[only a step with 'loop' has it\]/,
    ],
    [
      'an item by another name',
      tasks('- debug: {message: "{{ item }}"}', '  loop: [1]', '  loop_control: {loop_var: one}'),
      /'item' is not defined \[the loop calls it 'one'\]/,
    ],
    [
      'a handler by a template',
      `${tasks('- command: {cmd: id}', '  notify: restart {{ base }}')}  handlers:\n    - name: restart x\n      command: {cmd: id}\n`,
      /^p.yaml:4:15 the name of a handler holds no template: .* \[write it out, e\.g\. restart x\]/,
    ],
    [
      'hosts as values',
      tasks('- debug: {message: "{{ groups.web | map(\'extract\', hosts) | list }}"}'),
      /this can only be looked into \[.* NAMES \| map\('extract', hosts, 'VARIABLE'\)\]/,
    ],
    [
      'a variable that one of several hosts lacks',
      tasks("- debug: {message: \"{{ groups.all | map('extract', hosts, 'disk') | list }}\"}"),
      /'disk' is not defined/,
    ],
    [
      'one sign for a comparison',
      tasks('- debug: {message: x}', '  when: base = 1'),
      /bad template before '= 1' \[write == to compare\]/,
    ],
    [
      'one brace too few',
      tasks('- debug: {message: "{{ base }"}'),
      /bad template: {{ is closed by two braces, and here is one \[write }}\]/,
    ],
  ])

  it('tell that a file of steps is no playbook', async () => {
    const [first] = await faults('- copy: {content: a, dest: /a}\n')
    assert.equal(
      first,
      "p.yaml:1:3 'copy' is not a key of a play [it is a task: write it in the list 'tasks' of a play]",
    )
  })
})

describe('what Ansible reads as people write it', () => {
  it('takes a mode with its zero and no quotes', async () => {
    const { steps } = await onlyPlay(tasks('- file: {path: /a, state: directory, mode: 0755}'))
    assert.equal(steps[0]?.args.mode, '0755')
  })

  it('leaves out a list that is omitted, and parts a text', async () => {
    const program = await load(
      tasks(
        '- user: {name: a, groups: "{{ item.groups | default(omit) }}"}',
        '  loop: [{groups: "x, y"}, {}]',
      ),
    )
    const [play] = program.plays
    const groupsOf = (item: { groups?: string }): unknown =>
      bind(play!.steps[0]!, {
        program,
        play: play!,
        host: program.inventory.hosts.get('web1')!,
        live: { get: () => undefined },
        check: true,
        item,
      }).args.groups
    assert.deepEqual(groupsOf({ groups: 'x, y' }), ['x', 'y'])
    assert.equal(groupsOf({}), undefined)
  })
})
