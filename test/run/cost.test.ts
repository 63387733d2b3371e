import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Redactor } from '../../src/base/redact.ts'
import type { RunEvent } from '../../src/core/event.ts'
import { loadProgram } from '../../src/load/compile.ts'
import { runProgram } from '../../src/run/conduct.ts'
import { connectorIn, keyIn, temporary } from '../connect/rig.ts'
import { startServer, type TestServer } from '../connect/server.ts'

const HOSTS = ['one', 'two']

/** Twelve steps of the usual kind; what they want is in the folder of each host. */
const PLAYBOOK = `- hosts: nodes
  become: true
  vars: { at: "{{ folder }}/{{ inventory_hostname }}" }
  tasks:
    - file: { path: "{{ at }}", state: directory, mode: "0755" }
    - file: { path: "{{ at }}/scripts", state: directory }
    - copy: { dest: "{{ at }}/motd", content: "Welcome\\n", mode: "0644" }
    - copy: { dest: "{{ at }}/key", content: "none\\n", mode: "0600" }
    - template: { src: limits.j2, dest: "{{ at }}/limits" }
    - line: { path: "{{ at }}/motd", line: "Welcome" }
    - line: { path: "{{ at }}/hosts", line: "::1 localhost", create: true }
    - file: { path: "{{ at }}/link", state: link, target: "{{ at }}/motd" }
    - file: { path: "{{ at }}/old", state: absent }
    - user: { name: root }
    - package: { name: [dpkg] }
    - command: { cmd: 'touch "{{ at }}/made"', creates: "{{ at }}/made" }
`

const DIRECTORIES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin']

/** Writes down the name it is called by. There is one lock on this machine, which other tests may hold. */
const COUNTED = `#!/bin/bash
name=\${0##*/}
echo "$name" >>"\${0%/*}/.calls"
[ "$name" != flock ] || exit 0
for directory in ${DIRECTORIES.join(' ')}; do
  [ ! -x "$directory/$name" ] || exec -a "$name" "$directory/$name" "$@"
done
exit 127
`

/** Programs that the server's commands start from now on leave their names. */
function countPrograms({ bin }: TestServer): void {
  writeFileSync(join(bin, '.counted'), COUNTED)
  chmodSync(join(bin, '.counted'), 0o755)
  for (const name of new Set(
    DIRECTORIES.filter((one) => existsSync(one)).flatMap((one) => readdirSync(one)),
  )) {
    if (!existsSync(join(bin, name))) symlinkSync('.counted', join(bin, name))
  }
}

/** Names of the programs started since the last call, and how often. */
function programs({ bin }: TestServer): Record<string, number> {
  const file = join(bin, '.calls')
  const names = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').sort() : []
  writeFileSync(file, '')
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** In a PID namespace of its own the next process id tells how many processes there have been. The lock is its own, too. */
const NAMESPACE = ['/usr/bin/unshare', '--pid', '--mount', '--fork', '--kill-child']
const TELL = `/bin/mkdir -p "$0.lock"; /bin/mount --bind "$0.lock" /run/lock; "$@"; /bin/sh -c 'echo $(($$ - 4))' >"$0"`

/** Why processes can't be counted here. */
function obstacle(): string | undefined {
  if (realpathSync('/bin/sh') !== realpathSync('/bin/dash')) return 'sh is not dash'
  return spawnSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'true']).status === 0 ? undefined : 'no namespaces'
}

interface Cost {
  changes: number
  roundTrips: number
  connections: number
  asked: number
  logins: number
  refused: number
  sessions: number
  programs: Record<string, number>
  /** Undefined where they can't be counted. */
  processes?: number
}

