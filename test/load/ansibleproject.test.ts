import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../../src/core/errors.ts'
import { type CarryOver, carryOver, type Spelling } from '../../src/load/ansible/carryover.ts'
import { loadProgram } from '../../src/load/compile.ts'
import type { Program } from '../../src/load/program.ts'
import { faults, load } from './written.ts'

const project = (file: string): string => fileURLToPath(new URL(`fromansible/${file}`, import.meta.url))

async function read(playbook: string): Promise<{ program: Program; found: CarryOver | undefined }> {
  const spellings: Spelling[] = []
  const files = { playbook: project(playbook), inventory: project('inventory') }
  try {
    const program = await loadProgram({ ...files, spellings, extraVars: {} })
    return { program, found: carryOver(spellings, []) }
  } catch (error) {
    assert.ok(error instanceof UsageError, (error as Error).stack)
    return assert.fail(
      error.diagnostics.map(({ place, message }) => `${place?.file}:${place?.line} ${message}`).join('\n'),
    )
  }
}

describe('a project of Ansible', () => {
  for (const [playbook, steps] of Object.entries({ 'site.yml': 37, 'harden.yml': 9, 'k3s.yml': 10 }))
    it(`carries over as it is: ${playbook}`, async () => {
      const { found } = await read(playbook)
      assert.deepEqual([found?.carried, found?.steps, found?.missing], [steps, steps, []])
    })

  it('keeps its hosts, variables, roles, handlers and tags', async () => {
    const { program } = await read('site.yml')
    const [common, lamp] = program.plays
    assert.deepEqual(common?.hosts, ['web1', 'web2', 'db1'])
    assert.deepEqual([lamp?.hosts, lamp?.serial], [['web1', 'web2'], ['50%']])
    assert.deepEqual(
      ['web1', 'web2'].map((name) => program.inventory.hosts.get(name)?.vars.http_port),
      [8080, 8081],
    )
    assert.deepEqual(
      lamp?.handlers.map(({ name }) => name),
      ['reload web server'],
    )
    assert.ok(lamp?.steps.slice(0, -1).every(({ tags }) => tags.includes('web')))
    const tools = common?.steps[0]
    assert.deepEqual([tools?.task.name, tools?.args.update], ['package', 3600])
  })
})

/** A playbook as many are; what it uses that is not here stands on the lines that are named below. */
const TYPICAL = `---
- hosts: web
  remote_user: root
  strategy: free
  vars_prompt:
    - name: release
  tasks:
    - name: Newest packages
      apt: upgrade=dist update_cache=yes
    - name: Key of the repository
      apt_key: url=https://example.org/key.asc
    - name: Release
      unarchive:
        src: https://example.org/app.tgz
        dest: /opt/app
        remote_src: yes
    - name: Settings
      blockinfile:
        path: /etc/app.conf
        block: |
          a = 1
    - name: Long work
      command: /opt/app/migrate
      async: 600
      poll: 10
    - name: Address
      debug: var=ansible_default_ipv4.address
    - name: Configuration
      copy: src={{ item }} dest=/etc/app/
      with_fileglob: "conf/*.conf"
    - name: Ask it
      uri: url=http://localhost/health
      register: health
      until: health.status == 200
  handlers:
    - name: restart app
      service: name=app state=restarted
`

describe('a typical playbook of Ansible', () => {
  it('is answered line by line', async () => {
    const found = await faults(TYPICAL)
    const lines = found.map((one) => Number(/^p\.yaml:(\d+):/.exec(one)?.[1]))
    assert.deepEqual(lines, [3, 4, 5, 9, 11, 13, 18, 24, 25, 27, 30, 32], found.join('\n'))
    for (const one of found) assert.match(one, /\[[^\]]+/)
  })

  it('is plain where the answers have been followed', async () => {
    const cured = TYPICAL.replace(/  remote_user[^]*?  tasks:/, '  tasks:')
      .replace(
        'apt: upgrade=dist update_cache=yes',
        'command: {cmd: apt-get -y dist-upgrade, only_if: "apt-get -s dist-upgrade | grep -q ^Inst"}',
      )
      .replace(
        'apt_key: url=https://example.org/key.asc',
        'copy: {content: x, dest: /etc/apt/keyrings/NAME.asc}',
      )
      .replace(/unarchive:[^]*?yes\n/, 'command: {cmd: "tar -xzf FILE -C DIR", creates: /opt/app/bin}\n')
      .replace(/blockinfile:[^]*?a = 1\n/, 'line: {path: /etc/app.conf, line: a = 1}\n')
      .replace(/ +async: 600\n +poll: 10\n/, '')
      .replace('var=ansible_default_ipv4.address', 'var=facts.addresses[0]')
      .replace('with_fileglob: "conf/*.conf"', 'loop: [p.yaml]')
      .replace(
        'uri: url=http://localhost/health',
        'wait_for: {url: "http://localhost/health", status: [200]}',
      )
      .replace(/ +register: health\n +until: health.status == 200\n/, '')
    assert.deepEqual(await faults(cured), [])
    const [play] = (await load(cured)).plays
    assert.equal(play?.steps.length, 8)
  })
})

describe('the page on coming from Ansible', () => {
  const page = readFileSync('docs/from-ansible.md', 'utf8')
  const examples = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] as string)

  it('has examples that carry over as printed', async () => {
    assert.ok(examples.length >= 2)
    for (const text of examples) assert.deepEqual(await faults(text), [], text)
  })

  it('names every module that is understood', async () => {
    const { MODULES } = await import('../../src/load/ansible/ansiblemodules.ts')
    for (const name of Object.keys(MODULES)) assert.match(page, new RegExp(`\`${name}\``), name)
  })

  it('names every module that is answered', async () => {
    const { REFUSED_MODULES } = await import('../../src/load/ansible/ansiblerefusals.ts')
    const known = Object.keys(REFUSED_MODULES)
    const rows = /## Modules that are answered\n([^]*?)\n## /.exec(page)?.[1] ?? ''
    const firsts = [...rows.matchAll(/^\| (.*?) \|/gm)].map(([, cell]) => cell).join(' ')
    const named = [...firsts.matchAll(/`([a-z0-9_]+)`/g)].map(([, name]) => name as string)
    assert.deepEqual(
      named.filter((name) => !known.includes(name)),
      [],
    )
    assert.ok(named.length > 20)
  })
})
