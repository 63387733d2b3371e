import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { labPlaces, namespacePath } from '../../src/lab/places.ts'
import { bookOf, kubectl, objects, onSsds, settles, until, useHome } from './books.ts'
import { findKubectl } from './k3s-rig.ts'
import { useOwnLab } from './own.ts'
import { answerOf, failuresOf, look, provision, smallCluster, workplace, write } from './small.ts'

/*
 * Ran against the simulated k3s, with the real docker, registry, disks and kubectl. Nothing here is about the simulation: all
 * is looked at by kubectl, HTTP and files. With PROVISION_K3S=/path/to/k3s it is that one, which pulls the images of the
 * manifests from outside: the nodes then need a way to them.
 */
const HOSTS = ['rpicloud', 'rpi01', 'rpi02', 'rpi03']

/** Every path of a host, but for what changes by itself, what packages, docker and pi keep, and the SSD with its mount. */
async function paths(host: string): Promise<string[]> {
  const aside = [
    '/proc',
    '/sys',
    '/tmp',
    '/var/tmp',
    '/dev',
    '/var/log',
    '/var/cache',
    '/var/lib/docker',
    '/run',
  ]
  aside.push('/var/lib/systemd', '/var/lib/private', '/mnt/storage', '/var/lib/containerd', '/home/pi')
  const prune = aside.map((one) => `-path ${one}`).join(' -o ')
  return (await look(host, `find / \\( ${prune} \\) -prune -o ! -name fstab.bak -print | sort`))
    .trim()
    .split('\n')
}

/** What of the cluster runs, is mounted or listens. */
const ALIVE = `ps -eo args | grep -E '[k]3s (server|agent)|[r]egistry serve' || :
  mount | grep -E '/[k]3s/|/[k]ubelet/' || :; ss -ltnH | grep -E ':(6443|10250|5000) ' || :`

