import assert from 'node:assert/strict'
import path from 'node:path'
import type { RunEvent } from '../../src/core/event.ts'
import { bookOf, hasNothingToDo, kubectl, objects, settles } from './books.ts'
import { useOwnLab } from './own.ts'
import { changesOf, eventsOf, failuresOf, look, smallCluster, start, write } from './small.ts'

/*
 * Ran against the simulated k3s, whose Cassandra is a stand-in. Nothing here is about the simulation: all is looked at by
 * kubectl. An upgrade needs several releases, and PROVISION_K3S=/path/to/k3s names one: so what upgrades is left out with it.
 */
const REAL = process.env.PROVISION_K3S !== undefined
const HOSTS = ['rpi01', 'rpi02', 'rpi03', 'rpicloud']

describe('upgrade.yaml', function () {
  this.timeout(180_000)
  this.slow(30_000)
  let inventory = ''
  useOwnLab('upgrade', () => (inventory = write('upgrade.yaml', smallCluster())))
  const book = bookOf(() => inventory)
  const upgrade = (version: string, ...words: string[]) =>
    book('upgrade', '-e', `k3s_version=${version}`, ...words)

  /** Versions of the nodes, by the names of the hosts. */
  const versions = async () => {
    const seen = (await objects('nodes')).map(({ metadata, status }) => [
      metadata.name,
      status.nodeInfo.kubeletVersion,
    ])
    return Object.fromEntries(seen)
  }
  const all = (version: string) => Object.fromEntries(HOSTS.map((host) => [host, version]))
  const cordoned = async () => (await objects('nodes')).filter(({ spec }) => spec.unschedulable).length
  const [present, patch, minor] = ['v1.25.4+k3s1', 'v1.25.16+k3s4', 'v1.26.15+k3s1']

  before('make the cluster, with a ring', async () => {
    for (const run of [book('cluster'), book('cassandra', '-e', 'replicas=3')])
      assert.deepEqual(failuresOf(await run()), [])
  })

  it('has nothing to do at the version that is there', () => hasNothingToDo(upgrade(present)))

  it('refuses to skip a minor version, and an older one', async () => {
    for (const [version, why] of [
      ['v1.27.16+k3s1', /an upgrade must not skip a minor version/],
      ['v1.25.3+k3s1', /can not be downgraded/],
    ] as const) {
      const ended = await upgrade(version)()
      assert.match(failuresOf(ended).join(), why)
      assert.equal(ended.code, 3)
    }
    assert.deepEqual(await versions(), all(present))
  })

  it('does not begin unless all nodes are Ready and the ring is whole', async () => {
    const missing = upgrade(present, '-e', JSON.stringify({ nodes: [...HOSTS, 'rpi04'], patience: 3 }))
    assert.match(
      failuresOf(await missing()).join(),
      /waited 3 s for .*still missing: rpi04 \(has not joined\)/,
    )
    const away = await takeMemberAway()
    assert.match(
      failuresOf(await upgrade(present, '-e', 'patience=3')()).join(),
      /waited 3 s for the ring of 3; last answer: /,
    )
    await bringBack(away)
    assert.deepEqual(await versions(), all(present))
  })

  /** A member whose node takes no pods can't come back. Returns the node. */
  async function takeMemberAway(): Promise<string> {
    const node = (await kubectl('get pod cassandra-2 -o jsonpath={.spec.nodeName}')).trim()
    await kubectl(`cordon ${node}`)
    await kubectl('delete pod cassandra-2 --grace-period=1')
    return node
  }

  async function bringBack(node: string): Promise<void> {
    await kubectl(`uncordon ${node}`)
    // It waits for the ring.
    assert.deepEqual(failuresOf(await book('cassandra', '-e', 'replicas=3')()), [])
  }

  if (REAL) return

  it('stops before the next node when the ring is no longer whole, and goes on when called again', async () => {
    const file = path.join(import.meta.dirname, '../../playbooks/upgrade.yaml')
    const words = [
      '-i',
      inventory,
      '--lab',
      '--output',
      'json',
      '-e',
      `k3s_version=${patch}`,
      '-e',
      'patience=20',
    ]
    const run = start(file, ...words)
    await run.event(
      (event: RunEvent) =>
        event.type === 'step-start' && event.host === 'rpicloud' && event.step.name === 'k3s agent',
    )
    const away = await takeMemberAway()
    const stopped = await run.end
    assert.match(failuresOf(stopped).join(), /^rpicloud: waited 20 s for the ring of 3; last answer: /)
    assert.equal(stopped.code, 3)
    assert.deepEqual(await versions(), { ...all(present), rpi01: patch, rpicloud: patch })
    await bringBack(away)
    await settles(upgrade(patch))
    assert.deepEqual([await versions(), await cordoned()], [all(patch), 0])
  })

  it('stops at pods that nothing would start anew', async () => {
    await kubectl(`run lonely --image=busybox:1.36 --overrides='{"spec":{"nodeName":"rpi02"}}' -- sleep 1000`)
    const stopped = await upgrade(minor)()
    assert.match(
      failuresOf(stopped).join(),
      /rpi02 can't be drained: nothing would start default\/lonely anew/,
    )
    assert.deepEqual(await versions(), { ...all(patch), rpi01: minor, rpicloud: minor })
  })

  it('deletes them when told, and never has more than one member of the ring away', async () => {
    const samples = `rm -f /root/enough; while [ ! -e /root/enough ]; do
      k3s kubectl get pods -l app=cassandra -o jsonpath='{.items[*].status.conditions[?(@.type=="Ready")].status}' && echo; sleep 0.2
      done > /root/samples 2>/dev/null`
    const sampling = look('rpi01', samples)
    const ended = await upgrade(minor, '-e', 'delete_unmanaged_pods=true')()
    await look('rpi01', 'touch /root/enough')
    await sampling
    assert.deepEqual([failuresOf(ended), ended.code], [[], 0])
    assert.deepEqual([await versions(), await cordoned()], [all(minor), 0])
    const ready = (await look('rpi01', 'cat /root/samples'))
      .trim()
      .split('\n')
      .map((line) => line.match(/True/g)?.length ?? 0)
    assert.deepEqual([Math.min(...ready), Math.max(...ready)], [2, 3])
    const drained = changesOf(ended).filter((change) => change.includes('drain node'))
    assert.deepEqual(
      drained,
      ['rpi02', 'rpi03'].map((host) => `${host}: drain node ${host}`),
    )
    const gates = eventsOf(ended.events, 'step-end').filter(({ step }) => step.name === 'The ring is whole')
    assert(gates.length >= 4, 'before the server and after each agent')
    await hasNothingToDo(upgrade(minor))
  })
})
