import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RunEvent, StepName } from '../../src/core/event.ts'
import { labPlaces, nodePlaces } from '../../src/lab/places.ts'
import { useOwnLab } from './own.ts'
import { type Ended, fault, look, provision, start, workplace, write } from './small.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BEFORE = `
- hosts: rpi01
  become: true
  tasks:
    # A dead node is seen to be dead after half the usual time.
    - file: {path: /etc/systemd/system/k3s.service.d, state: directory}
    - copy: {dest: /etc/systemd/system/k3s.service.d/test.conf, content: "[Service]\\nEnvironment=K3S_SIM_TIMES=grace=20000\\n"}
`

/** rpicloud and rpi01 to rpi04. */
function fiveHosts(): string {
  const whole = readFileSync(path.join(ROOT, 'inventory.yaml'), 'utf8')
  const fewer = whole.replaceAll(/(rpi\[0[12]):14\]/g, '$1:04]').replace('[11:24]', '[11:14]')
  return fewer.replaceAll(/ram: \dGiB/g, 'ram: 1GiB')
}

const run = (name: string, ...words: string[]) =>
  provision(path.join(ROOT, 'playbooks', name), '-i', 'rebuild.yaml', '--lab', '--output', 'json', ...words)
const rebuild = (...words: string[]) => provision('rebuild', ...words, '-i', 'rebuild.yaml', '--lab')
const k3s = (command: string) => look('rpi01', `k3s kubectl ${command}`)
const inPod = (pod: string, command: string) => k3s(`exec ${pod} -- ${command}`)
const cql = (statement: string) => inPod('cassandra-0', `cqlsh -e "${statement}"`)

function ended(one: Ended, code: number): string {
  const text = one.stdout + one.stderr
  assert.equal(one.code, code, text)
  return text
}

async function untilNode(host: string, ready: 'True' | 'Unknown'): Promise<void> {
  const wanted = `jsonpath={.status.conditions[?(@.type=="Ready")].status}`
  while ((await k3s(`get node ${host} --ignore-not-found -o '${wanted}'`)) !== ready) await pause(500)
}

/** Host ids of the ring by the addresses of its members, all of which must be up. */
async function ring(): Promise<Map<string, string>> {
  const rows = await inPod('cassandra-0', 'nodetool status')
  assert.doesNotMatch(rows, /^[UD?][LJM]|^[D?]N/m, rows)
  return new Map(
    [...rows.matchAll(/^UN +(\S+) .* ([0-9a-f-]{36}) /gm)].map(([, ip = '', id = '']) => [ip, id]),
  )
}

/** Until a node that mends itself has done so. */
async function untilHealthy(host: string): Promise<void> {
  await untilNode(host, 'True')
  while (/^[UD?][LJM]|^[D?]N/m.test(await inPod('cassandra-0', 'nodetool status'))) await pause(500)
}

/** The member whose volume is on a node, up or down. */
async function memberOf(host: string): Promise<{ pod: string; id: string }> {
  const claims = await k3s('get pv -o json')
  const { items } = JSON.parse(claims) as { items: any[] }
  const of = items.find((one) => JSON.stringify(one.spec.nodeAffinity).includes(host))
  const pod = of.spec.claimRef.name.replace('cassandra-data-', '')
  const rows = await inPod('cassandra-0', 'nodetool status')
  const cidr = (await k3s(`get node ${host} -o jsonpath={.spec.podCIDR}`)).replace('0/24', '')
  const id = rows.split('\n').find((row) => row.includes(` ${cidr}`))
  return { pod, id: /[0-9a-f-]{36}/.exec(id ?? '')?.[0] ?? assert.fail(rows) }
}

/** What is the owner's of a node: it must come back with it. */
const MARKS = ['disk=fast', 'owner=jose', 'db=yes:PreferNoSchedule'] as const
async function mark(host: string): Promise<void> {
  await k3s(`label node ${host} ${MARKS[0]}`)
  await k3s(`annotate node ${host} ${MARKS[1]}`)
  await k3s(`taint node ${host} ${MARKS[2]}`)
}

/** Ready as this boot of this machine, of the server's version, at its address, with its marks, and nothing left over. */
async function requireBack(host: string): Promise<void> {
  const node = JSON.parse(await k3s(`get node ${host} -o json`))
  const { nodeInfo, addresses, conditions } = node.status
  assert.equal(conditions.find((one: { type: string }) => one.type === 'Ready').status, 'True')
  assert.equal(nodeInfo.bootID, (await look(host, 'cat /proc/sys/kernel/random/boot_id')).trim())
  assert.equal(nodeInfo.machineID, (await look(host, 'cat /etc/machine-id')).trim())
  assert.equal(nodeInfo.kubeletVersion, 'v1.25.4+k3s1')
  assert.equal(addresses[0].address, `16.0.0.${10 + Number(host.slice(-2))}`)
  assert.equal(node.metadata.labels.disk, 'fast')
  assert.equal(node.metadata.annotations.owner, 'jose')
  assert.deepEqual(node.spec, {
    ...node.spec,
    taints: [{ key: 'db', value: 'yes', effect: 'PreferNoSchedule' }],
  })
  assert.equal(node.spec.unschedulable, undefined)
  assert.equal(await k3s('get configmap -n kube-system -o name | grep provision-rebuild || :'), '')
  assert.match(await look(host, 'findmnt -n -o SOURCE,FSTYPE /mnt/storage'), /^\/dev\/sda +ext4/)
}

const titleOf = ({ name, item = '' }: StepName): string => `${name} ${item}`

const knownHere = (): string => readFileSync(labPlaces().knownHostsFile, 'utf8')
const knownThere = (): Promise<string> => look('rpicloud', 'cat /home/pi/.ssh/known_hosts')

/** What stands at the beginning of the disk of a node, where its filesystem says what it is. */
function diskOf(host: string): string {
  const file = openSync(nodePlaces(labPlaces(), host).disk, 'r')
  const bytes = Buffer.alloc(16 * 1024 ** 2)
  readSync(file, bytes, 0, bytes.length, 0)
  closeSync(file)
  return createHash('sha256').update(bytes).digest('hex')
}

/** What a rebuild could change, but for what the cluster does by itself to a node that is dead. */
async function world(): Promise<string[]> {
  const marks =
    'go-template={{range .items}}{{.kind}} {{.metadata.name}} {{.metadata.uid}} {{.metadata.labels}} {{.spec.unschedulable}}\n{{end}}'
  const objects = await k3s(`get nodes,pvc,pv,statefulsets,secrets,configmaps -A -o '${marks}'`)
  const runs = path.join(workplace(), '.provision/runs')
  return [
    ...objects.split('\n'),
    knownHere(),
    await knownThere(),
    existsSync(runs) ? readdirSync(runs).join() : '',
  ]
}

describe('rebuild', function () {
  this.timeout(360_000)
  this.slow(60_000)
  useOwnLab('rebuild', () => write('rebuild.yaml', fiveHosts()))

  /** Hosts by the members of the ring that they carry; the first is the seed's. */
  const hosts: string[] = []
  const seed = (): string => hosts[0]!
  const second = (): string => hosts[1]!
  const third = (): string => hosts[2]!

  before('a cluster with a ring of three', async function () {
    this.timeout(240_000)
    write('before.yaml', BEFORE)
    ended(await provision('before.yaml', '-i', 'rebuild.yaml', '--lab'), 0)
    ended(await run('cluster.yaml'), 0)
    await k3s('cordon rpi01')
    ended(await run('cassandra.yaml', '-e', 'replicas=3'), 0)
    await k3s('uncordon rpi01')
    // As somebody who has logged in from there to all nodes.
    const names = 'rpi02 rpi03 rpi04 16.0.0.12 16.0.0.13 16.0.0.14'
    await look('rpicloud', `su pi -c 'ssh-keyscan -t ed25519 ${names} > ~/.ssh/known_hosts'`)
    for (const ordinal of [0, 1, 2]) {
      hosts.push(await k3s(`get pod cassandra-${ordinal} -o jsonpath={.spec.nodeName}`))
      await mark(hosts.at(-1)!)
    }
    await cql("CREATE KEYSPACE ycsb WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 2}")
    await cql('CREATE TABLE ycsb.usertable (y_id varchar primary key, field0 varchar)')
  })

  it('a healthy node: says so and changes nothing', async () => {
    const before = await world()
    const text = ended(await rebuild(second()), 0)
    assert.match(text, new RegExp(`${second()} is healthy; nothing is to be rebuilt, nothing was changed`))
    assert.deepEqual(await world(), before)
  })

  it('a dead SD card, data kept', async () => {
    const host = second()
    const { id } = await memberOf(host)
    await fault(host, 'kill')
    const alive = ended(await rebuild(host, '--powered-off', '--yes'), 3)
    assert.match(alive, /is Ready: its machine is alive\n {2}hint: cut its power, and wait a minute/)
    const dead = ended(await rebuild(host, '--yes'), 4)
    assert.match(
      dead,
      /flash its SD card with the same name, user and key, plug its SSD in, switch it on, and run this again/,
    )

    await fault(host, 'reimage')
    const before = await world()
    const print = (await look(host, 'ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub')).split(' ')[1]!
    const asked = ended(await rebuild(host), 1)
    assert.match(asked, /known {2}ssh-ed25519 SHA256:\S+ \(.*known_hosts:\d+\)/)
    assert(asked.includes(`shown  ssh-ed25519 ${print}`), asked)
    assert.match(asked, /not agreed to, nothing was changed; nobody is there to ask: add --yes to agree/)
    const plan = ended(await rebuild(host, '--check', '--yes'), 2)
    assert.match(plan, /machine +fresh; \/dev\/sda carries its volumes/)
    assert.deepEqual(await world(), before)

    // The inventory is ahead of the server, whose version counts.
    write('ahead.yaml', fiveHosts().replace('v1.25.4+k3s1', 'v1.25.16+k3s4'))
    const done = ended(await provision('rebuild', host, '-i', 'ahead.yaml', '--lab', '--yes'), 0)
    await requireBack(host)
    assert.equal((await memberOf(host)).id, id)
    const key = (await look(host, 'cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub')).trim()
    const address = `16.0.0.${10 + Number(host.slice(-2))}`
    for (const known of [knownHere(), await knownThere()]) {
      assert(known.includes(`${host},${address} ${key}`), known)
      assert.equal(known.split(address).length, 2, known)
    }
    assert.match(
      done,
      new RegExp(`${host} is back: Ready, v1.25.4.k3s1, ${address}, boot \\S+; cassandra-1 is UN, ${id}`),
    )
    assert.match(done, /all in all .* round trips: rpi01 \d+/)
  })

  it('the wrong disk plugged in: refused, and nothing is written to it', async () => {
    const host = second()
    await fault(host, 'swap-disk', 'storage-rpi09')
    const before = [diskOf(host), ...(await world())]
    for (const words of [['--data', 'lost', '--accept-data-loss'], []]) {
      const text = ended(await rebuild(host, '--yes', ...words), 3)
      assert.match(
        text,
        /sda of \S+ is not this node's: it carries ext4 labelled storage-rpi09.*it is never formatted/,
      )
      assert.match(text, /hint: plug the right disk in/)
    }
    assert.deepEqual([diskOf(host), ...(await world())], before)
    await fault(host, 'swap-disk', 'back')
    await untilHealthy(host)
  })

  it('everything lost: an only copy is lost only when that is said', async () => {
    const host = second()
    await cql(
      "CREATE KEYSPACE single WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    )
    await fault(host, 'kill')
    await fault(host, 'reimage')
    await fault(host, 'swap-disk')
    const before = await world()
    const kept = ended(await rebuild(host, '--yes'), 3)
    assert.match(kept, /the data to keep is not there: \/dev\/sda of \S+ is blank/)
    assert.match(kept, new RegExp(`hint: .*if its data is lost: provision rebuild ${host} --data lost`))
    const only = ended(await rebuild(host, '--data', 'lost', '--yes'), 3)
    assert.match(only, /rows of single have no other copy: they would be lost for good/)
    assert.match(only, /--data lost --accept-data-loss/)
    assert.deepEqual(await world(), before)
  })

  it('everything lost, interrupted after each step and repeated', async function () {
    this.timeout(900_000)
    const host = second()
    const words = ['--data', 'lost', '--accept-data-loss', '--yes', '--output', 'json']
    const old = await memberOf(host)
    const claim = await k3s(`get pvc cassandra-data-${old.pod} -o jsonpath={.metadata.uid}`)
    const stops = new Set<string>()
    const isNew = (event: RunEvent): boolean =>
      event.type === 'step-end' && event.changes.length > 0 && !stops.has(titleOf(event.step))
    for (;;) {
      const one = start('rebuild', host, '-i', 'rebuild.yaml', '--lab', ...words)
      const event = await one.event(isNew).catch(() => undefined)
      if (event?.type !== 'step-end') {
        ended(await one.end, 0)
        break
      }
      stops.add(titleOf(event.step))
      const signal = stops.size % 3 === 0 ? 'SIGINT' : 'SIGKILL'
      one.signal(signal)
      const { code, stderr } = await one.end
      // Nobody is back as soon as that: what was under way there (mkfs) comes to its end.
      await look(host, 'flock -w 60 /run/lock/provision.lock true')
      if (signal === 'SIGINT' && code === 130)
        assert.match(stderr, /run the same command again: it goes on where it stopped/)
    }
    assert(stops.size >= 10, [...stops].join('\n'))
    await requireBack(host)
    const now = await ring()
    assert.equal(now.size, 3)
    assert(![...now.values()].includes(old.id), 'the dead member has left the ring')
    assert.notEqual(await k3s(`get pvc cassandra-data-${old.pod} -o jsonpath={.metadata.uid}`), claim)
    assert.equal(await k3s(`get pod ${old.pod} -o jsonpath={.spec.nodeName}`), host)
    for (const other of [seed(), third()]) {
      const { pod } = await memberOf(other)
      assert.match(await inPod(pod, 'ls /tmp'), new RegExp(`cleaned-up-after-${old.id}`))
    }
    assert.equal(await k3s('get nodes -o jsonpath={.items[*].spec.unschedulable}'), '')
    await cql('DROP KEYSPACE single')
  })

  it('the SSD died alone: its board and card stay', async () => {
    const host = second()
    const old = await memberOf(host)
    await fault(host, 'swap-disk')
    const text = ended(await rebuild(host, '--data', 'lost', '--yes'), 0)
    assert.match(text, /machine +the old one, not flashed anew; \/dev\/sda is blank/)
    await requireBack(host)
    const { id } = await memberOf(host)
    assert(id !== undefined && id !== old.id)
  })

  it('not reflashed but broken, its clock wrong, another node down', async () => {
    const host = second()
    const { id } = await memberOf(host)
    await fault(third(), 'kill')
    await look(host, 'systemctl stop k3s-agent; rm -rf /etc/rancher/node /var/lib/rancher/k3s/agent')
    await Promise.all([host, third()].map((one) => untilNode(one, 'Unknown')))
    const other = ended(await rebuild(host, '--data', 'lost', '--yes'), 3)
    assert.match(other, /another member is not up \(\S+ DN\): nobody can join the ring while that is so/)

    const order = ended(await rebuild(third(), '--powered-off', '--yes'), 3)
    assert.match(order, new RegExp(`cassandra-2 can come back only after cassandra-1.*\\(on ${host}\\)`))
    assert.match(order, new RegExp(`hint: heal that one first: provision rebuild ${host}`))

    await fault(host, 'clock', '1000')
    const late = ended(await rebuild(host, '--yes'), 3)
    assert.match(late, new RegExp(`others +${third()} not Ready either`))
    assert.match(late, /its clock is 1000 days behind this machine's/)
    assert.match(late, /the volumes on the SSD of \S+ are untouched/)
    await fault(host, 'clock', '0')
    ended(await rebuild(host, '--yes'), 0)
    await fault(third(), 'boot')
    await untilHealthy(third())
    await requireBack(host)
    assert.equal((await memberOf(host)).id, id)
  })

  it("the seed's node: lost is refused, kept it comes back", async () => {
    const host = seed()
    const { id } = await memberOf(host)
    await fault(host, 'kill')
    await fault(host, 'reimage')
    const text = ended(await rebuild(host, '--data', 'lost', '--yes'), 3)
    assert.match(
      text,
      /cassandra-0 is a seed of the ring: a seed that comes empty takes no data from the others/,
    )
    assert.match(text, /hint: let other members be the seeds first/)
    ended(await rebuild(host, '--yes'), 0)
    await requireBack(host)
    assert.equal((await memberOf(host)).id, id)
  })

  it('the old machine comes back to life in the middle', async () => {
    const host = third()
    const { id } = await memberOf(host)
    await fault(host, 'kill')
    await untilNode(host, 'Unknown')
    const gone = ended(await rebuild(host, '--powered-off', '--yes'), 4)
    assert.match(
      gone,
      /is not back yet; flash its SD card .* then run the same command without --powered-off/,
    )
    assert.equal(await k3s(`get node ${host} --ignore-not-found`), '')
    await fault(host, 'boot')
    await untilNode(host, 'True')
    ended(await rebuild(host, '--yes'), 0)
    await requireBack(host)
    assert.equal((await memberOf(host)).id, id)
  })

  it('the old card is in the machine again in the middle of a run', async () => {
    const host = third()
    const { id } = await memberOf(host)
    await fault(host, 'reimage')
    const one = start('rebuild', host, '-i', 'rebuild.yaml', '--lab', '--yes', '--output', 'json')
    await one.event((event) => event.type === 'step-end' && event.step.task === 'mount')
    await fault(host, 'reimage', 'back')
    const broken = await one.end
    assert(broken.code === 3 || broken.code === 4, broken.stdout)
    // Whether it is noticed by its key or by its ids depends on how fast it boots; the cluster is not waited for.
    assert.doesNotMatch(broken.stdout, /waited \d+ s/)
    assert.match(broken.stderr, /is not back yet; run the same command again: it goes on where it stopped/)
    const asked = ended(await rebuild(host), 1)
    assert.match(asked, /shows another SSH key than before/)
    ended(await rebuild(host, '--yes'), 0)
    await requireBack(host)
    assert.equal((await memberOf(host)).id, id)
  })
})
