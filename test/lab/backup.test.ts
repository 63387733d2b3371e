import assert from 'node:assert/strict'
import { KUBERNETES } from './names.ts'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { useOwnLab } from './own.ts'
import { type Ended, fault, inside, look, provision, smallCluster, start, workplace, write } from './small.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const IN = ['-i', 'backup.yaml', '--lab']
const FOLDER = 'kept'

const play = (name: string, ...words: string[]) =>
  provision(path.join(ROOT, 'playbooks', name), ...IN, '--output', 'json', ...words)
const backup = (...words: string[]) => provision('backup', ...IN, '--to', FOLDER, ...words)
const rebuild = (host: string, from: string, ...words: string[]) =>
  provision('rebuild', host, ...IN, '--from', from, ...words)
const k3s = (command: string) => look('rpi01', `k3s kubectl ${command}`)

function ended(one: Ended, code: number): string {
  const text = one.stdout + one.stderr
  assert.equal(one.code, code, text)
  return text
}

const inFolder = (...names: string[]) => path.join(workplace(), FOLDER, ...names)
const backups = () => readdirSync(inFolder()).sort()

/** A copy of the newest backup, with which something has happened. */
function spoilt(name: string, spoil: (folder: string) => void): string {
  const folder = path.join(workplace(), name)
  mkdirSync(folder)
  const newest = backups().at(-1)!
  cpSync(inFolder(newest), path.join(folder, newest), { recursive: true })
  spoil(path.join(folder, newest))
  return folder
}

/** Pods of the other hosts, their containers and the host ids of the ring: what no rebuild of the server may touch. */
async function untouched(): Promise<string> {
  const pods = await k3s(
    `get pods -A -o jsonpath='{range .items[*]}{.spec.nodeName} {.metadata.name} {.metadata.uid} {.status.containerStatuses[*].containerID}{"\\n"}{end}'`,
  )
  return pods
    .split('\n')
    .filter((line) => /^rpi0[23] cassandra/.test(line))
    .sort()
    .join('\n')
}

async function ring(): Promise<string[]> {
  const rows = await k3s('exec cassandra-0 -- nodetool status')
  return [...rows.matchAll(/^UN .* ([0-9a-f-]{36}) /gm)].map(([, id = '']) => id).sort()
}

const notReady = async () =>
  (await k3s('get nodes --no-headers')).split('\n').filter((line) => line !== '' && !/ Ready /.test(line))

