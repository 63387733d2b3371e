import assert from 'node:assert/strict'
import { KUBERNETES } from './names.ts'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { quote } from '../../src/base/shell.ts'
import type { RunEvent } from '../../src/core/event.ts'
import { labFault } from '../../src/lab/lab.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { type Answer, answerOf, INVENTORY, useLab } from './fixture.ts'

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

describe(`cluster.yaml on 15 hosts (${KUBERNETES})`, function () {
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

/** Runs a command of the program in the lab, with inventory.yaml. */
function command(folder: string, ...words: string[]): Promise<Answer> {
  const all = [launcher, ...words, '-i', INVENTORY, '--lab']
  return answerOf('env', ['-C', folder, process.execPath, ...all])
}

// It goes on with the cluster that the tests above have made.
describe(`the cluster of 15 at a glance (${KUBERNETES})`, function () {
  this.timeout(120_000)
  useLab()
  let folder: string
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'provision-status-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const glance = async (...words: string[]) => {
    const { code, stdout } = await command(folder, 'status', '--output', 'json', ...words)
    const seen = JSON.parse(stdout)
    const findings: string[] = seen.findings.map(
      ({ kind, hosts, text }: any) => `${kind} ${[...hosts, text].join(' ')}`,
    )
    return { code, seen, findings }
  }

  it('is well, and costs one round trip for each host', async () => {
    const { code, seen, findings } = await glance()
    assert.deepEqual([findings, code], [[], 0])
    assert.deepEqual(
      seen.hosts.map(({ round_trips }: any) => round_trips),
      Array(15).fill(1),
    )
    const { stdout } = await command(folder, 'status')
    const lines = stdout.trimEnd().split('\n')
    assert(lines.length < 24 && lines.every((line) => line.length <= 100), stdout)
    assert.match(stdout, /^cluster +15 of 15 nodes Ready/m)
    assert.match(stdout, /^registry +16\.0\.0\.10:5000 answers 15 of 15 hosts/m)
  })

  it('shows drift, and what makes it right', async () => {
    await exec('rpi01', 'k3s kubectl cordon rpi03')
    await exec('rpi14', 'umount /mnt/storage')
    const { code, seen, findings } = await glance('rpi03,rpi14')
    assert.deepEqual(findings, [
      'differs rpi03 is cordoned: it gets no new pods',
      'differs rpi14 no SSD at /mnt/storage',
    ])
    assert.equal(code, 2)
    assert.equal(
      seen.findings[1].advice,
      `run: provision playbooks/cluster.yaml -i ${INVENTORY} --lab --limit rpi14`,
    )
    await exec('rpi14', 'mount /mnt/storage')
    await exec('rpi01', 'k3s kubectl uncordon rpi03')
  })

  it('shows what can not be reached, and all others', async () => {
    await labFault('rpi05', 'cut', () => {})
    const { code, seen } = await glance()
    await labFault('rpi05', 'heal', () => {})
    const gone = seen.hosts.filter(({ reachable }: any) => !reachable)
    assert.deepEqual([gone.map(({ host }: any) => host), code], [['rpi05'], 4])
    assert.equal(seen.hosts.filter(({ health }: any) => health !== null).length, 14)
  })
})

describe(`the way to the dashboard of the cluster of 15 (${KUBERNETES})`, function () {
  this.timeout(120_000)
  useLab()
  let folder: string
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'provision-way-'))
    // A clipboard that can be looked into.
    writeFileSync(path.join(folder, 'xclip'), '#!/bin/sh\ncat > "$0.text"\n', { mode: 0o755 })
  })
  after(() => rmSync(folder, { recursive: true }))

  const proxies = 'pgrep -f "kubectl [p]roxy" || :'

  /** Opens the way; resolves when it is open. */
  async function open(): Promise<{ address: string; child: ChildProcess; end: Promise<[number, string]> }> {
    const words = [launcher, 'dashboard', '--port', '0', '-i', INVENTORY, '--lab']
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, DISPLAY: ':9' }
    const child = spawn(process.execPath, words, {
      cwd: folder,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    const end = new Promise<[number, string]>((resolve) => {
      child.once('close', (code) => resolve([code ?? 255, said]))
    })
    const address = await new Promise<string>((resolve, reject) => {
      const hear = (text: Buffer) => {
        said += String(text)
        if (said.includes('Ctrl-C closes it')) resolve(/^http:\S+$/m.exec(said)?.[0] ?? '')
      }
      child.stdout?.on('data', hear)
      child.stderr?.on('data', hear)
      void end.then(() => reject(new Error(said)))
    })
    return { address, child, end }
  }

  it('says what to run while there is none', async () => {
    const { code, stderr } = await command(folder, 'dashboard', '--port', '0')
    assert.equal(code, 3, stderr)
    assert.match(stderr, /the dashboard is not set up\n.*run: provision playbooks\/dashboard\.yaml/)
  })

  it('opens it by the kubectl of rpicloud, with a token that is taken, and leaves nothing after Ctrl-C', async () => {
    const set = await command(folder, path.join(root, 'playbooks/dashboard.yaml'))
    assert.equal(set.code, 0, set.stdout + set.stderr)
    const config = await exec('rpi01', 'sed s/127.0.0.1/16.0.0.11/ /etc/rancher/k3s/k3s.yaml')
    const write = `install -d -o pi /home/pi/.kube; echo ${quote(config.get('rpi01')!)} > /home/pi/.kube/config; chown pi /home/pi/.kube/config`
    await exec('rpicloud', write)
    const { address, child, end } = await open()
    const page = await fetch(address.replace('localhost', '127.0.0.1'))
    assert.equal(page.status, 200)
    assert.match(await page.text(), /<title>Kubernetes Dashboard<\/title>/)
    const beyond = await fetch(new URL('/api/v1/secrets', address.replace('localhost', '127.0.0.1')))
    assert.equal(beyond.status, 403)
    const token = readFileSync(path.join(folder, 'xclip.text'), 'utf8')
    const ask = (word: string) =>
      `curl -sk -o /dev/null -w "%{http_code}" -H "Authorization: Bearer ${word}" https://127.0.0.1:6443/api/v1/nodes`
    assert.equal((await exec('rpi01', ask(token))).get('rpi01'), '200')
    assert.equal((await exec('rpi01', ask(`${token}x`))).get('rpi01'), '401')
    assert.match((await exec('rpicloud', proxies)).get('rpicloud')!, /^\d+\n$/)
    process.kill(-child.pid!, 'SIGINT')
    const [code, said] = await end
    assert.equal(code, 0, said)
    assert.equal(said.includes(token), false)
    assert.equal((await exec('rpicloud', proxies)).get('rpicloud'), '')
    await assert.rejects(fetch(address.replace('localhost', '127.0.0.1')))
  })

  it('goes by way of the server where rpicloud has no kubeconfig; tells that the connection is lost', async () => {
    await exec('rpicloud', 'rm /home/pi/.kube/config')
    const { end } = await open()
    // The process of sshd that the proxy is below of.
    const climb = 'while [ "$(cat /proc/$p/comm)" != sshd ]; do p=$(ps -o ppid= -p $p | tr -d " "); done'
    await exec('rpi01', `p=$(pgrep -o -f "kubectl [p]roxy"); ${climb}; kill $p`)
    const [code, said] = await end
    assert.equal(code, 4, said)
    assert.match(said, /through kubectl proxy on rpi01/)
    assert.match(said, /^error: the way to the dashboard is lost: rpi01: /m)
    const gone = `for i in $(seq 300); do [ -n "$(${proxies})" ] || exit 0; sleep 0.1; done; exit 1`
    await exec('rpi01', gone)
  })
})
