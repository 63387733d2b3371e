import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { bookOf, fateOf, hasNothingToDo, kubectl, objects, refusalOf, settles, until } from './books.ts'
import { useOwnLab } from './own.ts'
import { changesOf, failuresOf, look, smallCluster, workplace, write } from './small.ts'

/*
 * Ran against the simulated k3s, with the real docker, registry, disks and kubectl. Nothing here is about the simulation: all
 * is looked at by kubectl, HTTP and files. With PROVISION_K3S=/path/to/k3s it is that one, which pulls the images of the
 * manifests from outside: the nodes then need a way to them.
 */
const HOSTS = ['rpicloud', 'rpi01', 'rpi02', 'rpi03']
const FILES = fileURLToPath(new URL('../../playbooks/files', import.meta.url))

describe('the playbooks of the cluster and its storage', function () {
  this.timeout(120_000)
  this.slow(20_000)
  let inventory = ''
  useOwnLab('playbooks', () => (inventory = write('books.yaml', smallCluster())))
  const book = bookOf(() => inventory)

  describe('registry.yaml', () => {
    it('makes a registry that every host reaches, on bare hosts too', async () => {
      const changes = await settles(book('registry'))
      assert.match(changes.join('\n'), /^rpicloud: bring up the registry on port 5000/m)
      for (const host of HOSTS) {
        const ask = 'curl -sS -o /dev/null -w "%{http_code}" http://16.0.0.10:5000/v2/'
        assert.equal(await look(host, ask), '200', host)
      }
    })

    it('has it come back when docker is started anew', async () => {
      await look(
        'rpicloud',
        'systemctl restart docker; until curl -fs http://127.0.0.1:5000/v2/; do sleep 0.2; done',
      )
      await hasNothingToDo(book('registry'))
    })
  })

  describe('cluster.yaml', () => {
    it('makes nodes that are Ready, each the machine that the inventory names', async () => {
      await settles(book('cluster'))
      const { hosts } = (await loadInventory(inventory)).inventory
      const nodes = new Map<string, any>(
        (await objects('nodes')).map((node) => [node.metadata.name, node.status]),
      )
      assert.deepEqual([...nodes.keys()].sort(), [...HOSTS].sort())
      for (const [name, { conditions, addresses, nodeInfo }] of nodes) {
        const { connection, vars } = hosts.get(name)!
        assert.equal(conditions.find(({ type }: any) => type === 'Ready').status, 'True', name)
        assert.equal(addresses.find(({ type }: any) => type === 'InternalIP').address, connection.address)
        assert.equal(nodeInfo.kubeletVersion, vars.k3s_version)
        assert.equal(nodeInfo.bootID, (await look(name, 'cat /proc/sys/kernel/random/boot_id')).trim())
      }
    })
  })

  describe('images.yaml', () => {
    const images = () => [{ name: 'hello', context: path.join(workplace(), 'hello') }]
    const run = () => book('images', '-e', JSON.stringify({ images: images() }))
    const digest = async () => {
      const accept = '-H "Accept: application/vnd.docker.distribution.manifest.v2+json"'
      const url = 'http://16.0.0.10:5000/v2/hello/manifests/latest'
      const found = await look(
        'rpi02',
        `curl -fsSI ${accept} ${url} | tr -d '\\r' | sed -n 's/^docker-content-digest: //Ip'`,
      )
      return found.trim()
    }
    before(() => {
      write('hello/Dockerfile', 'FROM registry:2\nCOPY word /word\n')
      write('hello/word', 'one')
    })

    it('builds an image and pushes it, once', async () => {
      const changes = await settles(run())
      assert.match(
        changes.join(),
        /^rpicloud: build 127\.0\.0\.1:5000\/hello from hello \(2 files, .*\) and push it$/,
      )
      const local = await look(
        'rpicloud',
        "docker image inspect 127.0.0.1:5000/hello --format '{{.RepoDigests}}'",
      )
      assert.equal(local, `[127.0.0.1:5000/hello@${await digest()}]\n`)
    })

    it('is pulled by another node, under the name that it was pushed by', async () => {
      await look(
        'rpi03',
        'k3s crictl pull 127.0.0.1:5000/hello && k3s crictl inspecti -q 127.0.0.1:5000/hello',
      )
    })

    it('builds it anew when its folder has changed', async () => {
      const first = await digest()
      write('hello/word', 'two')
      await settles(run())
      assert.notEqual(await digest(), first)
      assert.equal(await look('rpicloud', 'docker run --rm 127.0.0.1:5000/hello cat /word'), 'two')
    })

    it('says why an image can not be built', async () => {
      write('hello/word', 'three')
      write('hello/Dockerfile', 'FROM registry:2\nRUN false\n')
      const failed = await run()()
      assert.match(
        failuresOf(failed).join(),
        /^rpicloud: .*the image could not be built; the last lines of docker build say why/,
      )
      assert.equal(failed.code, 3)
    })
  })

  describe('storage.yaml', () => {
    const manifest = readFileSync(path.join(FILES, 'storage/teste-pod.yaml'), 'utf8')

    it('finds the provisioner that cluster.yaml has made', () => hasNothingToDo(book('storage')))

    it('gives a pod a directory on the SSD of its node', async () => {
      await look('rpi01', `k3s kubectl create -f - <<'END'\n${manifest}\nEND`)
      await until('[ "$(k3s kubectl get pod volume-test -o jsonpath={.status.phase})" = Running ]')
      await kubectl("exec volume-test -- sh -c 'echo by hand > /data/word'")
      const [claim] = await objects('pvc')
      assert.equal(claim.status.phase, 'Bound')
      const [pod] = await objects('pods')
      const there = `f=$(find /mnt/storage -name word) && cat "$f" && findmnt -no TARGET,SOURCE -T "$f"`
      const seen = await look(pod.spec.nodeName, there)
      assert.equal(seen.replaceAll(/ +/g, ' '), 'by hand\n/mnt/storage /dev/sda\n')
    })

    it('tries that itself with test=true, and leaves nothing of it', async () => {
      await kubectl('delete pod/volume-test pvc/local-path-pvc')
      const run = book('storage', '-e', 'test=true')
      const checked = await run('--check')
      assert.deepEqual(failuresOf(checked), [])
      assert.deepEqual(fateOf(await run()), [[], changesOf(checked).sort(), 0])
      assert.deepEqual([await objects('pvc'), await objects('pods')], [[], []])
      await until('[ -z "$(k3s kubectl get pv -o name)" ]')
      for (const host of HOSTS.slice(1))
        assert.equal(await look(host, 'find /mnt/storage -name "pvc-*"'), '', host)
    })

    it('refuses while volumes lie elsewhere', async () => {
      const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'old' } }
      const spec = {
        storageClassName: 'local-path',
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path: '/opt/old' },
      }
      await look('rpi01', `k3s kubectl create -f - <<'END'\n${JSON.stringify({ ...volume, spec })}\nEND`)
      assert.match(
        await refusalOf(book('storage')),
        /volumes lie outside of \/mnt\/storage: \/opt\/old; move/,
      )
      await kubectl('delete pv old')
    })

    it('refuses a second provisioner', async () => {
      const words =
        '-n kube-system create deployment local-path-provisioner --image=busybox:1.36 --dry-run=client -o json'
      await look('rpi01', `k3s kubectl ${words} | k3s kubectl create -f -`)
      assert.match(await refusalOf(book('storage')), /k3s runs its own local-path-provisioner: disable it/)
      await kubectl('-n kube-system delete deployment local-path-provisioner')
    })
  })
})
