import assert from 'node:assert/strict'
import { KUBERNETES } from './names.ts'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { K3sRelease } from '../../src/core/task.ts'
import { simulatedReleases } from '../../src/lab/k3s/release.ts'
import { labPlaces } from '../../src/lab/places.ts'
import { releaseSource } from '../../src/load/file/release.ts'
import { scriptUnit } from '../tasks/k3s.ts'
import { useOwnLab } from './own.ts'
import {
  changesOf,
  type Ended,
  eventsOf,
  failuresOf,
  look,
  pathOf,
  provision,
  smallCluster,
  write,
} from './small.ts'

/** The owner's own, in the words of his notes. */
const COMPOSE = `version: '3'
services:
  registry.local:
    image: "registry:2"
    ports:
    - 5000:5000
`
const DAEMON = `{
        "allow-nondistributable-artifacts": ["127.0.0.1:5000"],
        "insecure-registries" : [ "127.0.0.1:5000" ]
}
`
const DATABASE = `apiVersion: v1
kind: Service
metadata: {name: db}
spec:
  clusterIP: None
  ports: [{port: 9042}]
  selector: {app: db}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, labels: {app: db}}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      affinity:
        nodeAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            nodeSelectorTerms:
              - matchExpressions: [{key: kubernetes.io/hostname, operator: NotIn, values: [rpicloud]}]
      containers:
        - name: db
          image: busybox:1.36
          command: [sleep, infinity]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: local-path
        resources: {requests: {storage: 128Mi}}
`

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PLAYBOOK = path.join(ROOT, 'playbooks/cluster.yaml')
const MANIFEST = path.join(ROOT, 'playbooks/files/storage/local-path-storage.yaml')
const HOSTS = ['rpicloud', 'rpi01', 'rpi02', 'rpi03']
const FLAGS = ['--disable', 'traefik,local-storage']
/** A real binary is of one version only, so no host can be ahead of the others. */
const REAL = process.env.PROVISION_K3S !== undefined

function releaseOf(version: string): K3sRelease {
  const program = path.join(ROOT, 'dist/k3s-simulated.js')
  return REAL
    ? releaseSource().release(version)
    : simulatedReleases(program, `${labPlaces().state}/k3s`).release(version)
}

/** As `curl -sfL https://get.k3s.io | sh -` leaves a host. */
async function installByHand(
  host: string,
  role: 'server' | 'agent',
  version: string,
  env: string,
): Promise<void> {
  const name = role === 'server' ? 'k3s' : 'k3s-agent'
  copyFileSync(releaseOf(version).binaries.amd64!.path, pathOf(host, '/usr/local/bin/k3s'))
  writeFileSync(
    pathOf(host, `/etc/systemd/system/${name}.service`),
    scriptUnit(role, role === 'server' ? FLAGS : []),
  )
  writeFileSync(pathOf(host, `/etc/systemd/system/${name}.service.env`), env, { mode: 0o600 })
  await look(
    host,
    `chmod 755 /usr/local/bin/k3s; for n in kubectl crictl ctr; do ln -s k3s /usr/local/bin/$n; done
     systemctl daemon-reload && systemctl enable --quiet ${name} && systemctl start --no-block ${name}`,
  )
}

/** Polls a script until it succeeds; the hooks' own time limits end it. */
async function until(host: string, script: string): Promise<void> {
  await look(host, `until ${script}; do sleep 0.5; done >/dev/null 2>&1`)
}

