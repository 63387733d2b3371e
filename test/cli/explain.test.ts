import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { explain, type ExplainFlags } from '../../src/cli/explain.ts'
import { showInventory } from '../../src/cli/inventory.ts'
import { UsageError } from '../../src/core/errors.ts'

describe('explain', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'explain-'))
    mkdirSync(join(folder, 'group_vars'))
    writeFileSync(
      join(folder, 'hosts'),
      '[web]\nw1 color=red ansible_become_pass=s3cr3t\n[web:vars]\ncolor=blue\n',
    )
    writeFileSync(
      join(folder, 'group_vars/all.yml'),
      'color: green\ngreeting: "{{ color }} door"\nlost: "{{ no }}"\n',
    )
    const step =
      '  - debug: {message: "{{ color }}"}\n    vars: {color: white}\n  - command: {cmd: id, changes: false}\n    register: who\n'
    writeFileSync(join(folder, 'site.yaml'), `- hosts: web\n  vars: {color: black}\n  tasks:\n${step}`)
  })
  after(() => rmSync(folder, { recursive: true }))

  /** What is printed, with paths as seen from the folder. */
  async function printed(work: () => Promise<void>): Promise<string> {
    const write = process.stdout.write.bind(process.stdout)
    let text = ''
    process.stdout.write = (chunk: string | Uint8Array) => {
      text += String(chunk)
      return true
    }
    try {
      await work()
    } finally {
      process.stdout.write = write
    }
    return text.replaceAll(`${folder}/`, '')
  }

  function told(
    variable: string | undefined,
    more: Partial<ExplainFlags> = {},
    host = 'w1',
  ): Promise<string> {
    const flags: ExplainFlags = {
      inventory: [join(folder, 'hosts')],
      playbook: [],
      extraVars: [],
      output: 'text',
    }
    return printed(() => explain(host, variable, { ...flags, ...more }))
  }

  it('shows the value and every place that sets it, the winner first', async () => {
    assert.equal(
      (await told('color')).replaceAll(/(?<=\d) +(?=")/g, ' '),
      `color on w1: "red"
  inventory  hosts:2:10 "red"    host w1
  inventory  group_vars/all.yml:1:8 "green"  group_vars of all, beside the inventory
  inventory  hosts:4:7 "blue"   group web
`,
    )
  })

  it('knows the levels of a playbook and of the command line', async () => {
    const text = await told('color', { playbook: [join(folder, 'site.yaml')], extraVars: ['color=pink'] })
    const rows = text.split('\n').slice(1, -1)
    assert.match(text, /^color on w1: "pink"\n/)
    assert.deepEqual(
      rows.map((row) => row.trim().split(/ {2,}/).slice(0, 3).join(' ')),
      [
        'extra -e:1:7 "pink"',
        'step site.yaml:5:19 "white"',
        'play site.yaml:2:17 "black"',
        'inventory hosts:2:10 "red"',
        'inventory group_vars/all.yml:1:8 "green"',
        'inventory hosts:4:7 "blue"',
      ],
    )
    assert.match(
      await told('who', { playbook: [join(folder, 'site.yaml')] }),
      /^who on w1: \(only a run can tell\)\n  registered  site\.yaml:6:5/,
    )
  })

  it('knows what the defaults of a role come to, and not its name for a variable', async () => {
    mkdirSync(join(folder, 'roles/shop/defaults'), { recursive: true })
    mkdirSync(join(folder, 'roles/shop/tasks'), { recursive: true })
    writeFileSync(join(folder, 'roles/shop/defaults/main.yaml'), 'door: "{{ color }} door"\n')
    writeFileSync(join(folder, 'roles/shop/tasks/main.yaml'), '- debug: {message: "{{ door }}"}\n')
    writeFileSync(join(folder, 'shop.yaml'), '- hosts: web\n  roles: [shop]\n')
    const flags = { playbook: [join(folder, 'shop.yaml')] }
    assert.match(
      await told('door', flags),
      /^door on w1: "red door"\n {2}role defaults {2}roles\/shop\/defaults\/main\.yaml:1:8 /,
    )
    assert.doesNotMatch(await told(undefined, flags), /role_(name|path)/)
  })

  it('evaluates templates, and says why one can not be', async () => {
    assert.match(await told('greeting'), /^greeting on w1: "red door"\n.*"\{\{ color \}\} door"/)
    assert.match(await told('lost'), /^lost on w1: \("\{\{ no \}\}", 'no' is not defined\)/)
    assert.match(await told('inventory_hostname'), /^inventory_hostname on w1: "w1"\n  always there/)
  })

  it('lists all variables of a host, and never a password', async () => {
    const text = await told(undefined)
    assert.deepEqual(text.match(/^\w+/gm), ['ansible_become_pass', 'color', 'greeting', 'lost'])
    assert.doesNotMatch(text + (await told('ansible_become_pass')), /s3cr3t/)
    assert.match(await told('ansible_become_pass'), /^ansible_become_pass on w1: \*{8}\n.*hosts:2:34/)
  })

  it('speaks JSON', async () => {
    const one = JSON.parse(await told('color', { output: 'json' })) as {
      value: string
      places: { line: number }[]
    }
    assert.deepEqual([one.value, one.places.map(({ line }) => line)], ['red', [2, 1, 4]])
    const all = JSON.parse(await told(undefined, { output: 'json' })) as {
      variables: { color: { file: string } }
    }
    assert.equal(all.variables.color.file, 'hosts')
  })

  it('says what was meant', async () => {
    const hint = (error: unknown): boolean => {
      assert.ok(error instanceof UsageError)
      return /^did you mean '(color|w1)'\?$/.test(error.diagnostics[0]?.hint ?? '')
    }
    await assert.rejects(told('colour'), hint)
    await assert.rejects(told('color', {}, 'w2'), hint)
  })

  it('prints an inventory for Ansible', async () => {
    const inventory = join(folder, 'hosts')
    const text = await printed(() => showInventory({ inventory, list: true, output: 'text' }))
    const list = JSON.parse(text) as {
      _meta: { hostvars: { w1: { color: string } } }
      web: unknown
      all: unknown
    }
    assert.equal(list._meta.hostvars.w1.color, 'red')
    assert.deepEqual([list.web, list.all], [{ hosts: ['w1'] }, { children: ['web'] }])
    assert.doesNotMatch(text, /s3cr3t/)
    assert.match(
      await printed(() => showInventory({ inventory, output: 'text' })),
      /hosts: 1 host\n  all  +1  w1/,
    )
  })
})
