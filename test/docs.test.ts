import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { UsageError } from '../src/core/errors.ts'
import { loadProgram } from '../src/load/compile.ts'
import { loadInventory } from '../src/load/inventory/inventory.ts'
import { taskNames } from '../src/load/library.ts'

const pages = [
  'README.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((path) => `docs/${path}`),
].filter((path) => path.endsWith('.md'))

/** The YAML examples of a page. */
function examples(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1]!)
}

/** Hosts, variables and files that the examples take for granted. */
const INVENTORY = `all:
  vars:
    k3s: { version: v1.25.4+k3s1, url: "https://10.0.0.1:6443", token: x }
    admin: { ca: x, certificate: x, key: x }
  children:
    web: { hosts: { "web[01:03]": {} } }
    server: { hosts: { rpi01: {} } }
    agents: { hosts: { "rpi[02:03]": {}, rpicloud: {} } }
`

const BESIDE = {
  'site.conf': 'listen {{ port }};\n',
  'site.yaml': 'port: 80\n',
  'monitoring.yaml': '- hosts: all\n',
  'steps/site.yaml': '- debug: {message: "port {{ port }}"}\n',
  'steps/logs.yaml': '- debug: {message: "{{ item }}"}\n',
  'steps/backup.yaml': '- debug: {message: "{{ item }}"}\n',
  'roles/site/tasks/main.yaml': '- debug: {message: "port {{ port }}"}\n',
  'roles/site/tasks/cleanup.yaml': '- debug: {message: x}\n',
  'roles/site/defaults/main.yaml': 'port: 80\n',
}

describe('documentation', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'provision-docs-'))
    writeFileSync(join(folder, 'inventory.yaml'), INVENTORY)
    for (const [path, text] of Object.entries(BESIDE)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
  })
  after(() => rmSync(folder, { recursive: true }))

  /** What is wrong with a playbook, as the user would read it. */
  async function faults(text: string): Promise<string[]> {
    const playbook = join(folder, 'example.yaml')
    writeFileSync(playbook, text)
    try {
      await loadProgram({ playbook, inventory: join(folder, 'inventory.yaml'), extraVars: {} })
      return []
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error))
      return error.diagnostics.map(({ place, message }) => `line ${place?.line}: ${message}`)
    }
  }

  for (const page of ['README.md', 'docs/playbooks.md', 'docs/inventory.md', 'docs/editors.md']) {
    it(`has examples in ${page} that work as printed`, async () => {
      const found = examples(page)
      assert.ok(found.length > 0)
      for (const text of found) {
        const file = join(folder, 'example-inventory.yaml')
        writeFileSync(file, text)
        if (/^all:/m.test(text)) assert.ok((await loadInventory(file)).inventory.hosts.size > 0)
        else assert.deepEqual(await faults(text), [], text)
      }
    })
  }

  it('has examples of all tasks that work as printed', async () => {
    for (const name of taskNames()) {
      const found = examples(`docs/tasks/${name}.md`)
      assert.ok(found.length > 0, name)
      for (const text of found) {
        const steps = text.replaceAll(/^/gm, '    ').trimEnd()
        const wrong = await faults(`- hosts: all\n  become: true\n  tasks:\n${steps}\n`)
        assert.deepEqual(
          wrong.filter((one) => !ASSUMED.test(one)),
          [],
          name,
        )
      }
    }
  })

  it('links to what is there', () => {
    for (const page of pages)
      for (const [, target] of readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g))
        assert.ok(existsSync(join(dirname(page), target!)), `${page} links to ${target}`)
  })
})

/** Files and directories beside the playbook, and handlers in other parts of it. */
const ASSUMED = /there is no (file|directory|handler) '/