/** Exact numbers, for time would tell of a loss only on a quiet machine. */
describe('what a play of twelve steps costs a host behind a jump host', () => {
  const directory = temporary()
  const at = (name: string): string => join(directory.path, name)
  const why = obstacle()
  let gate: TestServer
  let hosts: TestServer[]
  const costs: Record<string, Cost[]> = {}

  before('run it on bare hosts, and twice more', async () => {
    delete process.env.SSH_AUTH_SOCK
    const key = keyIn(directory.path)
    const allow = [key.public]
    gate = await startServer({ allow })
    hosts = await Promise.all(
      HOSTS.map((name) =>
        startServer({
          allow,
          wrapper: why ? [] : [...NAMESPACE, '/bin/sh', '-c', TELL, at(`${name}.count`)],
        }),
      ),
    )
    for (const host of hosts) countPrograms(host)
    writeFileSync(at('limits.j2'), 'hard {{ 2 * 500 }}\nsoft 10\n')
    writeFileSync(at('playbook.yaml'), PLAYBOOK)
    writeFileSync(at('inventory.yaml'), inventory(key.path))
    costs.bare = await costsOf('apply')
    costs.settled = await costsOf('apply')
    costs.checked = await costsOf('check')
  })
  after(() => Promise.all([gate, ...hosts].map((server) => server.close())))

  const inventory = (key: string): string => {
    const connection = { address: '127.0.0.1', user: 'pi', key }
    const nodes = HOSTS.map((name, i) => [name, { ...connection, port: hosts[i]!.port, jump: 'gate' }])
    const children = {
      nodes: { hosts: Object.fromEntries(nodes) },
      others: { hosts: { gate: { ...connection, port: gate.port } } },
    }
    return JSON.stringify({ all: { vars: { folder: directory.path }, children } })
  }
  const costsOf = async (mode: 'apply' | 'check'): Promise<Cost[]> => {
    const before = hosts.map(({ seen }) => ({ ...seen }))
    const events = await run(mode)
    const end = events.find((event) => event.type === 'run-end')!
    return HOSTS.map((name, i) => {
      const { connections, asked, logins, refused, sessions } = hosts[i]!.seen
      const past = before[i]!
      return {
        changes: events.flatMap((one) => (one.type === 'step-end' && one.host === name ? one.changes : []))
          .length,
        roundTrips: end.roundTrips[name]!,
        connections: connections - past.connections,
        asked: asked - past.asked,
        logins: logins - past.logins,
        refused: refused - past.refused,
        sessions: sessions - past.sessions,
        programs: programs(hosts[i]!),
        processes: why ? undefined : Number(readFileSync(at(`${name}.count`), 'utf8')),
      }
    })
  }
  const run = async (mode: 'apply' | 'check'): Promise<RunEvent[]> => {
    const files = { playbook: at('playbook.yaml'), inventory: at('inventory.yaml') }
    const program = await loadProgram({ ...files, tags: [], skipTags: [] })
    const connector = connectorIn(directory.path, { lookup: (name) => program.inventory.hosts.get(name) })
    const { signal } = new AbortController()
    const options = { mode, connector, redactor: new Redactor(), forks: 10, signal, owner: 'the tests' }
    const events: RunEvent[] = []
    for await (const event of runProgram(program, options)) events.push(event)
    await connector.close()
    await Promise.all(hosts.flatMap(({ ended }) => ended.splice(0)))
    return events
  }
  const onEach = (what: string, expected: Partial<Cost>): void => {
    for (const cost of costs[what]!) {
      const seen = Object.keys(expected).map((name) => [name, cost[name as keyof Cost]])
      assert.deepEqual(Object.fromEntries(seen), expected, what)
    }
  }

  it('is one connection, one login at the first try, without asking first, and one session', () => {
    const once = { connections: 1, asked: 0, logins: 1, refused: 0, sessions: 1 }
    for (const what of ['bare', 'settled', 'checked']) onEach(what, once)
    assert.deepEqual(gate.seen, { connections: 3, asked: 0, logins: 3, refused: 0, sessions: 0, forwards: 6 })
  })

  it('is one round trip, and one more for each change', () => {
    onEach('bare', { changes: 8, roundTrips: 1 + 8 })
    onEach('settled', { changes: 0, roundTrips: 1 })
    onEach('checked', { changes: 0, roundTrips: 1 })
  })

  it('is a handful of programs when it is settled', () => {
    const probes = { env: 1, find: 1, getent: 2, grep: 1, head: 1 }
    onEach('checked', { programs: probes })
    onEach('settled', { programs: { ...probes, flock: 1 } })
  })

  it('is few processes when it is settled, subshells included', function () {
    if (why !== undefined) this.skip()
    onEach('checked', { processes: 9 })
    onEach('settled', { processes: 10 })
  })
})
