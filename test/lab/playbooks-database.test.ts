import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { RunEvent } from '../../src/core/event.ts'
import { bookOf, hasNothingToDo, kubectl, objects, onSsds, refusalOf, settles, useHome } from './books.ts'
import { useOwnLab } from './own.ts'
import { changesOf, eventsOf, failuresOf, look, smallCluster, start, workplace, write } from './small.ts'

/*
 * Ran against the simulated k3s, whose Cassandra and YCSB are stand-ins. Nothing here is about the simulation: all is looked
 * at by kubectl, nodetool and files. With PROVISION_K3S=/path/to/k3s it is that one, which pulls the images of the manifests
 * from outside: the nodes then need a way to them, and the benchmark an image with YCSB in it.
 */
const NODES = ['rpi01', 'rpi02', 'rpi03']
/** The benchmark's pod asks for more than the other hosts have. */
const withMemory = (inventory: string) => inventory.replace('ram: 1GiB', 'ram: 4GiB')

/** Rows of nodetool status: state, address, host id. */
async function ring(pod: string): Promise<string[][]> {
  const said = await kubectl(`exec ${pod} -c cassandra -- nodetool status`)
  return [...said.matchAll(/^([UD][NLJM]) +(\S+) .* ([0-9a-f-]{36}) +\S+ *$/gm)].map((row) => row.slice(1))
}

const members = () => objects('pods -l app=cassandra')

