import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { UsageError } from '../../src/core/errors.ts'
import { loadProgram } from '../../src/load/compile.ts'
import { select } from '../../src/load/inventory/patterns.ts'

const PLAYBOOK = `- name: first
  hosts: agents:!rpi0*
  become: true
  vars:
    base: /opt/{{ inventory_hostname }}
    list: [{name: a, on: true}, {name: b, on: false}]
  tasks:
    - name: dir {{ base }}
      file: {path: "{{ base }}/x", state: directory, mode: "0755"}
      register: made
      notify: restart it
      tags: [a, b]
    - copy: {content: "{{ made | to_json }}", dest: /etc/motd}
      when: made.changed and inventory_hostname != 'rpi02'
      loop: "{{ list | selectattr('on') | list }}"
      loop_control: {loop_var: one, label: "{{ one.name }}"}
    - line: {path: /etc/x, line: "{% for h in groups.agents %}{{ hosts[h].address }} {% endfor %}"}
      when: [base is defined, list | length > 1]
      timeout: 30
  handlers:
    - name: restart it
      systemd: {unit: ssh, state: restarted}
- name: second
  hosts: all
  serial: [1, "25%"]
  max_fail_percentage: 10
  vars_files: [v.yaml]
  environment: {A: "{{ v }}"}
  pre_tasks:
    - block:
        - command: {cmd: "true"}
          register: r
          retries: 3
          delay: 1
          backoff: 2
          until: r.rc == 0
          failed_when: [r.rc > 1, false]
          changed_when: "'x' in r.stdout"
      rescue: [{debug: {message: "{{ r.stderr }}"}}]
      always: [{meta: flush_handlers}]
      loop: "{{ range(2) | list }}"
      loop_control: {loop_var: n}
      when: n > 0
  roles: [web, {role: web, vars: {p: 1}, tags: t}]
  tasks:
    - include_tasks: {file: "{{ item }}.yaml", apply: {become: true}}
      loop: [more]
    - import_role: {name: web, tasks_from: main}
      run_once: true
      delegate_to: rpi01
      no_log: true
      ignore_errors: true
  gate:
    - command: {cmd: "true", changes: false}
- import_playbook: other.yaml
  vars: {w: 1}
`

const FIRST_PLAY = PLAYBOOK.slice(0, PLAYBOOK.indexOf('- name: second'))

/** What the playbook names. */
const BESIDE = {
  'v.yaml': 'v: 1\n',
  'more.yaml': '- debug: {message: "{{ item }}"}\n',
  'other.yaml': '- hosts: all\n  tasks: [{debug: {message: "w {{ w }}"}}]\n',
  'roles/web/tasks/main.yaml': '- debug: {message: "p {{ p }}"}\n',
  'roles/web/defaults/main.yaml': 'p: 0\n',
}

const PIECES = [
  '\t',
  '\n',
  '  ',
  ':',
  ': ',
  '- ',
  '{{',
  '}}',
  '{%',
  '%}',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  '#',
  '&a',
  '*a',
  '<<: ',
  '|',
  '>',
  '!',
  '@',
  'null',
  'true',
  '0644',
  '1.30',
  '~',
  '---\n',
  '__proto__',
  'constructor',
  'hosts',
  'when: 1',
  'loop: x',
  'block:',
  'rescue: x',
  'include_tasks:',
  'import_role: x',
  'serial: ',
  'until: ',
  '../',
  'é',
  '\u0000',
  '\u2028',
  '| nope',
  'is x',
]

/** Cuts a part of the text out and puts a piece in its place, a few times. */
const edits = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(12),
    piece: fc.constantFrom('', ...PIECES),
  }),
  { minLength: 1, maxLength: 4 },
)

function mutate(text: string, list: { at: number; cut: number; piece: string }[]): string {
  return list.reduce((now, { at, cut, piece }) => {
    const index = Math.floor(at * now.length)
    return now.slice(0, index) + piece + now.slice(index + cut)
  }, text)
}

describe('mutated input', () => {
  let folder: string
  let inventory: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fuzz-'))
    inventory = await readFile('inventory.yaml', 'utf8')
    for (const [path, text] of Object.entries(BESIDE)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
  })
  after(() => rm(folder, { recursive: true }))

  async function tell(playbook: string, hosts: string): Promise<void> {
    const files = { playbook: join(folder, 'p.yaml'), inventory: join(folder, 'i.yaml') }
    await Promise.all([writeFile(files.playbook, playbook), writeFile(files.inventory, hosts)])
    try {
      await loadProgram(files)
    } catch (error) {
      assert.ok(error instanceof UsageError, (error as Error).stack)
      assert.ok(error.diagnostics.length > 0)
      for (const { place, message } of error.diagnostics) {
        assert.ok(place !== undefined && place.line > 0 && place.column > 0, `no place: ${message}`)
        assert.doesNotMatch(message, /undefined|\[object|is not a function|Cannot read/)
      }
    }
  }

  it('the original is right', async () => {
    const files = { playbook: join(folder, 'p.yaml'), inventory: join(folder, 'i.yaml') }
    await Promise.all([writeFile(files.playbook, PLAYBOOK), writeFile(files.inventory, inventory)])
    assert.equal((await loadProgram(files)).plays.length, 3)
  })

  it('a playbook gives only usage errors, each with a place', () =>
    fc.assert(
      fc.asyncProperty(edits, (list) => tell(mutate(PLAYBOOK, list), inventory)),
      { numRuns: 250 },
    ))

  it('an inventory gives only usage errors, each with a place', () =>
    fc.assert(
      fc.asyncProperty(edits, (list) => tell(FIRST_PLAY, mutate(inventory, list))),
      { numRuns: 150 },
    ))

  it('a pattern gives hosts or a usage error', async () => {
    const files = { playbook: join(folder, 'p.yaml'), inventory: join(folder, 'i.yaml') }
    await Promise.all([writeFile(files.playbook, PLAYBOOK), writeFile(files.inventory, inventory)])
    const known = (await loadProgram(files)).inventory
    const part = fc.constantFrom(
      'rpi',
      'all',
      'agents',
      '0',
      '1',
      '[',
      ']',
      ':',
      ',',
      '!',
      '&',
      '*',
      '?',
      '~',
      '(',
      '-',
      '\\',
      '^',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        try {
          for (const name of select(known, parts.join(''))) assert.ok(known.hosts.has(name))
        } catch (error) {
          assert.ok(error instanceof UsageError, (error as Error).stack)
        }
      }),
      { numRuns: 500 },
    )
  })
})
