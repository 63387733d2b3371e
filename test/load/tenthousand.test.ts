import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../src/core/errors.ts'
import { loadProgram } from '../../src/load/compile.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import type { ReleaseSource } from '../../src/load/file/release.ts'
import { dice, mutated } from './mutations.ts'

/** A large inventory costs a playbook's check more time than the playbook; a small one finds the same. */
const SMALL = `all:
  vars: {k3s: {version: v1.25.4+k3s1, url: "https://10.0.0.1:6443", token: x}, l: [1, 2], x: rpi01}
  children:
    server: {hosts: {rpi01: {address: 10.0.0.1}}}
    agents: {hosts: {"rpi[02:03]": {}, rpicloud: {}}}
    web: {hosts: {web01: {}}}
`

const INI = `[server]
rpi01 ansible_host=10.0.0.1 ansible_user=pi

[agents]
rpi[02:14] ansible_port=22 labels='["a", "b"]'

[agents:vars]
ansible_ssh_common_args='-o ProxyJump=rpi01'
ansible_become_password="x"

[cluster:children]
server
agents
`

/** Nothing is looked up. */
const releases: ReleaseSource = {
  release: (version) => ({ version, binaries: {}, problem: 'not looked up' }),
}

/** In milliseconds. The machine may be busy with other things: only what is far off counts. */
const HANG = 10_000
const SLOW_MEDIAN = 200

describe('ten thousand mutations', function () {
  this.timeout(600_000)
  let folder: string
  let file: { playbook: string; inventory: string; small: string }
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mutations-'))
    cpSync('playbooks', join(folder, 'playbooks'), { recursive: true })
    file = {
      playbook: join(folder, 'playbooks', 'mutated.yaml'),
      inventory: join(folder, 'inventory'),
      small: join(folder, 'small.yaml'),
    }
    writeFileSync(file.small, SMALL)
  })
  after(() => rmSync(folder, { recursive: true }))

  /** The texts in turn, mutated; `load` must give something or tell mistakes with their places. */
  async function throwAt(
    seeds: string[],
    count: number,
    load: (text: string) => Promise<unknown>,
  ): Promise<void> {
    const roll = dice(count)
    const times: number[] = []
    for (let number = 0; number < count; number++) {
      const text = mutated(seeds[number % seeds.length] as string, roll)
      const start = performance.now()
      await load(text).catch((error: unknown) => requireDecency(error, text))
      times.push(performance.now() - start)
      assert.ok((times.at(-1) as number) < HANG, `took ${times.at(-1)} ms:\n${text}`)
    }
    const median = times.toSorted((a, b) => a - b)[count >> 1] as number
    assert.ok(median < SLOW_MEDIAN, `the median is ${median} ms`)
  }

  function requireDecency(error: unknown, text: string): void {
    assert.ok(error instanceof UsageError, `${(error as Error).stack}\n${text}`)
    assert.ok(error.diagnostics.length > 0, text)
    for (const { place, message } of error.diagnostics) {
      assert.ok(place !== undefined && place.line > 0 && place.column > 0, `no place: ${message}\n${text}`)
      assert.doesNotMatch(message, /\[object|is not a function|Cannot read|undefined is/, text)
    }
  }

  const books = readdirSync('playbooks')
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(join('playbooks', name), 'utf8'))
  const examples = ['docs/playbooks.md', ...readdirSync('docs/tasks').map((name) => `docs/tasks/${name}`)]
    .flatMap((page) => [...readFileSync(page, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)])
    .map(([, text]) => (/^- hosts/m.test(text as string) ? text : asPlay(text as string)) as string)

  it('of playbooks give programs or mistakes with places', () =>
    throwAt([...books, ...examples], 7000, async (text) => {
      writeFileSync(file.playbook, text)
      await loadProgram({ playbook: file.playbook, inventory: file.small, releases, secrets: 'none' })
    }))

  it('of inventories give hosts or mistakes with places', () =>
    throwAt([readFileSync('inventory.yaml', 'utf8'), SMALL, INI], 3000, async (text) => {
      writeFileSync(file.inventory, text)
      await loadInventory(file.inventory)
    }))
})

function asPlay(steps: string): string {
  return `- hosts: agents\n  become: true\n  vars: {l: [1, 2]}\n  tasks:\n${steps.replaceAll(/^(?=.)/gm, '    ')}`
}