describe('the playbooks of the database and its benchmark', function () {
  this.timeout(180_000)
  this.slow(30_000)
  let inventory = ''
  useOwnLab('database', () => (inventory = write('database.yaml', withMemory(smallCluster()))))
  useHome()
  const book = bookOf(() => inventory)
  const cassandra = (...words: string[]) => book('cassandra', '-e', 'replicas=3', ...words)
  const results = () => path.join(workplace(), 'results')
  const settings = (repetitions: number[]) => [
    '-e',
    JSON.stringify({ records: 500, nodes: 3, repetitions, results: results() }),
  ]
  const ycsb = (repetitions = [1, 2]) => book('ycsb', ...settings(repetitions))
  let ids: string[]

  before('make the cluster', async () => {
    const images = [{ name: 'ycsb-benchmark', context: 'files/ycsb/lab' }]
    for (const run of [book('cluster'), book('images', '-e', JSON.stringify({ images }))])
      assert.deepEqual(failuresOf(await run()), [])
  })

  describe('cassandra.yaml', () => {
    it('brings up a ring with one member on each node that has an SSD', async () => {
      await settles(cassandra())
      const pods = await members()
      assert.deepEqual(pods.map(({ spec }): string => spec.nodeName).sort(), NODES)
      const rows = await ring('cassandra-0')
      assert.deepEqual([...new Set(rows.map(([state]) => state))], ['UN'])
      assert.deepEqual(
        rows.map(([, address]) => String(address)).sort(),
        pods.map(({ status }): string => status.podIP).sort(),
      )
      ids = rows.map(([, , id]) => id!).sort()
      assert.equal(new Set(ids).size, 3)
      assert.deepEqual((await ring('cassandra-2')).map(([, , id]) => id!).sort(), ids)
    })

    it('leaves the access node as it was', async () => {
      const cordoned = async () =>
        (await objects('nodes')).filter(({ spec }) => spec.unschedulable).map((node) => node.metadata.name)
      assert.deepEqual(await cordoned(), [])
      await kubectl('cordon rpicloud')
      await hasNothingToDo(cassandra())
      assert.deepEqual(await cordoned(), ['rpicloud'])
      await kubectl('uncordon rpicloud')
    })

    it('refuses to drop a member', async () => {
      assert.match(
        await refusalOf(book('cassandra', '-e', 'replicas=2')),
        /volumes of 3 members, and replicas is 2.*decommission/s,
      )
    })
  })

  describe('ycsb.yaml', () => {
    const files = () => readdirSync(results()).sort()
    const expected = ['out-3-500-rf3-a-1.txt', 'out-3-500-rf3-a-2.txt', 'out-load-3-500-rf3-a.txt']

    it('loads once, runs, fetches the results, shows and draws them', async () => {
      const run = ycsb()
      const checked = await run('--check')
      assert.deepEqual([failuresOf(checked), checked.code], [[], 2])
      const applied = await run()
      assert.deepEqual(failuresOf(applied), [])
      // What only the pod can tell is told to be unknown; the rest is exact.
      const made = changesOf(applied)
      for (const change of changesOf(checked).filter((one) => !one.includes('.svg')))
        assert(made.includes(change), change)
      const unknown = eventsOf(checked.events, 'step-end').filter(({ status }) => status === 'unknown')
      assert.deepEqual(
        [...new Set(unknown.map(({ step }) => step.name))],
        ['Load', 'Run', 'Results, fetched'],
      )
      assert.deepEqual(files(), [...expected, 'summary-3-500-rf3-a.svg'])
      assert.match(readFileSync(path.join(results(), expected[2]!), 'utf8'), /^\[INSERT\], Return=OK, 500$/m)
      const said = eventsOf(applied.events, 'step-end')
        .map(({ message }) => message ?? '')
        .join('\n')
      const drawn = readFileSync(path.join(results(), 'summary-3-500-rf3-a.svg'), 'utf8')
      for (const file of expected.slice(0, 2)) {
        const text = readFileSync(path.join(results(), file), 'utf8')
        const throughput = Number(/^\[OVERALL\], Throughput\(ops\/sec\), (\S+)$/m.exec(text)?.[1])
        const p99 = Number(/^\[READ\], 99thPercentileLatency\(us\), (\S+)$/m.exec(text)?.[1]) / 1000
        assert.match(said, new RegExp(`^${file} +${throughput.toFixed(1)}  READ`, 'm'))
        assert(
          isTold(p99, said, / (\d+\.\d\d)\n/g) && isTold(p99, drawn, /\/ ([\d.]+)<\/text>/g),
          `${p99}: ${drawn}`,
        )
      }
      assert.match(
        await kubectl('exec cassandra-1 -- nodetool cfstats -- ycsb.usertable'),
        /Space used \(live\): [1-9]/,
      )
    })

    it('neither loads nor runs again what has a result', () => hasNothingToDo(ycsb()))

    it('does not take one load for another', async () => {
      await look('rpicloud', 'touch /home/pi/ycsb/out/out-load-3-9-rf1-b.txt')
      assert.match(await refusalOf(ycsb()), /no longer in the table: out-load-3-9-rf1-b\.txt came after it/)
      await look('rpicloud', 'rm /home/pi/ycsb/out/out-load-3-9-rf1-b.txt')
    })

    it('goes on in its pod when this program is killed, and is then waited for', async () => {
      const words = ['-e', 'workload=b', '-e', 'load_of=a']
      const file = path.join(import.meta.dirname, '../../playbooks/ycsb.yaml')
      const killed = start(file, '-i', inventory, '--lab', '--output', 'json', ...settings([1]), ...words)
      killed.end.catch(() => undefined)
      const isLate = (event: RunEvent) => event.type === 'step-progress' && event.message.includes('b-1.txt')
      await killed.event(isLate)
      killed.signal('SIGKILL')
      await killed.end
      const again = await ycsb([1])(...words)
      assert.deepEqual(failuresOf(again), [])
      assert.doesNotMatch(changesOf(again).join('\n'), /start /)
      assert.equal(await look('rpicloud', 'cd /home/pi/ycsb/out && echo *-b-*'), 'out-3-500-rf3-b-1.txt\n')
    })
  })

  describe('cassandra.yaml with state=absent', () => {
    const absent = (...words: string[]) => book('cassandra', '-e', 'state=absent', ...words)

    it('takes the ring down and keeps its data', async () => {
      const claims = await kubectl('get pvc -o name')
      await settles(absent())
      assert.deepEqual(await members(), [])
      assert.equal(await kubectl('get statefulset,service -l app=cassandra -o name'), '')
      assert.equal(await kubectl('get pvc -o name'), claims)
    })

    it('has the same members again when it is brought up', async () => {
      await settles(cassandra())
      assert.deepEqual((await ring('cassandra-0')).map(([, , id]) => id!).sort(), ids)
    })

    it('removes the data with --yes-delete-data only', async () => {
      await settles(absent('--yes-delete-data'))
      assert.deepEqual([await objects('pvc'), await objects('pv')], [[], []])
      assert.doesNotMatch(await onSsds(), /cassandra-data/)
    })
  })
})

/** Whether a number is among those that a pattern finds, to two digits; a half is rounded up by some and down by others. */
function isTold(number: number, text: string, pattern: RegExp): boolean {
  return [...text.matchAll(pattern)].some(([, told]) => Math.abs(Number(told) - number) < 0.0051)
}
