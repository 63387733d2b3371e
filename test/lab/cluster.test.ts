import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunEvent } from '../../src/core/event.ts'
import { loadInventory } from '../../src/load/inventory.ts'
import { answerOf, INVENTORY, useLab } from './fixture.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const launcher = path.join(root, 'src/cli/launch.cjs')
const playbook = path.join(root, 'playbooks/cluster.yaml')

interface Ran {
  code: number | null
  /** `host: summary` of every change, sorted. */
  changes: string[]
  failures: string[]
  roundTrips: Record<string, number>
  text: string
}

async function provision(folder: string, ...flags: string[]): Promise<Ran> {
  const words = [launcher, playbook, '-i', INVENTORY, '--lab', '--output', 'json', ...flags]
  // A shell of its own gives the run its own folder, where its journal goes.
  const { code, stdout, stderr } = await answerOf('env', ['-C', folder, process.execPath, ...words])
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent)
  const ends = events.filter((event) => event.type === 'step-end')
  const failed = events.flatMap((event) =>
    'failure' in event && event.failure ? [event.failure.message] : [],
  )
  return {
    code,
    changes: ends.flatMap(({ host, changes }) => changes.map(({ summary }) => `${host}: ${summary}`)).sort(),
    failures: failed,
    roundTrips: events.find((event) => event.type === 'run-end')?.roundTrips ?? {},
    text: stdout + stderr,
  }
}

/** What a script prints on hosts, run as root. */
async function exec(pattern: string, script: string): Promise<Map<string, string>> {
  const words = [launcher, 'exec', pattern, '-i', INVENTORY, '--lab', '-b', '--output', 'json', '--', script]
  const { code, stdout } = await answerOf(process.execPath, words)
  assert.equal(code, 0, stdout)
  const answers: { host: string; stdout: string }[] = JSON.parse(stdout)
  return new Map(answers.map((answer) => [answer.host, answer.stdout]))
}

/** Everything on a node that a check could have left behind; logins leave their own marks in logs and in sudo's notes. */
async function trace(hosts: string[]): Promise<Map<string, string>> {
  return exec(
    hosts.join(','),
    'find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log ' +
      '-o -path /var/lib/systemd -o -path /var/lib/sudo -o -path /var/lib/docker -o -path /var/cache \\) -prune ' +
      "-o -printf '%p %y %m %u %g %s %T@\\n' | sort",
  )
}

describe('cluster.yaml on 15 hosts', function () {
  this.timeout(300_000)
  useLab()
  let folder: string
  let checked: Ran
  let applied: Ran
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'provision-cluster-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('checks bare hosts: lists every change and leaves no trace', async () => {
    const hosts = ['rpicloud', 'rpi01', 'rpi14']
    const before = await trace(hosts)
    checked = await provision(folder, '--check')
    assert.deepEqual([checked.failures, checked.code], [[], 2])
    assert.deepEqual(await trace(hosts), before)
  })

  it('makes exactly the changes that the check listed', async () => {
    applied = await provision(folder)
    assert.deepEqual([applied.failures, applied.code], [[], 0])
    assert.deepEqual(applied.changes, checked.changes)
  })

  it('finds nothing to do the second time, with one round trip for each host', async () => {
    const again = await provision(folder)
    assert.deepEqual([again.failures, again.changes, again.code], [[], [], 0])
    assert.equal(Object.keys(again.roundTrips).length, 15)
    for (const [host, flights] of Object.entries(again.roundTrips)) assert.equal(flights, 1, host)
  })

  it('has nothing pending in a check after that', async () => {
    const { code, changes } = await provision(folder, '--check')
    assert.deepEqual([code, changes], [0, []])
  })

  it('has 15 nodes that are Ready, each the host that the inventory names', async () => {
    const { inventory } = await loadInventory(INVENTORY)
    const listed = (await exec('rpi01', 'k3s kubectl get nodes -o json')).get('rpi01')!
    const boots = await exec('all', 'cat /proc/sys/kernel/random/boot_id')
    const nodes = new Map<string, any>(
      JSON.parse(listed).items.map((node: any) => [node.metadata.name, node]),
    )
    assert.deepEqual([...nodes.keys()].sort(), [...inventory.hosts.keys()].sort())
    for (const [name, host] of inventory.hosts) {
      const { conditions, addresses, nodeInfo } = nodes.get(name).status
      assert.equal(conditions.find(({ type }: any) => type === 'Ready').status, 'True', name)
      assert.equal(addresses.find(({ type }: any) => type === 'InternalIP').address, host.connection.address)
      assert.equal(nodeInfo.kubeletVersion, host.vars.k3s_version)
      assert.equal(nodeInfo.bootID, boots.get(name)!.trim())
    }
  })

  it('has SSDs mounted and a registry that other nodes reach', async () => {
    const mounted = await exec(
      'storage',
      'findmnt -no FSTYPE,TARGET /mnt/storage; grep -c /mnt/storage /etc/fstab',
    )
    assert.equal(mounted.size, 14)
    for (const [host, text] of mounted)
      assert.equal(text.replaceAll(/ +/g, ' '), 'ext4 /mnt/storage\n1\n', host)
    const answers = await exec('all', 'curl -fsS -o /dev/null -w "%{http_code}" http://16.0.0.10:5000/v2/')
    assert.deepEqual([...new Set(answers.values())], ['200'])
  })

  it('shows the cluster’s token to nobody', async () => {
    const token = (await exec('rpi01', 'cat /var/lib/rancher/k3s/server/node-token')).get('rpi01')!.trim()
    assert.match(token, /^K10/)
    const secret = token.split(':').at(-1)!
    const journal = await answerOf('grep', ['-rlF', secret, folder])
    assert.equal(journal.stdout, '')
    for (const { text } of [checked, applied]) assert.equal(text.includes(secret), false)
  })
})
