import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { schemaText } from '../../src/cli/schema.ts'
import type { Json } from '../../src/core/json.ts'
import { UsageError } from '../../src/core/errors.ts'
import { CONNECTION_NAMES } from '../../src/load/inventory/connectionnames.ts'
import { FILE_KINDS, type FileKind } from '../../src/load/editor/editorschemas.ts'
import { CONNECTION_VARIABLES } from '../../src/load/editor/inventoryschema.ts'
import { KEYWORD_SCHEMAS, KEYWORD_TABLES } from '../../src/load/editor/keywordschemas.ts'
import { loadTask, taskNames } from '../../src/load/library.ts'
import { parseYaml, readYaml } from '../../src/load/yaml/yaml.ts'
import { load } from './written.ts'

const kinds = Object.keys(FILE_KINDS) as FileKind[]

async function checker(kind: FileKind): Promise<(value: Json) => string> {
  const ajv = new Ajv({ strict: false, allErrors: true })
  const validate = ajv.compile(JSON.parse(await schemaText(kind)) as object)
  return (value) => (validate(value) ? '' : ajv.errorsText(validate.errors))
}

function step(text: string): string {
  return `- hosts: all\n  tasks:\n    - ${text}\n`
}

/** Playbooks, and whether they are right. */
const PLAYS: Record<string, boolean> = {
  '- hosts: all\n': true,
  '- name: nobody\n': false,
  '- hosts: all\n  becom: true\n': false,
  '- hosts: all\n  become: "root"\n': false,
  '- hosts: all\n  vars: { groups: [] }\n': false,
  '- hosts: all\n  serial: [1, "50%"]\n': true,
  '- hosts: all\n  serial: half\n': false,
  [step('time_sync:')]: true,
  [step('name: nothing')]: false,
  [step('mout: { path: /x }')]: false,
  [step('file: { path: /x, state: directory }')]: true,
  [step('file: { path: /x, state: folder }')]: false,
  [step('file: { path: x }')]: false,
  [step('file: { path: /x, mode: 0644 }')]: true,
  [step('file: { path: /x, mode: 644 }')]: false,
  [step('file: { path: /x, state: link }')]: false,
  [step('file: { path: "/{{ inventory_hostname }}", recurse: "{{ check_mode }}" }')]: true,
  [step('wait_for: { port: "{{ 22 + 1 }}" }')]: true,
  [step('wait_for: { port: eighty }')]: false,
  [step('wait_for: { port: 22, path: /x }')]: false,
  [step('{ debug: { message: x }, file: { path: /x } }')]: false,
  [step('{ debug: { message: x }, when: [true, check_mode], retries: 2, timeout: 5 }')]: true,
  [step('{ debug: { message: x }, timeout: long }')]: false,
  [step('{ debug: { message: x }, register: item }')]: false,
  [step('{ debug: { message: x }, listen: y }')]: false,
  [step('{ block: [{ debug: { message: x } }], rescue: [{ debug: { message: y } }] }')]: true,
  [step('{ block: [{ debug: { message: x } }], register: x }')]: false,
  [step('{ rescue: [{ debug: { message: x } }] }')]: false,
  [step('import_tasks: steps.yaml')]: true,
  [step('include_tasks: { file: steps.yaml, apply: { tags: x } }')]: true,
  [step('{ include_tasks: steps.yaml, register: x }')]: false,
  [step('meta: flush_handlers')]: true,
}

describe('schemas for editors', () => {
  it('have each keyword of each table, and none else', () => {
    const keywords = Object.values(KEYWORD_TABLES).flatMap((table) => Object.keys(table))
    assert.deepEqual(Object.keys(KEYWORD_SCHEMAS).sort(), [...new Set(keywords)].sort())
  })

  it('have each variable that says how a host is reached', () => {
    assert.deepEqual(
      Object.keys(CONNECTION_VARIABLES).sort(),
      [...Object.keys(CONNECTION_NAMES), 'jump'].sort(),
    )
  })

  it('are published as they are', async () => {
    const published = readdirSync('schemas').filter((file) => file.endsWith('.json'))
    assert.deepEqual(published.sort(), kinds.map((kind) => `${kind}.schema.json`).sort())
    for (const kind of kinds) {
      const file = `schemas/${kind}.schema.json`
      assert.ok(readFileSync(file, 'utf8') === `${await schemaText(kind)}\n`, `${file}: run npm run docs`)
    }
  })

  it('are named by the files of this repository', () => {
    const files = ['inventory.yaml', ...readdirSync('playbooks').map((name) => `playbooks/${name}`)]
    for (const file of files.filter((name) => name.endsWith('.yaml'))) {
      const [, path] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(readFileSync(file, 'utf8')) ?? []
      const kind = file === 'inventory.yaml' ? 'inventory' : 'playbook'
      assert.equal(path, `${file.includes('/') ? '../' : ''}schemas/${kind}.schema.json`, file)
    }
  })

  it('take the files of this repository', async () => {
    const [inventory, playbook] = await Promise.all([checker('inventory'), checker('playbook')])
    for (const file of ['inventory.yaml', 'test/lab/inventory.yaml'])
      assert.equal(inventory((await readYaml(file)).value), '', file)
    for (const name of readdirSync('playbooks').filter((one) => one.endsWith('.yaml')))
      assert.equal(playbook((await readYaml(`playbooks/${name}`)).value), '', name)
  })

  it('take the example of every task', async () => {
    const check = await checker('tasks')
    for (const name of taskNames()) {
      const { example } = await loadTask(name)
      assert.equal(check(parseYaml(example, name).value), '', name)
    }
  })

  describe('agree with the loader', () => {
    let check: (value: Json) => string
    before(async () => (check = await checker('playbook')))
    for (const [text, right] of Object.entries(PLAYS))
      it(`that this is ${right ? 'right' : 'wrong'}: ${text.replaceAll('\n', ' ')}`, async () => {
        const { value } = parseYaml(text, 'play.yaml')
        assert.equal(check(value) === '', right, check(value))
        assert.equal(await loads(text), right)
      })
  })
})

async function loads(text: string): Promise<boolean> {
  try {
    await load({ 'p.yaml': text, 'steps.yaml': '[]' })
    return true
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return false
  }
}
