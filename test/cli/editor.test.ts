import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { loadTask } from '../../src/load/library.ts'
import { LanguageServer } from './languageserver.ts'

const HEAD = '# yaml-language-server: $schema=../schemas/playbook.schema.json\n'

const MISTAKEN = `${HEAD}- name: Web servers
  hosts: all
  becom: true
  tasks:
    - name: Disk
      mount:
        path: /mnt/storage
    - mout: { path: /x, device: /dev/sda }
    - wait_for: { port: eighty }
    - file: { path: /x, state: folder }
    - systemd: { unit: docker, enabled: "yes" }
    - name: Nothing
`

describe('an editor with yaml-language-server', () => {
  let server: LanguageServer
  before(async () => (server = await LanguageServer.start()))
  after(() => server.stop())

  /** The lines below HEAD's, from 1, and what is said of them. */
  async function said(folder: string, text: string): Promise<string[]> {
    const found = await server.diagnostics(await server.open(folder, text))
    return found.map(({ range, message }) => `${range.start.line}: ${message}`).sort()
  }

  it('finds nothing wrong with the files of this repository, and mistakes put into them', async () => {
    for (const path of ['playbooks/cluster.yaml', 'inventory.yaml']) {
      const text = readFileSync(path, 'utf8')
      assert.deepEqual(await said(dirname(path), text), [], path)
      const mistaken = text.replace(/^( +)hosts:/m, '$1hots:')
      assert.notEqual(mistaken, text)
      assert.match((await said(dirname(path), mistaken)).join('\n'), /: Property hots is not allowed\./, path)
    }
  })

  it('draws mistakes where they are', async () => {
    assert.deepEqual(await said('playbooks', MISTAKEN), [
      '10: Value is not accepted. Valid values: "file", "directory", "link", "absent".',
      '11: must be: boolean',
      '12: the step names no task',
      '3: Property becom is not allowed.',
      '6: Missing property "device".',
      '8: Property mout is not allowed.',
      '9: must be: integer, 1 to 65535',
    ])
  })

  /** What is offered at the mark | of a playbook: label, what is put in, and what is said of it. */
  async function offered(text: string): Promise<Map<string, { insert: string; about: string }>> {
    const before = (HEAD + text).slice(0, (HEAD + text).indexOf('|'))
    const uri = await server.open('playbooks', (HEAD + text).replace('|', ''))
    const items = await server.completions(uri, positionAfter(before))
    return new Map(
      items.map(({ label, insertText = '', documentation = '' }) => {
        const about = typeof documentation === 'string' ? documentation : documentation.value
        return [label, { insert: insertText, about }]
      }),
    )
  }

  it('offers the tasks with their sentence and their required arguments, and the keywords', async () => {
    const found = await offered('- hosts: all\n  tasks:\n    - name: Disk\n      m|\n')
    const { summary } = await loadTask('mount')
    assert.ok(found.get('mount')?.about.startsWith(summary))
    assert.equal(found.get('mount')?.insert, 'mount:\n  path: $1\n  device: $2')
    assert.match(found.get('when')?.about ?? '', /^Condition/)
    assert.ok(!found.has('hosts'))
  })

  it('offers the arguments of a task, the required ones first', async () => {
    const found = await offered('- hosts: all\n  tasks:\n    - mount:\n        |\n')
    const names = [...found.keys()].filter((name) => name !== '!secret' && name !== 'mount')
    assert.deepEqual(names.slice(0, 3), ['path', 'device', 'label'])
    assert.match(found.get('format')?.about ?? '', /Default: never\.$/)
  })

  it('offers values', async () => {
    const state = await offered('- hosts: all\n  tasks:\n    - file:\n        path: /x\n        state: |\n')
    for (const value of ['file', 'directory', 'link', 'absent']) assert.ok(state.has(value), value)
    const recurse = await offered(
      '- hosts: all\n  tasks:\n    - file:\n        path: /x\n        recurse: |\n',
    )
    assert.ok(recurse.has('true') && recurse.has('false'))
  })

  it('offers the keywords of a play, hosts among the first', async () => {
    const found = await offered('- |\n')
    assert.match(found.get('hosts')?.about ?? '', /^Hosts to work on/)
    assert.ok(found.has('import_playbook'))
    assert.ok([...found.keys()].indexOf('hosts') < 3)
  })

  it('says what is under the pointer', async () => {
    const text = `${HEAD}- hosts: all\n  tasks:\n    - mount:\n        size: 1TB\n`
    const uri = await server.open('playbooks', text)
    const hover = (part: string): Promise<string> =>
      server.hover(uri, positionAfter(text.slice(0, text.indexOf(part) + 1)))
    assert.match(await hover('size:'), /^Size that the device should have/)
    assert.ok((await hover('mount:')).startsWith((await loadTask('mount')).summary))
    assert.match(await hover('hosts:'), /^Hosts to work on/)
  })
})

function positionAfter(text: string): { line: number; character: number } {
  const lines = text.split('\n')
  return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 }
}