describe('the playbooks of access to the cluster, and of its end', function () {
  this.timeout(120_000)
  this.slow(20_000)
  let inventory = ''
  useOwnLab('access', () => (inventory = write('access.yaml', smallCluster())))
  useHome()
  const book = bookOf(() => inventory)
  const bare = new Map<string, string[]>()

  before('make the cluster', async () => {
    for (const host of HOSTS) bare.set(host, await paths(host))
    assert.deepEqual(failuresOf(await book('cluster')()), [])
  })

  describe('dashboard.yaml', () => {
    const address = '/api/v1/namespaces/kubernetes-dashboard/services/https:kubernetes-dashboard:/proxy/'

    it('sets it up, with an administrator whose token is taken', async () => {
      await settles(book('dashboard'))
      await until(`k3s kubectl get --raw ${address}`)
      assert.match(await kubectl(`get --raw ${address}`), /<title>Kubernetes Dashboard<\/title>/)
      const ask = `token=$(k3s kubectl -n kubernetes-dashboard create token admin-user)
        curl -sk -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" https://127.0.0.1:6443/api/v1/secrets`
      assert.equal(await look('rpi01', ask), '200')
    })

    it('removes all of it again', async () => {
      await settles(book('dashboard', '-e', 'state=absent'))
      const left = await kubectl('get namespaces,clusterroles,clusterrolebindings -o name')
      assert.doesNotMatch(left, /dashboard|admin-user/)
    })
  })

  describe('kubeconfig.yaml', () => {
    const other = `apiVersion: v1
kind: Config
clusters: [{name: work, cluster: {server: https://work.example:6443}}]
users: [{name: me, user: {token: abc}}]
contexts: [{name: work, context: {cluster: work, user: me}}]
current-context: work
`
    const mine = () => path.join(workplace(), '.kube/config')
    const nodes = [...HOSTS].sort().map((name) => `node/${name}\n`)

    it('lets pi on rpicloud, and you here, use kubectl, beside your other clusters', async () => {
      write('.kube/config', other)
      await settles(book('kubeconfig'))
      const atHome = await look(
        'rpicloud',
        "su - pi -c 'kubectl get nodes -o name'; stat -c '%a %U' /home/pi/.kube/config",
      )
      assert.equal(atHome, `${nodes.join('')}600 pi\n`)
      const kept = await answerOf(findKubectl()!, [
        '--kubeconfig',
        mine(),
        'config',
        'view',
        '--raw',
        '-o',
        'json',
      ])
      const { clusters, users, contexts, 'current-context': current } = JSON.parse(kept.stdout)
      const names = (list: any[]) => list.map(({ name }): string => name).sort()
      assert.deepEqual(
        [names(clusters), names(contexts), current],
        [['rpicloud', 'work'], ['rpicloud', 'work'], 'work'],
      )
      assert.deepEqual(users[0], { name: 'me', user: { token: 'abc' } })
    })

    it('reaches the cluster from here by the tunnel that it names', async () => {
      const { laptop, sshConfig } = labPlaces()
      const script = `ssh -F ${sshConfig} -o BatchMode=yes -o LogLevel=ERROR -N -D 1080 rpicloud & tunnel=$!
        for try in $(seq 50); do
          said=$(${findKubectl()} --kubeconfig ${mine()} --context rpicloud get nodes -o name 2>&1) && break; sleep 0.2
        done; kill $tunnel; echo "$said"`
      const seen = await answerOf('nsenter', [`--net=${namespacePath(laptop)}`, 'sh', '-c', script])
      assert.equal(seen.stdout, nodes.join(''), seen.stderr)
    })
  })

  describe('reset.yaml', () => {
    const ready = async () =>
      (await objects('nodes'))
        .filter(({ status }) =>
          status.conditions.some((one: any) => one.type === 'Ready' && one.status === 'True'),
        )
        .map(({ metadata }): string => metadata.name)
    let disks: string

    before('something to lose', async () => {
      const files = new URL('../../playbooks/files/storage/teste-pod.yaml', import.meta.url)
      await look('rpi01', `k3s kubectl create -f - <<'END'\n${readFileSync(files, 'utf8')}\nEND`)
      await until('[ "$(k3s kubectl get pod volume-test -o jsonpath={.status.phase})" = Running ]')
      await kubectl("exec volume-test -- sh -c 'echo kept > /data/word'")
      await Promise.all(HOSTS.slice(1).map((host) => look(host, 'echo mine > /mnt/storage/notes')))
      for (const host of ['rpicloud', 'rpi01'])
        assert.match(await look(host, ALIVE), /k3s (?:server|agent)[^]*LISTEN/)
      disks = await onSsds()
      assert.match(disks, /local-path-pvc\/word/)
    })

    it('does nothing that nobody has agreed to', async () => {
      const words = [path.join(import.meta.dirname, '../../playbooks/reset.yaml'), '-i', inventory, '--lab']
      const { code, stderr } = await provision(...words)
      assert.equal(code, 1)
      assert.match(stderr, /taken off these hosts\. Go on\? Nobody is there to ask.*\n.*add --yes to agree/)
      assert.equal((await ready()).length, 4)
    })

    it('takes one host out of a cluster that goes on', async () => {
      const changes = await settles(book('reset', '--yes', '--limit', 'rpi03'))
      assert(
        changes.includes('rpi03: drain node rpi03') &&
          changes.includes('rpi03: delete node rpi03 and its password'),
      )
      assert.deepEqual((await ready()).sort(), HOSTS.filter((host) => host !== 'rpi03').sort())
      assert.deepEqual(
        (await paths('rpi03')).filter((one) => !bare.get('rpi03')!.includes(one)),
        [],
      )
    })

    it('leaves nothing of ours on any host', async () => {
      await settles(book('reset', '--yes'))
      for (const host of HOSTS) {
        const left = (await paths(host)).filter((one) => !bare.get(host)!.includes(one))
        assert.deepEqual(left, [], host)
        assert.equal(await look(host, ALIVE), '', host)
      }
      assert.equal(await look('rpicloud', 'docker ps -aq; grep rpicloud /home/pi/.kube/config || :'), '')
    })

    it('does not touch what is on the SSDs', async () => {
      assert.equal(await onSsds(), disks)
    })

    it('removes volumes, and nothing else on the SSDs, with --yes-delete-data', async () => {
      await settles(book('reset', '--yes', '--yes-delete-data'))
      const left = await onSsds()
      assert.doesNotMatch(left, /local-path-pvc/)
      assert.equal(left.match(/ \.\/notes$/gm)?.length, 3)
    })
  })
})