async function setUpByHand(): Promise<void> {
  await Promise.all(
    HOSTS.slice(1).map((host) =>
      look(
        host,
        'mkfs.ext4 -q -F /dev/sda && mkdir -p /mnt/storage && echo "/dev/sda /mnt/storage ext4 defaults 0 0" >> /etc/fstab && systemctl daemon-reload && mount /mnt/storage',
      ),
    ),
  )
  await setUpRegistry()
  await installByHand('rpi01', 'server', 'v1.25.4+k3s1', '')
  await until('rpi01', 'k3s kubectl get --raw /readyz')
  const token = (await look('rpi01', 'cat /var/lib/rancher/k3s/server/node-token')).trim()
  const env = `K3S_TOKEN='${token}'\nK3S_URL='https://16.0.0.11:6443'\n`
  const versions = {
    rpicloud: REAL ? 'v1.25.4+k3s1' : 'v1.25.5+k3s2',
    rpi02: 'v1.25.4+k3s1',
    rpi03: 'v1.25.4+k3s1',
  }
  await Promise.all(
    Object.entries(versions).map(([host, version]) => installByHand(host, 'agent', version, env)),
  )
  await until('rpi01', '[ "$(k3s kubectl get nodes | grep -c " Ready ")" = 4 ]')
  const manifest = readFileSync(MANIFEST, 'utf8').replaceAll('{{ storage.mount }}', '/mnt/storage')
  for (const [name, text] of Object.entries({ storage: manifest, db: DATABASE })) {
    writeFileSync(pathOf('rpi01', `/root/${name}.yaml`), text)
    await look('rpi01', `k3s kubectl create -f /root/${name}.yaml`)
  }
  await until('rpi01', '[ "$(k3s kubectl get statefulset db -o jsonpath={.status.readyReplicas})" = 2 ]')
}

async function setUpRegistry(): Promise<void> {
  await look(
    'rpicloud',
    'DEBIAN_FRONTEND=noninteractive apt-get -qq install -y docker.io docker-compose >/dev/null',
  )
  await look('rpicloud', 'mkdir -p /etc/docker /home/pi/registry')
  writeFileSync(pathOf('rpicloud', '/etc/docker/daemon.json'), DAEMON)
  writeFileSync(pathOf('rpicloud', '/home/pi/registry/k3s-docker_docker-compose-registry.yaml'), COMPOSE)
  await look(
    'rpicloud',
    `systemctl restart docker && cd /home/pi &&
     docker-compose -f ./registry/k3s-docker_docker-compose-registry.yaml up -d 2>&1 &&
     until curl -fs http://127.0.0.1:5000/v2/; do sleep 0.2; done &&
     docker tag registry:2 127.0.0.1:5000/ycsb-benchmark && docker push -q 127.0.0.1:5000/ycsb-benchmark`,
  )
}

/** All that must outlast the adoption; the same text before and after. */
async function belongings(): Promise<string> {
  const objects = await look(
    'rpi01',
    `k3s kubectl get pods,pvc,pv,statefulsets,nodes -A -o jsonpath='{range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.status.containerStatuses[*].containerID}{"\\n"}{end}' | sort
     cat /var/lib/rancher/k3s/server/node-token /var/lib/rancher/k3s/server/token; systemctl show -p ExecStart --value k3s | grep -o traefik,local-storage | head -n 1`,
  )
  const disks = await Promise.all(
    HOSTS.slice(1).map((host) =>
      look(host, 'blkid -s UUID -o value /dev/sda; find /mnt/storage -type d | sort'),
    ),
  )
  const agents = await Promise.all(
    ['rpicloud', 'rpi02', 'rpi03'].map((host) =>
      look(
        host,
        'cat /etc/systemd/system/k3s-agent.service /etc/systemd/system/k3s-agent.service.env; k3s --version | head -n 1',
      ),
    ),
  )
  const docker = await look(
    'rpicloud',
    'cat /run/docker.pid; curl -fs http://127.0.0.1:5000/v2/ycsb-benchmark/tags/list',
  )
  return [objects, ...disks, ...agents, docker].join('\n')
}

