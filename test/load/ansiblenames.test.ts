import assert from 'node:assert/strict'
import type { Json } from '../../src/core/json.ts'
import { bind } from '../../src/load/bind.ts'
import { explains, faults, onlyPlay, load, tasks } from './written.ts'

const HOST: Json = {
  hostname: 'web1.example',
  architecture: 'aarch64',
  kernel: '6.1',
  os: 'raspbian',
  os_version: '12',
  os_name: 'Raspbian GNU/Linux 12 (bookworm)',
  cpus: 4,
  memory_mb: 1800,
  uptime: 9,
  machine_id: 'm',
  boot_id: 'b',
  addresses: ['10.0.0.1'],
}

/** What an expression gives on the host web1, once it has told of itself. */
async function valueOf(expression: string): Promise<Json> {
  const program = await load(tasks(`- debug: {value: "{{ ${expression} }}"}`))
  const [play] = program.plays
  const [step] = play!.steps
  const live = { get: (_: string, name: string) => (name === 'facts' ? HOST : undefined) }
  const bound = bind(step!, {
    program,
    play: play!,
    host: program.inventory.hosts.get('web1')!,
    live,
    check: true,
  })
  return (bound.args as { value: Json }).value
}

describe('names of Ansible', () => {
  const table: [string, Json][] = [
    ['ansible_hostname', 'web1'],
    ['ansible_nodename', 'web1.example'],
    ['ansible_distribution', 'Debian'],
    ['ansible_os_family', 'Debian'],
    ['ansible_distribution_major_version', '12'],
    ['ansible_architecture', 'aarch64'],
    ['ansible_memtotal_mb', 1800],
    ['ansible_processor_vcpus', 4],
    ['ansible_all_ipv4_addresses | first', '10.0.0.1'],
    ['ansible_pkg_mgr', 'apt'],
    ["ansible_facts['distribution']", 'Debian'],
    ['ansible_facts.os_family', 'Debian'],
    ["ansible_facts['ansible_hostname']", 'web1'],
    ["hostvars['web2'].ansible_hostname", 'web1'],
    ['inventory_hostname_short', 'web1'],
    ['ansible_play_hosts | length', 3],
    ['ansible_check_mode', true],
    ['ansible_managed', 'Managed by provision: changes made here by hand are lost'],
    ["groups['web'] | first", 'web1'],
    ["hostvars[groups['db'][0]].disk", 'sda'],
    ["groups['web'] | map('extract', hostvars, 'base') | list", ['/srv', '/srv']],
    ["'db1' | extract(hosts, ['disk', 0])", 's'],
    ["('db1' | extract(hosts)).disk", 'sda'],
    ["[0, 1] | map('extract', ['a', 'b']) | join", 'ab'],
    ['playbook_dir is defined', true],
    ['inventory_dir is defined', true],
    ['ansible_nothing is defined', false],
  ]
  for (const [expression, expected] of table)
    it(`are understood: ${expression}`, async () => assert.deepEqual(await valueOf(expression), expected))

  it('are checked before hosts have told', async () => {
    assert.deepEqual(
      await faults(
        tasks(
          '- debug: {message: x}',
          '  when: ansible_distribution == "Debian" and ansible_memtotal_mb > 500',
        ),
      ),
      [],
    )
  })

  it('give way to variables of the same name', async () => {
    const play = await onlyPlay(
      `- hosts: web1\n  vars: {ansible_distribution: mine}\n  tasks:\n    - debug: {message: "{{ ansible_distribution }}"}\n      when: ansible_distribution == 'mine'\n`,
    )
    assert.equal(play.steps.length, 1)
  })

  describe('that are not here are answered', () => {
    const when = (condition: string): string => tasks('- debug: {message: x}', `  when: ${condition}`)
    explains([
      [
        'an address',
        when("ansible_default_ipv4.address == 'x'"),
        /'ansible_default_ipv4' is not defined \[write facts\.addresses\[0\]/,
      ],
      ['a version', when("ansible_distribution_version == '12.5'"), /\[write facts\.os_version/],
      [
        'a code name',
        when("ansible_facts['distribution_release'] == 'x'"),
        /'distribution_release' is not defined \[write facts\.os_name/,
      ],
      ['the time', when("ansible_date_time.iso8601 == 'x'"), /run 'date' in a command/],
      ['any other', when('ansible_frobnicate'), /\[what hosts say of themselves is in facts\.NAME/],
    ])
  })
})

describe('registers in the words of Ansible', () => {
  const after = (condition: string): string =>
    tasks(
      '- command: {cmd: x, changes: false}',
      '  register: r',
      '- stat: {path: /x}',
      '  register: s',
      '- debug: {message: x}',
      `  when: ${condition}`,
    )
  for (const condition of [
    'r is changed',
    'r is failed',
    'r is succeeded',
    'r is skipped',
    'r.rc == 0',
    'r.stdout_lines | length > 0',
    'r.stderr_lines is sequence',
    's.stat.exists',
    's.stat.exists and s.stat.isdir',
    'not s.stat.islnk | default(false)',
  ])
    it(`are understood: ${condition}`, async () => assert.deepEqual(await faults(after(condition)), []))

  explains([
    ['what a command does not say', after('r.start is none'), /the result of command has no 'start'/],
    ['lines of what prints nothing', after('s.stdout_lines'), /the result of stat has no 'stdout_lines'/],
    ['lines as a condition', after('r.stdout_lines'), /'when' must be true or false, not a list/],
  ])

  it('say how a text of the command line becomes a boolean', async () => {
    const text = tasks('- debug: {message: x}', '  when: k')
    const found = await faults(text, { extraVars: { k: 'true' } })
    assert.match(found.join(), /'when' must be true or false, not text \[.*\| bool\]/)
  })
})
