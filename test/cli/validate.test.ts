import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validate, type ValidateFlags } from '../../src/cli/validate.ts'
import { UsageError } from '../../src/core/errors.ts'

describe('provision validate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'validate-'))
  const playbook = join(folder, 'p.yaml')
  const inventory = join(folder, 'i.yaml')
  writeFileSync(inventory, 'all:\n  hosts:\n    one:\n')
  after(() => rmSync(folder, { recursive: true }))

  async function written(text: string): Promise<{ code?: number; told: Record<string, unknown> }> {
    const { code, out } = await printed(text, { output: 'json' })
    return { code, told: JSON.parse(out) as Record<string, unknown> }
  }

  it('writes mistakes as JSON, with file, line and column', async () => {
    const { code, told } = await written('- hosts: all\n  tasks:\n    - fil: {path: /x}\n')
    assert.equal(code, 1)
    assert.deepEqual(told, {
      playbook,
      errors: [
        {
          severity: 'error',
          place: { file: playbook, line: 3, column: 7 },
          message: "there is no task 'fil'",
          hint: "did you mean 'file'?",
        },
      ],
      warnings: [],
    })
  })

  it('says what there is when nothing is wrong', async () => {
    const { code, told } = await written('- hosts: all\n  tasks:\n    - file: {path: /x, state: directory}\n')
    assert.deepEqual([code, (told.plays as unknown[]).length, told.errors], [0, 1, []])
  })

  it('throws mistakes when they are for people', async () => {
    writeFileSync(playbook, '- hosts: nobody\n')
    await assert.rejects(validate(playbook, { inventory, extraVars: [], output: 'text' }), UsageError)
  })

  it('lists plays with their hosts, and steps with their tags', async () => {
    const text = `- hosts: all
  name: Base
  tasks:
    - name: Folder
      tags: [files, x]
      file: {path: /x, state: directory}
  handlers:
    - name: again
      command: {cmd: id}
  gate:
    - name: It holds
      command: {cmd: id, changes: false}
`
    const { code, out } = await printed(text, { output: 'text', steps: true })
    assert.equal(code, 0)
    assert.equal(
      out.replace(playbook, 'p.yaml'),
      `PLAY 1/1 Base (1 host: one)
        1  Folder  [files, x]
  handler  again
     gate  It holds
p.yaml: 1 play, 1 step, nothing wrong
`,
    )
  })

  describe('of a playbook of Ansible', () => {
    const ANSIBLE = `- hosts: all
  become: yes
  tasks:
    - apt: name=vim update_cache=yes
    - apt: {name: git, state: latest}
    - file: {path: /x, state: directory}
    - unarchive: {src: a, dest: b}
    - debug: {msg: "{{ nope }}"}
`
    const carried = ANSIBLE.split('\n').slice(0, 4).join('\n')

    it('tells as JSON what carries over, what differs and what does not', async () => {
      const { code, told } = await written(ANSIBLE)
      assert.deepEqual([code, (told.errors as unknown[]).length], [1, 3])
      const at = (line: number) => ({ file: playbook, line, column: 7 })
      const note = 'the lists of packages are refreshed only before an installation'
      assert.deepEqual(told.ansible, {
        steps: 5,
        carried: 2,
        words: [
          { written: 'apt', as: 'package', times: 1 },
          { written: 'file', as: 'file', times: 1 },
          { written: 'debug', as: 'debug', times: 1 },
        ],
        differs: [{ place: at(4), written: 'apt', note }],
        missing: [
          { place: at(5), written: 'apt' },
          { place: at(7), written: 'unarchive' },
        ],
      })
    })

    it('tells the same to people, before the errors', async () => {
      const { out, error } = await printed(ANSIBLE)
      assert.ok(error instanceof UsageError)
      assert.equal(
        out.replaceAll(`${folder}/`, ''),
        `From Ansible: 2 of 5 steps carry over as written
  with their own names: file 1, debug 1
  under another name: apt as package 1
  run, but not quite as in Ansible:
    p.yaml:4  apt: the lists of packages are refreshed only before an installation
  have no counterpart; the errors say what to write instead:
    p.yaml:5  apt
    p.yaml:7  unarchive
`,
      )
    })

    it('tells it where nothing is wrong, too', async () => {
      const { out, error } = await printed(carried)
      assert.equal(error, undefined)
      assert.match(out, /^From Ansible: 1 of 1 step carries over/)
      assert.match(out, /1 play, 1 step, nothing wrong\n$/)
    })

    it('says nothing of a playbook of our own', async () => {
      const { told } = await written('- hosts: all\n  tasks:\n    - file: {path: /x}\n')
      assert.equal(Object.hasOwn(told, 'ansible'), false)
    })
  })

  async function printed(
    text: string,
    flags: Omit<ValidateFlags, 'inventory'> = { output: 'text' },
  ): Promise<{ code?: number; out: string; error?: unknown }> {
    writeFileSync(playbook, text)
    const write = process.stdout.write.bind(process.stdout)
    let out = ''
    process.stdout.write = (chunk) => Boolean((out += String(chunk)))
    try {
      const code = await validate(playbook, { inventory, ...flags })
      return { code, out }
    } catch (error) {
      return { out, error }
    } finally {
      process.stdout.write = write
    }
  }
})