describe(`cluster.yaml on a cluster that was set up by hand (${KUBERNETES})`, function () {
  this.timeout(300_000)
  let inventory: string
  let words: string[]
  let before_: string
  let checked: Ended

  useOwnLab('adoption', () => (inventory = write('adoption.yaml', smallCluster())))

  before('set up by hand', async () => {
    words = [PLAYBOOK, '-i', inventory, '--lab', '--output', 'json']
    await setUpByHand()
    before_ = await belongings()
  })

  it('shows the small difference there really is', async () => {
    checked = await provision(...words, '--check')
    assert.deepEqual([failuresOf(checked), checked.code], [[], 2])
    const on = (host: string) =>
      changesOf(checked).flatMap((change) =>
        change.startsWith(`${host}: `)
          ? [change.slice(host.length + 2).replace(/ \(\d+ -> \d+ bytes\)/, '')]
          : [],
      )
    const disk = (host: string) => [
      `label /dev/sda as storage-${host}`,
      'mount /dev/sda at /mnt/storage at each boot (/etc/fstab)',
      'remount /mnt/storage with noatime',
    ]
    const k3s = (unit: string, drop: string[]) => [
      'set node-ip in /etc/rancher/k3s/config.yaml, as it is in effect already',
      'create /etc/rancher/k3s/registries.yaml (0600 root:root)',
      ...drop.map((name) => `create /etc/systemd/system/${name}.service.d/10-storage.conf (0644 root:root)`),
      `restart ${unit} for registries.yaml until its node is ready`,
    ]
    assert.deepEqual(on('rpi01'), ['change /etc/hosts', ...disk('rpi01'), ...k3s('k3s', ['k3s'])])
    for (const host of ['rpi02', 'rpi03'])
      assert.deepEqual(on(host), ['change /etc/hosts', ...disk(host), ...k3s('k3s-agent', ['k3s-agent'])])
    const [hosts, daemon, registry, ...rest] = on('rpicloud')
    assert.deepEqual(
      [hosts, daemon],
      ['change /etc/hosts', 'set insecure-registries in /etc/docker/daemon.json'],
    )
    assert.match(
      registry!,
      /^bring up the registry on port 5000 .*, its images copied from volume \w+ to registry-data$/,
    )
    assert.deepEqual(rest, k3s('k3s-agent', []))
  })

  it("makes just these changes, and keeps what is the owner's", async () => {
    const applied = await provision(...words)
    assert.deepEqual([failuresOf(applied), applied.code], [[], 0])
    assert.deepEqual(changesOf(applied).sort(), changesOf(checked).sort())
    assert.equal(await belongings(), before_)
  })

  it('finds nothing to do the second time, and still says which host is ahead', async () => {
    const again = await provision(...words)
    assert.deepEqual([failuresOf(again), changesOf(again), again.code], [[], [], 0])
    const said = eventsOf(again.events, 'step-end').flatMap(({ host, message }) =>
      message ? [`${host}: ${message}`] : [],
    )
    const ahead =
      "rpicloud: k3s is at v1.25.5+k3s2 here, newer than v1.25.4+k3s1; it stays so, for k3s can't be downgraded"
    assert.deepEqual(said, REAL ? [] : [ahead])
  })
  const agentWith = (more: string) =>
    write(
      'agent.yaml',
      `- name: One agent
  hosts: rpi03
  become: true
  tasks:
    - name: Agent
      k3s_agent:
        version: v1.25.4+k3s1
        server: https://16.0.0.11:6443
${more.replaceAll(/^/gm, '        ')}
`,
    )

  it('says at once that a token is wrong, and takes the right one afterwards', async () => {
    const wrong = `K10${'0'.repeat(64)}::server:${'1'.repeat(32)}`
    const refused = await provision(agentWith(`token: ${wrong}\ntimeout: 200`), ...words.slice(1))
    assert.match(failuresOf(refused).join(), /no use waiting for .*\n.*not that of this server/)
    const again = await provision(...words, '--limit', 'rpi03')
    assert.deepEqual([failuresOf(again), again.code], [[], 0])
  })

  it('waits for a server that is down no longer than told, and says what the agent says', async () => {
    await look('rpi01', 'systemctl stop k3s')
    const token = (await look('rpi01', 'cat /var/lib/rancher/k3s/server/node-token')).trim()
    const waited = await provision(agentWith(`token: ${token}\nenv: {X: y}\ntimeout: 15`), ...words.slice(1))
    assert.match(
      failuresOf(waited).join(),
      /waited 15 s for k3s-agent to be ready; last answer: k3s-agent is activating: \S/,
    )
    await look('rpi01', 'systemctl start k3s')
    const again = await provision(...words)
    assert.deepEqual([failuresOf(again), again.code], [[], 0])
  })
})
