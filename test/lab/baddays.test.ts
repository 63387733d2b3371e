import assert from 'node:assert/strict'
import path from 'node:path'
import { KUBERNETES } from './names.ts'
import { fileURLToPath } from 'node:url'
import { useOwnLab } from './own.ts'
import { changesOf, type Ended, failuresOf, fault, look, provision, smallCluster, write } from './small.ts'

const PLAYBOOKS = fileURLToPath(new URL('../../playbooks/', import.meta.url))
const DISKS = ['rpi01', 'rpi02', 'rpi03']

/** A StatefulSet of two, of which only the first ever runs. */
const database = (service: string): string => `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: ${service}
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - name: main
          image: busybox:1.36
          command: [sh, -c, 'case $(hostname) in *-1) echo no quorum; exit 1;; esac; exec sleep infinity']
`

const deployment = (name: string, replicas: number, image: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers: [{name: main, image: "${image}", command: [sleep, infinity]}]
`

/** A play that applies a manifest, which `more` follows. */
function applying(manifest: string, more = ''): string {
  const indented = manifest.replaceAll(/^(?=.)/gm, '          ')
  const step = `    - name: Apply\n      k8s_manifest:\n        content: |\n${indented}${more}`
  return write('bad-day.yaml', `- hosts: rpi01\n  become: true\n  tasks:\n${step}`)
}

describe(`bad days (${KUBERNETES})`, function () {
  this.timeout(300_000)
  let inventory: string

  useOwnLab('baddays', () => (inventory = write('baddays.yaml', smallCluster())))

  const run = (playbook: string, ...more: string[]): Promise<Ended> =>
    provision(path.resolve(PLAYBOOKS, playbook), '-i', inventory, '--lab', '--output', 'json', ...more)

  async function succeeds(playbook: string, ...more: string[]): Promise<void> {
    const ended = await run(playbook, ...more)
    assert.deepEqual([failuresOf(ended), ended.code], [[], 0])
  }

  /** What is said of the hosts that fail. */
  async function fails(playbook: string, ...more: string[]): Promise<string> {
    const ended = await run(playbook, ...more)
    assert.equal(ended.code, 3, ended.stdout + ended.stderr)
    return failuresOf(ended).join('\n')
  }

  it('a disk with foreign data keeps each byte of it, and one is told what is on it', async () => {
    await look('rpi01', 'echo 2048,204800 | sfdisk -q /dev/sda')
    await look('rpi02', 'mkfs.ext4 -q -F -L photos /dev/sda')
    const erased = 'dd if=/dev/zero of=/dev/sda bs=1M count=1 conv=notrunc status=none'
    await look('rpi03', `mkfs.ext4 -q -F -E offset=1048576 /dev/sda 1g 2>/dev/null && ${erased}`)
    const beginnings = () =>
      Promise.all(DISKS.map((host) => look(host, 'sync; head -c 64M /dev/sda | sha256sum; cat /etc/fstab')))
    const before = await beginnings()
    const ended = await run('cluster.yaml', '--limit', 'storage')
    assert.deepEqual(
      failuresOf(ended)
        .map((line) => line.replace(/\n.*/s, ''))
        .sort(),
      [
        'rpi01: /dev/sda has a partition table (dos) with no partition; refusing to format',
        "rpi02: /dev/sda carries an ext4 filesystem labelled 'photos', not 'storage-rpi02'",
        'rpi03: /dev/sda holds data of a kind unknown to blkid; refusing to format',
      ],
    )
    assert.deepEqual(await beginnings(), before)
    for (const host of DISKS) await fault(host, 'swap-disk')
  })

  it('a setting of docker that its unit gives as a flag: it is left as it is, and runs on', async () => {
    const flags = '/etc/systemd/system/docker.service.d/flags.conf'
    const start = '/usr/sbin/dockerd -H fd:// --insecure-registry=127.0.0.1:5000'
    await look(
      'rpicloud',
      `mkdir -p "$(dirname ${flags})"; printf '[Service]\\nExecStart=\\nExecStart=${start}\\n' > ${flags}
       systemctl daemon-reload; systemctl restart docker`,
    )
    const before = await look('rpicloud', 'cat /run/docker.pid; ls /etc/docker')
    const twice = /docker's unit starts it with --insecure-registry; .* would keep it from starting/
    assert.match(await fails('registry.yaml', '--limit', 'rpicloud'), twice)
    assert.equal(await look('rpicloud', 'cat /run/docker.pid; ls /etc/docker'), before)
    const written = `echo '{"insecure-registries": ["127.0.0.1:5000"]}' > /etc/docker/daemon.json`
    await look('rpicloud', `${written}; ! systemctl restart docker 2>&1`)
    assert.match(await fails('registry.yaml', '--limit', 'rpicloud'), twice)
    await look(
      'rpicloud',
      `rm ${flags} /etc/docker/daemon.json; systemctl daemon-reload; systemctl reset-failed docker; systemctl restart docker`,
    )
  })

  it('port 5000 taken: by whom', async () => {
    const serve = "require('http').createServer((_, answer) => answer.end()).listen(5000)"
    await look(
      'rpicloud',
      `systemd-run --quiet --unit squatter /usr/lib/provision-lab/node -e "${serve}"
       until ss -Hltn 'sport = :5000' | grep -q .; do sleep 0.1; done`,
    )
    const said = await fails('registry.yaml', '--limit', 'rpicloud')
    assert.match(said, /port 5000 is taken by \S+ \(pid \d+\)/)
    await look('rpicloud', 'systemctl is-active squatter && systemctl stop squatter')
  })

  it('once all that is mended, the same playbooks make the cluster', () => succeeds('cluster.yaml'))

  it('a node password that the server does not know: says so at once, and joins once it is back', async () => {
    await look('rpi03', 'systemctl stop k3s-agent; mv /etc/rancher/node/password /root/kept')
    for (let time = 0; time < 2; time++)
      assert.match(
        await fails('cluster.yaml', '--limit', 'rpi03'),
        /^rpi03: no use waiting for k3s-agent .*Node password rejected.*\n.*provision rebuild/,
      )
    await look('rpi03', 'mv /root/kept /etc/rancher/node/password')
    await succeeds('cluster.yaml', '--limit', 'rpi03')
  })

  it('an SSD that is missing: nothing is written below it, and it comes back', async () => {
    await look('rpi03', 'systemctl stop k3s-agent; umount -l /mnt/storage')
    assert.equal(await look('rpi03', 'touch /mnt/storage/x 2>/dev/null || echo refused'), 'refused\n')
    await succeeds('cluster.yaml', '--limit', 'rpi03')
  })

  it('the access node restarts: those behind it are reached again', async () => {
    const plays = ['all', 'rpicloud', 'rpi01'].map((hosts) => {
      const task = hosts === 'rpicloud' ? 'reboot: {}' : 'file: {path: /tmp/x, state: directory}'
      return `- hosts: ${hosts}\n  become: true\n  tasks:\n    - ${task}\n`
    })
    await succeeds(write('restart.yaml', plays.join('')))
  })

  it('versions that do not go together', async () => {
    const to = (version: string) => fails('upgrade.yaml', '-e', `k3s_version=${version}`)
    assert.match(await to('v1.27.16+k3s1'), /^rpi01: .* an upgrade must not skip a minor version$/)
    assert.match(await to('v1.24.17+k3s1'), /^rpi01: .* k3s can not be downgraded$/)
    const ahead = write('ahead.yaml', withVersion('rpi03', 'v1.26.15+k3s1'))
    const { code, stderr } = await provision(`${PLAYBOOKS}cluster.yaml`, '-i', ahead, '--lab')
    assert.equal(code, 1, stderr)
    assert.match(
      stderr,
      /rpi03 would get k3s v1\.26\.15\+k3s1 under the server rpi01 .*: an agent must not be newer/,
    )
  })

  it('an image that is missing: which pod, where, why; and the roll-out of a right one goes on', async () => {
    const missing = '127.0.0.1:5000/nothing'
    const said = await fails(applying(deployment('absent', 1, missing)))
    assert.match(
      said,
      /^rpi01: no use .*: absent-\S+ on \w+: ImagePullBackOff .*\n.*127\.0\.0\.1:5000\/nothing.*\nmore: k3s kubectl describe pod absent-/,
    )
    await succeeds(applying(deployment('absent', 1, 'busybox:1.36')))
  })

  it('a StatefulSet that is stuck on one pod: on which, and what it last said', async () => {
    const said = await fails(applying(database('db')))
    assert.match(
      said,
      /: db-1 on \w+: CrashLoopBackOff .*\n(.*\n)*no quorum\nmore: k3s kubectl describe pod db-1 /,
    )
    assert.doesNotMatch(said, /db-0/)
  })

  it('a change that Kubernetes does not allow: of what, and no pod is touched', async () => {
    const pods = () => look('rpi01', "k3s kubectl get pods -l app=db -o jsonpath='{.items[*].metadata.uid}'")
    const before = await pods()
    const said = await fails(applying(database('other')))
    assert.match(said, /^rpi01: StatefulSet db exists, .*be changed: spec\.serviceName$/)
    assert.equal(await pods(), before)
  })

  it('an object that somebody made with kubectl create: whose fields, and how to take them over', async () => {
    const made = deployment('web', 1, 'busybox:1.36').replaceAll("'", "'\\''")
    await look('rpi01', `printf '%s' '${made}' | k3s kubectl create -f -`)
    const wanted = deployment('web', 2, 'busybox:1.36')
    assert.match(
      await fails(applying(wanted)),
      /of Deployment web that kubectl-create holds .*: \.spec\.replicas$/,
    )
    await succeeds(applying(wanted, '        force_conflicts: true\n'))
  })

  it('status tells what has failed, where, and what to run', async () => {
    await look('rpicloud', 'docker ps -a; docker stop $(docker ps -q)')
    await look('rpi02', 'systemctl stop k3s-agent')
    const { code, stdout } = await provision('status', '-i', inventory, '--lab')
    assert.equal(code, 3, stdout)
    assert.match(stdout, /^rpi02 .* agent inactive! /m)
    assert.match(stdout, /^failing {2}rpi02: k3s-agent\.service is inactive/m)
    assert.match(
      stdout,
      /^failing {2}rpicloud, rpi\[01:03\]: the registry 16\.0\.0\.10:5000 does not answer\n +run: /m,
    )
    assert.match(stdout, /run: provision playbooks\/registry\.yaml -i \S+baddays\.yaml --lab$/m)
    await succeeds('cluster.yaml')
    const again = await run('cluster.yaml')
    assert.deepEqual([changesOf(again), again.code], [[], 0])
  })
})

/** The small cluster with one host at another version than the others. */
function withVersion(host: string, version: string): string {
  return `${smallCluster().trimEnd()}\n    odd:\n      hosts:\n        ${host}:\n          k3s_version: ${version}\n`
}
