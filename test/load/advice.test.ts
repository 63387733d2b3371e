import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { UsageError } from '../../src/core/errors.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Diagnostic } from '../../src/core/place.ts'
import { loadProgram } from '../../src/load/compile.ts'
import type { ReleaseSource } from '../../src/load/file/release.ts'

const INVENTORY = `all:
  vars: {k3s: v1.25.4+k3s1}
  children:
    servers: {hosts: {one: {address: 10.0.0.1}}}
    agents: {hosts: {two: {address: 10.0.0.2}, three: {address: 10.0.0.3, k3s: v1.26.1+k3s1}}}
    nobody: {hosts: {}}
`

/** Nothing is looked up. */
const releases: ReleaseSource = {
  release: (version) => ({ version, binaries: {}, problem: 'not looked up' }),
}

describe('before the first packet', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'advice-'))
    write('i.yaml', INVENTORY)
    write('used.conf', '{{ in_file }}{% include "inner.conf" %}')
    write('templates/inner.conf', '{% for x in in_included %}{{ x }}{% endfor %}')
  })
  after(() => rmSync(folder, { recursive: true }))

  function write(name: string, text: string): string {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }

  const told = ({ severity, place, message }: Diagnostic): string =>
    `${severity} ${place?.line}:${place?.column} ${message}`

  async function said(playbook: string, extraVars: JsonObject = {}): Promise<string[]> {
    try {
      const files = { playbook: write('p.yaml', playbook), inventory: join(folder, 'i.yaml') }
      return (await loadProgram({ ...files, releases, extraVars })).warnings.map(told)
    } catch (error) {
      assert.ok(error instanceof UsageError, String((error as Error).stack))
      return error.diagnostics.map(told)
    }
  }

  it('warns of debug steps that show a name and not its value', async () => {
    const warnings = await said(`- hosts: all
  tasks:
    - command: {cmd: id, changes: false}
      register: who
    - debug: {value: who.stdout}
    - debug: {value: k3s}
    - debug: {value: "{{ who.stdout }}"}
    - debug: {value: done}
    - debug: {message: k3s}
    - debug: {var: who.stdout}
`)
    assert.deepEqual(warnings, [
      "warning 5:22 this shows the text 'who.stdout', not what the variable holds",
      "warning 6:22 this shows the text 'k3s', not what the variable holds",
    ])
  })

  it('warns of extra variables that are meant to say how to connect and do not', async () => {
    const uses = (text: string): string => `- hosts: all\n  tasks:\n    - debug: {message: "${text}"}\n`
    assert.deepEqual(await said(uses('x'), { user: 'root', jump: 'gate', other: 1 }), [
      "warning undefined:undefined the extra variable 'user' is used nowhere, and does not say how to connect",
      "warning undefined:undefined the extra variable 'jump' is used nowhere, and does not say how to connect",
    ])
    assert.deepEqual(await said(uses('{{ user }}'), { user: 'root', ansible_port: 23 }), [])
  })

  it('warns of variables that nothing uses', async () => {
    const warnings = await said(`- hosts: all
  vars:
    used: 1
    unused: "{{ used }}"
    elsewhere: 2
    by_key: 3
    in_file: 4
    in_included: [5]
    in_when: true
  tasks:
    - debug: {message: "{{ hosts.one.elsewhere }} {{ hosts[inventory_hostname]['by_key'] }}"}
      vars: {own: 1, mine: 2}
      when: in_when and mine == 2
    - template: {src: used.conf, dest: /tmp/x}
`)
    assert.deepEqual(warnings, [
      "warning 4:14 the variable 'unused' is used nowhere",
      "warning 12:19 the variable 'own' is used nowhere",
    ])
  })

  it('does not warn of what a role hands down to a step with variables', async () => {
    mkdirSync(join(folder, 'roles/web/tasks'), { recursive: true })
    write('roles/web/tasks/main.yaml', '- vars: {mine: one}\n  debug: {message: "{{ mine }}"}\n')
    assert.deepEqual(await said('- hosts: all\n  roles: [web]\n'), [])
  })

  it('keeps silent about variables when any name may be meant', async () => {
    const book = (text: string): string =>
      `- hosts: all\n  vars: {which: other, other: x}\n  tasks:\n    - debug: {message: "${text}"}\n`
    assert.deepEqual(await said(book('{{ hosts.one[which] }}')), [])
    assert.equal((await said(book('{{ which }}'))).length, 1)
  })

  it('warns of steps that never run and plays that reach nobody', async () => {
    const warnings = await said(`- name: empty
  hosts: nobody
  tasks: [{debug: {message: x}}]
- name: full
  hosts: agents
  vars: {off: false}
  tasks:
    - debug: {message: a}
      when: false
    - debug: {message: b}
      when: 1 == 2
    - debug: {message: c}
      when: "'servers' in group_names"
    - debug: {message: d}
      when: inventory_hostname == 'two'
    - debug: {message: e}
      when: off
`)
    assert.deepEqual(warnings, [
      "warning 1:3 the play 'empty' reaches no host",
      "warning 9:13 the step 'debug a' never runs: its condition is always false",
      "warning 11:13 the step 'debug b' never runs: its condition is always false",
      "warning 13:14 the step 'debug c' never runs: no host of the play meets its condition",
    ])
  })

  it('warns of steps that share a name, but not of files that are included twice', async () => {
    write('more.yaml', '- name: same\n  debug: {message: x}\n')
    const warnings = await said(`- hosts: all
  tasks:
    - name: same
      debug: {message: a}
    - name: same
      debug: {message: b}
    - debug: {message: c}
    - debug: {message: c}
    - import_tasks: more.yaml
    - import_tasks: more.yaml
`)
    assert.deepEqual(warnings, ["warning 5:13 the step on line 3 is called 'same', too"])
  })

  describe('versions of k3s', () => {
    const book = (server: string, agent: string): string => `- hosts: servers
  tasks:
    - k3s_server: {version: "${server}"}
- hosts: agents
  tasks:
    - k3s_agent: {version: "${agent}", server: "https://10.0.0.1:6443", token: x}
`
    it('may be the same', async () => assert.deepEqual(await said(book('v1.25.4+k3s1', 'v1.25.4+k3s1')), []))

    it('of agents must not be newer than those of their server', async () => {
      assert.deepEqual(await said(book('v1.25.4+k3s1', '{{ k3s }}')), [
        'error 6:29 three would get k3s v1.26.1+k3s1 under the server one of v1.25.4+k3s1: an agent must not be newer than its server',
      ])
    })

    it('of agents must not be much older', async () => {
      const [error = ''] = await said(book('v1.29.1+k3s1', 'v1.25.4+k3s1'))
      assert.match(error, /^error 6:29 .* at most 3 may be$/)
    })

    it('must not be withdrawn ones', async () => {
      const errors = await said(book('v1.25.5+k3s1', 'v1.25.5+k3s1'))
      assert.match(
        errors.join('\n'),
        /^error 3:30 v1\.25\.5\+k3s1 was withdrawn.*\nerror 6:29 v1\.25\.5\+k3s1 was withdrawn/,
      )
    })
  })
})