describe(`a cluster that is kept (${KUBERNETES})`, function () {
  this.timeout(240_000)
  this.slow(60_000)
  let outer: string | undefined
  let token: string
  let pods: string
  let members: string[]

  useOwnLab('backup', () => write('backup.yaml', smallCluster()))

  before('set up a cluster, a ring, an image and a file of the owner', async () => {
    outer = process.env.PROVISION_IDENTITY
    process.env.PROVISION_IDENTITY = path.join(workplace(), 'identity')
    // A dead node is seen to be dead after half the usual time.
    await look(
      'rpi01',
      `mkdir -p /etc/systemd/system/k3s.service.d
       printf '[Service]\\nEnvironment=K3S_SIM_TIMES=grace=20000\\n' > /etc/systemd/system/k3s.service.d/test.conf`,
    )
    ended(await play('cluster.yaml'), 0)
    ended(await play('cassandra.yaml', '-e', 'replicas=2', '--yes'), 0)
    await look(
      'rpicloud',
      `docker tag registry:2 127.0.0.1:5000/ycsb-benchmark && docker push -q 127.0.0.1:5000/ycsb-benchmark
       su pi -c 'mkdir -p ~/ycsb/scripts && echo mine > ~/ycsb/scripts/cassandra_load.sh'`,
    )
    await k3s('label node rpicloud rack=top')
    await k3s('create configmap deleted-later')
    token = await look('rpi01', 'cat /var/lib/rancher/k3s/server/token')
    members = await ring()
    assert.equal(members.length, 2)
  })
  after(() => {
    if (outer === undefined) delete process.env.PROVISION_IDENTITY
    else process.env.PROVISION_IDENTITY = outer
  })

  it('is not written down in plain: without a key it says how to make one', async () => {
    assert.match(ended(await backup(), 1), /nobody to encrypt it for[^]*provision secret keygen/)
    assert.equal(existsSync(inFolder()), false)
    ended(await provision('secret', 'keygen'), 0)
    assert.match(
      ended(await backup('--check'), 0),
      /registry +rpicloud +\d+\.\d MB of images: ycsb-benchmark:latest/,
    )
    assert.equal(existsSync(inFolder()), false)
  })

  it('lies encrypted in a closed folder, is read again, and an image need not travel twice', async () => {
    assert.match(ended(await backup(), 0), /opened with your key and compared/)
    const text = ended(await backup(), 0)
    assert.match(text, /ycsb-benchmark:latest \(unchanged since the last backup: not sent again\)/)
    const [first = '', second = '', ...others] = backups()
    assert.deepEqual(others, [])
    for (const name of readdirSync(inFolder(second))) {
      const [one, two] = [first, second].map((folder) => statSync(inFolder(folder, name)))
      assert.equal(two!.mode & 0o777, 0o600, name)
      assert.equal(one!.ino === two!.ino, name.startsWith('registry'), name)
      assert(!readFileSync(inFolder(second, name)).includes(token.trim()), name)
    }
    assert.equal(statSync(inFolder(second)).mode & 0o777, 0o700)
    assert.match(ended(await backup('--list'), 0), new RegExp(`${second}  a moment ago[^]*${first}`))
    assert.match(ended(await backup('--verify'), 0), new RegExp(`${second} is whole; opened with your key`))
  })

  it('leaves nothing behind where it is cut short, and the server goes on', async () => {
    await look('rpicloud', 'head -c 80000000 /dev/urandom > /home/pi/large')
    const before_ = backups()
    const run = start('backup', ...IN, '--to', FOLDER)
    const partial = () => readdirSync(inFolder()).find((name) => name.endsWith('.partial'))
    while (!readdirSync(inFolder(partial() ?? '')).includes('home.tar.gz.age')) await pause(20)
    run.signal('SIGINT')
    assert.equal((await run.end).code, 130)
    assert.deepEqual(backups(), before_)
    assert.equal(await k3s('get --raw /readyz'), 'ok')
    await look('rpicloud', 'rm /home/pi/large')
  })

  it('is refused while the server is dead, where it is damaged, of others, or not there: nothing is touched', async () => {
    await k3s('create configmap made-later')
    await k3s('delete configmap deleted-later')
    // As after a rebuild: the datastore of the backup knows another password of this node.
    await look('rpi03', 'echo 0123456789abcdef > /etc/rancher/node/password')
    await k3s('delete secret -n kube-system rpi03.node-password.k3s')
    await look('rpi03', 'systemctl restart k3s-agent')
    pods = await untouched()
    assert.match(pods, /cassandra-/)
    await fault('rpi01', 'reimage')
    const truncated = spoilt('truncated', (one) => truncateSync(path.join(one, 'server.tar.gz.age'), 3000))
    const lost = spoilt('lost', (one) => rmSync(path.join(one, 'registry.tar.age')))
    const edited = spoilt('edited', (one) => {
      const file = path.join(one, 'manifest.json')
      write(path.relative(workplace(), file), readFileSync(file, 'utf8').replace('+k3s1', '+k3s2'))
    })
    assert.match(
      ended(await rebuild('rpi01', truncated, '--yes'), 1),
      /damaged: \S+server.tar.gz.age is not as it was/,
    )
    assert.match(ended(await rebuild('rpi01', lost, '--yes'), 1), /damaged: \S+registry.tar.age is missing/)
    assert.match(
      ended(await rebuild('rpi01', path.join(edited, backups().at(-1)!), '--yes'), 1),
      /manifest.json was changed/,
    )
    const key = process.env.PROVISION_IDENTITY
    process.env.PROVISION_IDENTITY = path.join(workplace(), 'stranger')
    ended(await provision('secret', 'keygen'), 0)
    assert.match(ended(await rebuild('rpi01', FOLDER, '--yes'), 1), /no key in \S+stranger opens the backup/)
    process.env.PROVISION_IDENTITY = key
    mkdirSync(path.join(workplace(), 'empty'))
    assert.match(
      ended(await rebuild('rpi01', 'empty', '--yes'), 3),
      /refused: rpi01 is the k3s server[^]*no backup of it here[^]*Next time: provision backup[^]*nothing was changed/,
    )
    assert.match(ended(await rebuild('rpi01', FOLDER, '--check'), 2), /its key is not agreed to/)
    assert.equal(
      await look('rpi01', 'ls -d /var/lib/rancher/k3s /var/lib/provision-restore 2>/dev/null || :'),
      '',
    )
  })

  it('comes back on a new machine, however often that is cut short; pods and ring never noticed', async () => {
    const words = ['rebuild', 'rpi01', ...IN, '--from', FOLDER, '--yes', '--output', 'json']
    const cut = start(...words)
    await cut.event((event) => event.type === 'step-start' && event.step.name === 'k3s server')
    cut.signal('SIGINT')
    assert.equal((await cut.end).code, 130)
    const again = await rebuild('rpi01', FOLDER, '--yes')
    assert.match(
      ended(again, 0),
      /restored from rpi01-\S+, but not done; this goes on with it[^]*rpi01 is back/,
    )
    assert.deepEqual(await notReady(), [])
    assert.equal(await untouched(), pods)
    assert.deepEqual(await ring(), members)
    assert.equal(await look('rpi01', 'cat /var/lib/rancher/k3s/server/token'), token)
    assert.equal((await look('rpi03', 'cat /etc/rancher/node/password')).trim(), '0123456789abcdef')
    const maps = await k3s('get configmaps -o name')
    assert.match(maps, /deleted-later/)
    assert.doesNotMatch(maps, /made-later/)
    const boot = await k3s(`get node rpi01 -o 'jsonpath={.status.nodeInfo.bootID}'`)
    assert.equal(boot, (await look('rpi01', 'cat /proc/sys/kernel/random/boot_id')).trim())
    assert.equal(
      await look(
        'rpi01',
        'ls -A /var/lib/rancher/k3s/server; ls -d /var/lib/provision-restore 2>&1 || :',
      ).then((text) => /provision-restored|^\/var/m.test(text)),
      false,
    )
    assert.match(
      ended(await rebuild('rpi01', FOLDER, '--yes'), 0),
      /rpi01 is healthy; nothing is to be rebuilt/,
    )
  })

  it('a server that is sick, and not new, keeps its datastore', async () => {
    await look('rpi01', 'systemctl stop k3s')
    const refused = ended(await rebuild('rpi01', FOLDER, '--yes'), 3)
    assert.match(refused, /has a datastore, newer than any backup[^]*heal it: [^]*nothing was changed/)
    await look('rpi01', 'systemctl start k3s')
  })

  it('server and access node dead at once: images and files first, then the server, then the node', async () => {
    await fault('rpicloud', 'reimage')
    await fault('rpi01', 'reimage')
    const first = ended(await rebuild('rpicloud', FOLDER, '--yes'), 3)
    assert.match(first, /known +ssh-ed25519 SHA256:\S+ [^]*shown +ssh-ed25519 SHA256:/)
    assert.match(first, /next: provision rebuild rpi01/)
    assert.match(ended(await rebuild('rpi01', FOLDER, '--yes'), 0), /not back: rpicloud;/)
    assert.match(
      ended(await rebuild('rpicloud', FOLDER, '--yes'), 0),
      /registry +answers; .* ycsb-benchmark:latest/,
    )
    assert.deepEqual(await notReady(), [])
    assert.match(await k3s('get node rpicloud --show-labels'), /rack=top/)
    const images = await look('rpicloud', 'curl -fs http://127.0.0.1:5000/v2/ycsb-benchmark/tags/list')
    assert.match(images, /"latest"/)
    await look('rpi03', 'k3s crictl pull 127.0.0.1:5000/ycsb-benchmark')
    assert.equal(
      await look('rpicloud', "su pi -c 'cat ~/ycsb/scripts/cassandra_load.sh; kubectl get nodes -o name'"),
      'mine\nnode/rpi01\nnode/rpi02\nnode/rpi03\nnode/rpicloud\n',
    )
    assert.equal((await inside('rpicloud', 'ls -d /var/lib/provision-restore')).code, 2)
    assert.match(
      ended(await rebuild('rpicloud', FOLDER, '--yes'), 0),
      /rpicloud is healthy; nothing is to be rebuilt/,
    )
  })
})
