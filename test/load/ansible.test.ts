import assert from 'node:assert/strict'
import type { JsonObject } from '../../src/core/json.ts'
import type { Spelling } from '../../src/load/ansible/carryover.ts'
import { explains, faults, load, stepsOf, tasks } from './written.ts'

/** What a step comes to: our task and its arguments. */
async function meant(...lines: string[]): Promise<[string, JsonObject]> {
  const [step] = await stepsOf(tasks(...lines))
  assert.ok(step)
  return [step.task.name, step.args]
}

/** What is said of a step that is understood. */
async function notes(...lines: string[]): Promise<string[]> {
  const spellings: Spelling[] = []
  await load(tasks(...lines), { spellings })
  return spellings.flatMap((one) => one.notes)
}

describe('modules of Ansible', () => {
  const table: [string, string[], [string, JsonObject]][] = [
    [
      'a full name',
      ['- ansible.builtin.file: {path: /x, state: directory}'],
      ['file', { path: '/x', state: 'directory' }],
    ],
    ['a legacy name', ['- ansible.legacy.hostname: {name: x}'], ['hostname', { name: 'x' }]],
    [
      'apt',
      ['- apt: {name: [vim, git], state: installed}'],
      ['package', { name: ['vim', 'git'], state: 'present' }],
    ],
    [
      'apt by its aliases',
      ['- apt: {pkg: "vim, git", update_cache: yes}'],
      ['package', { name: ['vim', 'git'], update: 0 }],
    ],
    [
      'apt with a cache',
      ['- apt: {name: vim, update_cache: true, cache_valid_time: 3600}'],
      ['package', { name: 'vim', update: 3600 }],
    ],
    ['apt as pairs', ['- apt: name=vim state=absent'], ['package', { name: 'vim', state: 'absent' }]],
    [
      'service',
      ['- service: {name: ssh, state: started, enabled: yes}'],
      ['systemd', { unit: 'ssh', state: 'started', enabled: true }],
    ],
    [
      'systemd',
      ['- systemd: {name: ssh, state: restarted, daemon_reload: true}'],
      ['systemd', { unit: 'ssh', state: 'restarted' }],
    ],
    [
      'our own systemd',
      ['- systemd: {unit: ssh, state: restarted, daemon_reload: true}'],
      ['systemd', { unit: 'ssh', state: 'restarted', daemon_reload: true }],
    ],
    [
      'a reload of systemd',
      ['- ansible.builtin.systemd_service: {daemon_reload: true}'],
      ['command', { cmd: 'systemctl daemon-reload' }],
    ],
    [
      'words of a command',
      ['- command: {argv: [echo, "a b", 3, "{{ base }}"], creates: /x}'],
      ['command', { cmd: "echo 'a b' 3 {{ (base) | string | quote }}", creates: '/x' }],
    ],
    ['a fact that is kept', ['- set_fact: {a: 1, cacheable: yes}'], ['set_fact', { values: { a: 1 } }]],
    ['shell', ['- shell: "echo a=1 > /x"'], ['command', { cmd: 'echo a=1 > /x' }]],
    [
      'a command with its options',
      ['- command: make install creates=/usr/bin/x chdir=/src'],
      ['command', { cmd: 'make install', creates: '/usr/bin/x', chdir: '/src' }],
    ],
    [
      'a command with args',
      ['- command: make', '  args: {chdir: /src, creates: /x}'],
      ['command', { cmd: 'make', chdir: '/src', creates: '/x' }],
    ],
    [
      'copy to a folder',
      ['- ansible.builtin.copy: {src: i.yaml, dest: /etc/}'],
      ['copy', { src: 'i.yaml', dest: '/etc/i.yaml' }],
    ],
    [
      'a mode in letters',
      ['- copy: {content: x, dest: /x, mode: "u=rw,g=r,o="}'],
      ['copy', { content: 'x', dest: '/x', mode: '0640' }],
    ],
    [
      'a file that stays as it is',
      ['- template: {src: i.yaml, dest: /x, force: no}'],
      ['template', { src: 'i.yaml', dest: '/x', force: false }],
    ],
    [
      'file as a link',
      ['- file: {src: /a, dest: /b, state: link}'],
      ['file', { target: '/a', path: '/b', state: 'link' }],
    ],
    ['touch', ['- file: {path: /x, state: touch}'], ['file', { path: '/x', state: 'file' }]],
    [
      'lineinfile',
      ['- lineinfile: {path: /x, regexp: "^#?A=", line: A=1, insertafter: EOF}'],
      ['line', { path: '/x', match: '^#?A=', line: 'A=1' }],
    ],
    [
      'lineinfile at the top',
      ['- lineinfile: {dest: /x, line: a, insertbefore: BOF}'],
      ['line', { path: '/x', line: 'a', before: '^' }],
    ],
    [
      'lineinfile with a text',
      ['- lineinfile: {path: /x, search_string: a.b, line: c}'],
      ['line', { path: '/x', match: 'a\\.b', line: 'c' }],
    ],
    [
      'lineinfile that removes',
      ['- lineinfile: {path: /x, regexp: ^a, line: b, state: absent}'],
      ['line', { path: '/x', match: '^a', state: 'absent' }],
    ],
    [
      'user',
      ['- user: {name: a, groups: "b,c", append: yes, createhome: no}'],
      ['user', { name: 'a', groups: ['b', 'c'], append: true, create_home: false }],
    ],
    ['group', ['- group: name=a gid=1200 system=yes'], ['group', { name: 'a', gid: 1200, system: true }]],
    [
      'authorized_key',
      ['- ansible.posix.authorized_key: {user: a, key: ssh-ed25519 AAAA, manage_dir: yes}'],
      ['authorized_key', { user: 'a', key: 'ssh-ed25519 AAAA' }],
    ],
    [
      'sysctl',
      ['- ansible.posix.sysctl: {name: a.b, value: "1", state: present, sysctl_set: yes, reload: yes}'],
      ['sysctl', { name: 'a.b', value: '1' }],
    ],
    [
      'mount',
      ['- ansible.posix.mount: {src: LABEL=x, path: /mnt/x, fstype: ext4, opts: noatime, state: mounted}'],
      ['mount', { device: 'LABEL=x', path: '/mnt/x', fstype: 'ext4', options: 'noatime' }],
    ],
    ['reboot', ['- reboot: {reboot_timeout: 300, msg: x}'], ['reboot', { timeout: 300 }]],
    [
      'wait_for',
      ['- wait_for: {port: 22, host: 10.0.0.1, state: started, sleep: 5, timeout: 60}'],
      ['wait_for', { port: 22, host: '10.0.0.1', every: 5, timeout: 60 }],
    ],
    ['wait_for as pairs', ['- wait_for: port=22 timeout=60'], ['wait_for', { port: 22, timeout: 60 }]],
    ['debug', ['- debug: msg="a b"'], ['debug', { message: 'a b' }]],
    ['debug of a variable', ['- debug: {var: base}'], ['debug', { value: '{{\nbase\n}}' }]],
    [
      'debug of one expression',
      ['- debug: {msg: "{{ groups.web }}"}'],
      ['debug', { value: '{{ groups.web }}' }],
    ],
    ['debug of a list', ['- debug: {msg: [a, b]}'], ['debug', { value: ['a', 'b'] }]],
    ['set_fact', ['- set_fact: {a: 1, b: x}'], ['set_fact', { values: { a: 1, b: 'x' } }]],
    ['our own set_fact', ['- set_fact: {values: {a: 1}}'], ['set_fact', { values: { a: 1 } }]],
    ['fail', ['- fail: {msg: no}'], ['assert', { that: false, message: 'no' }]],
    ['stat', ['- stat: {path: /x, get_checksum: no}'], ['stat', { path: '/x' }]],
  ]
  for (const [name, lines, expected] of table)
    it(`are understood: ${name}`, async () => assert.deepEqual(await meant(...lines), expected))

  it('read yes and no as Ansible does', async () => {
    const steps = await stepsOf(
      tasks('- debug: {msg: x}', '  become: yes', '  ignore_errors: Off', '  no_log: "True"'),
    )
    assert.deepEqual(
      steps.map(({ become, ignoreErrors, noLog }) => [become, ignoreErrors, noLog]),
      [[true, false, true]],
    )
  })

  it('keep conditions of assert as they are', async () => {
    const text = tasks('- assert: {that: [base is defined, "base == \'/srv\'", "{{ true }}"], fail_msg: no}')
    const [step] = await stepsOf(text)
    assert.deepEqual(step?.args, {
      that: ['{{\nbase is defined\n}}', "{{\nbase == '/srv'\n}}", '{{ true }}'],
      message: 'no',
    })
  })

  const said: [string, string[], RegExp][] = [
    [
      'daemon_reload',
      ['- systemd: {name: x, state: started, daemon_reload: yes}'],
      /daemon_reload is not needed/,
    ],
    ['a command without a guard', ['- shell: x'], /runs each time/],
    ['a command that a shell reads', ['- ansible.builtin.command: "echo $HOME"'], /quote them/],
    ['bash', ['- shell: set -o pipefail; a | b'], /dash/],
    ['insertbefore', ['- lineinfile: {path: /x, line: a, insertbefore: ^b}'], /the first line/],
    ['groups', ['- ansible.builtin.user: {name: a, groups: b}'], /stays in groups/],
    ['the file of sysctl', ['- ansible.posix.sysctl: {name: a.b, value: 1}'], /90-provision/],
    ['touch', ['- file: {path: /x, state: touch}'], /keeps its times/],
    ['verbosity', ['- debug: {msg: x, verbosity: 2}'], /in every run/],
  ]
  for (const [name, lines, expected] of said)
    it(`differ, which is said: ${name}`, async () =>
      assert.match((await notes(...lines)).join('\n'), expected))

  it('say nothing of what is our own', async () => {
    assert.deepEqual(await notes('- command: {cmd: "echo $HOME"}', '- user: {name: a, groups: [b]}'), [])
  })

  describe('that have no counterpart are answered', () => {
    explains([
      [
        'latest',
        tasks('- apt:', '    name: a', '    state: latest'),
        /^p.yaml:5:9 'state: latest' has no counterpart here \[write present/,
      ],
      [
        'latest as a pair',
        tasks('- apt: name=a state=latest'),
        /^p.yaml:3:19 'state: latest' .*\[write present/,
      ],
      [
        'a package file',
        tasks('- apt: {deb: /x.deb}'),
        /^p.yaml:3:13 'deb' has no counterpart here \[write command: .*apt-get -y install/,
      ],
      [
        'lists of packages alone',
        tasks('- apt: {update_cache: yes}'),
        /^p.yaml:3:13 .*only refreshes .*\[remove the step/,
      ],
      [
        'a masked unit',
        tasks('- systemd: {name: x, masked: yes}'),
        /^p.yaml:3:26 'masked' .*\[write command: .*systemctl mask/,
      ],
      [
        'a hard link',
        tasks('- file: {src: /a, path: /b, state: hard}'),
        /^p.yaml:3:33 'state: hard' .*\[write command: .*ln SRC/,
      ],
      [
        'a mode that depends',
        tasks('- file: {path: /b, mode: u+x}'),
        /^p.yaml:3:24 the mode 'u\+x' .*\[write all of it/,
      ],
      [
        'a mode as a number',
        tasks('- file: {path: /b, mode: 644}'),
        /^p.yaml:3:30 'mode' must be text.*\[quote it, with its zero: "0644"/,
      ],
      [
        'a whole tree',
        tasks('- file: {path: /b, state: directory, owner: a, recurse: yes}'),
        /^p.yaml:3:52 'recurse: true' .*chown -R a: \/b/,
      ],
      [
        'backrefs',
        tasks('- lineinfile: {path: /x, regexp: a, line: b, backrefs: yes}'),
        /^p.yaml:3:50 'backrefs' .*\[write command: .*sed/,
      ],
      [
        'an expression of Python',
        tasks('- lineinfile: {path: /x, regexp: (?i)a, line: b}'),
        /^p.yaml:3:38 '\(\?i\)a' is an expression that only Python.*\[write it as JavaScript/,
      ],
      [
        'words that are half a template',
        tasks('- command: {argv: [echo, "a{{ base }}"]}'),
        /^p.yaml:3:17 'argv' wants a list of words.*\[write the words in one line/,
      ],
      [
        'executable',
        tasks('- shell: a', '  args: {executable: /bin/bash}'),
        /^p.yaml:4:14 'executable' .*\[.*cmd: \/bin\/bash -c/,
      ],
      [
        'a share',
        tasks('- mount: {src: "nas:/x", path: /x, fstype: nfs, state: mounted}'),
        /^p.yaml:3:15 'nas:\/x' is no disk.*\[write line: .*fstab/,
      ],
      [
        'an unmounted disk',
        tasks('- mount: {src: /dev/sda, path: /x, state: absent}'),
        /'state: absent' .*\[write command: .*umount/,
      ],
      [
        'a port that closes',
        tasks('- wait_for: {port: 22, state: stopped}'),
        /'state: stopped' .*\[write wait_for: {command/,
      ],
      ['SELinux', tasks('- copy: {content: x, dest: /x, setype: y}'), /'setype' .*\[remove it/],
      [
        'two names for one thing',
        tasks('- lineinfile: {path: /x, dest: /y, line: a}'),
        /^p.yaml:3:30 'dest' says again/,
      ],
      [
        'an argument that is misspelt',
        tasks('- apt: {nam: a}'),
        /^p.yaml:3:13 'nam' is not an argument of package \[did you mean 'name'/,
      ],
      [
        'a wrong value',
        tasks('- service: {name: x, state: up}'),
        /^p.yaml:3:33 'state' can't be 'up' \[one of started/,
      ],
      ['a wrong value of a pair', tasks('- service: name=x state=up'), /^p.yaml:3:29 'state' can't be 'up'/],
      [
        'a wrong value in args',
        tasks('- command: x', '  args: {chdir: x}'),
        /^p.yaml:4:21 'chdir' can't be 'x'/,
      ],
      ['a variable of a pair', tasks('- service: name={{ nope }}'), /^p.yaml:3:24 'nope' is not defined/],
      ['a variable of a command', tasks('- shell: echo {{ nope }}'), /^p.yaml:3:22 'nope' is not defined/],
      [
        'a key of JavaScript',
        tasks('- apt: name=vim __proto__=x'),
        /^p.yaml:3:21 '__proto__' is not an argument of package/,
      ],
      [
        'a condition of assert',
        tasks('- assert:', '    that:', '      - nope == 1'),
        /^p.yaml:5:13 'nope' is not defined/,
      ],
      ['a fact', tasks('- set_fact: {a: "{{ nope }}"}'), /^p.yaml:3:25 'nope' is not defined/],
    ])
  })

  const answers: [string, RegExp][] = [
    ['get_url', /curl .*creates/],
    ['ansible.builtin.unarchive', /tar -xzf.*creates/],
    ['ansible.builtin.uri', /wait_for: {url/],
    ['git', /git clone.*creates/],
    ['cron', /cron\.d/],
    ['ping', /provision ping/],
    ['setup', /facts\.NAME/],
    ['gather_facts', /facts\.NAME/],
    ['include_vars', /vars_files/],
    ['add_host', /inventory/],
    ['group_by', /inventory/],
    ['pause', /wait_for.*\n?.*confirm/],
    ['slurp', /cat FILE.*changes: false/],
    ['fetch', /delegate_to: localhost/],
    ['blockinfile', /copy: .*\n?.*line: /],
    ['script', /lookup\('file'/],
    ['raw', /command/],
    ['apt_repository', /sources\.list\.d/],
    ['apt_key', /keyrings/],
    ['community.general.ufw', /ufw allow/],
    ['community.general.timezone', /timedatectl/],
    ['community.docker.docker_container', /docker_image/],
    ['kubernetes.core.k8s', /k8s_manifest/],
    ['some.collection.module', /run its program in a command/],
  ]
  for (const [name, expected] of answers)
    it(`are answered: ${name}`, async () => {
      const [found, ...more] = await faults(tasks(`- ${name}: {x: y}`))
      assert.deepEqual(more, [])
      assert.match(found ?? '', /^p\.yaml:3:7 there is no task '/)
      assert.match(found ?? '', expected)
    })

  it('that are handlers cost no second mistake', async () => {
    const found = await faults(`- hosts: all
  tasks:
    - debug: {msg: x}
      notify: [a, b]
  handlers:
    - name: a
      slurp: {src: x}
    - name: c
      listen: b
      apt: {name: x, state: latest}
`)
    assert.equal(found.length, 2, found.join('\n'))
  })
})

describe('loops of Ansible', () => {
  const table: [string, string, unknown][] = [
    ['with_items', '[a, [b, c]]', ['a', 'b', 'c']],
    ['with_items', '"{{ groups.web }}"', '{{(groups.web )\n| flatten(levels=1) }}'],
    ['with_items', '["{{ groups.web }}", x]', '{{ [(groups.web), "x"] | flatten(levels=1) }}'],
    ['with_items', '["{{ base }}/a", x]', ['{{ base }}/a', 'x']],
    ['with_list', '[[a], b]', [['a'], 'b']],
    ['with_dict', '{a: 1}', [{ key: 'a', value: 1 }]],
    ['with_sequence', 'start=1 end=3', ['1', '2', '3']],
    ['with_sequence', 'count=2', ['1', '2']],
    ['with_together', '["{{ groups.web }}", [1, 2]]', '{{ ((groups.web)) | zip_longest([1,2]) | list }}'],
    ['with_nested', '[[a, b], "{{ groups.db }}"]', '{{ (["a","b"]) | product((groups.db)) | list }}'],
  ]
  for (const [key, value, expected] of table)
    it(`are understood: ${key}: ${value}`, async () => {
      const [step] = await stepsOf(tasks('- debug: {message: x}', `  ${key}: ${value}`))
      assert.deepEqual(step?.loop, expected)
    })

  explains([
    [
      'an item',
      tasks('- debug: {msg: x}', '  with_items: [a, "{{ nope }}/x"]'),
      /^p.yaml:4:27 'nope' is not defined/,
    ],
    [
      'a list',
      tasks('- debug: {msg: x}', '  with_items: "{{ nope }}"'),
      /^p.yaml:4:23 'nope' is not defined/,
    ],
    [
      'a sequence of a variable',
      tasks('- debug: {msg: x}', '  with_sequence: end={{ n }}'),
      /^p.yaml:4:22 this 'with_sequence' can't .*\[write loop: .*range/,
    ],
    [
      'files',
      tasks('- debug: {msg: x}', '  with_fileglob: "*.x"'),
      /^p.yaml:4:7 'with_fileglob' is not a key.*list of files/,
    ],
    [
      'ignore_unreachable',
      tasks('- debug: {msg: x}', '  ignore_unreachable: true'),
      /is not a key of a step \[remove it: a host that/,
    ],
  ])

  it('go over includes, too', async () => {
    const files = {
      'p.yaml': tasks('- include_tasks: more.yaml', '  with_items: [1, 2]'),
      'more.yaml': '- debug: {msg: "{{ item }}"}\n',
    }
    assert.equal((await stepsOf(files)).length, 1)
  })
})
