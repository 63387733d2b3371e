import path from 'node:path'
import { labFault } from '../../src/lab/lab.ts'
import { ANSIBLE, type Bench, floorOf, onAll, sameEnd } from './contenders.ts'
import { openField, startDelay } from './field.ts'
import { artifact, tree, uplink } from './files.ts'
import { type Contender, race, table } from './race.ts'
import { scale } from './scale.ts'
import { STATE, UNDO, writeWork } from './work.ts'

async function twelve(bench: Bench, how: 'settled' | 'check' | 'cold'): Promise<string> {
  const field = await openField(bench.folder)
  const { ours, ansible, script } = writeWork(bench.folder)
  const check = how === 'check' ? ['--check'] : []
  const bare = field.script(
    'OpenSSH, ControlMaster, a script',
    onAll(field, `ssh -F $F $h 'sudo sh -s' <${script}`),
  )
  const contenders = [
    ...(how === 'cold' ? [] : [floorOf(field, bench)]),
    field.ours('provision', [ours, '--output', 'plain', ...check]),
    ...(how === 'check' ? [] : [bare]),
    ...ANSIBLE.map(([name, way]) => field.ansible(name, ansible, way, check)),
  ]
  const same = sameEnd(field, STATE)
  field.everywhere(UNDO)
  if (how !== 'cold')
    await race(
      contenders.slice(1, 2).map((one) => ({ ...one, argv: one.argv.filter((word) => word !== '--check') })),
      1,
    )
  return table(
    await race(contenders, bench.rounds, {
      before: () => void (how === 'cold' && field.everywhere(UNDO)),
      after: same,
    }),
  )
}

async function cluster(bench: Bench): Promise<string> {
  const field = await openField(bench.folder)
  const contenders = [
    floorOf(field, bench),
    field.ours('settled cluster.yaml', ['playbooks/cluster.yaml', '--output', 'plain']),
    field.ours('settled cluster.yaml --check', ['playbooks/cluster.yaml', '--output', 'plain', '--check']),
    field.ours('ping all', ['ping', 'all']),
  ]
  return table(await race(contenders, bench.rounds))
}

/** One host whose packets are late; the others must not wait for it. */
async function slow(bench: Bench): Promise<string> {
  const field = await openField(bench.folder)
  const { ours, ansible } = writeWork(bench.folder)
  await race([field.ours('prepare', [ours, '--output', 'plain'])], 1)
  const host = field.hosts.at(-1)!.name
  await labFault(host, 'slow', () => {})
  try {
    const words = [ours, '--output', 'plain']
    const contenders = [
      field.ours('provision, the other 14', [...words, '-l', `all:!${host}`]),
      field.ours('provision, with the slow one', words),
      field.ansible('Ansible, pipelining, forks=15', ansible, ANSIBLE[1]![1]),
    ]
    return table(await race(contenders, bench.rounds, { after: () => field.hangUp() }))
  } finally {
    await labFault(host, 'heal', () => {})
  }
}

/** One host whose sshd has stopped; it must be named once its time is over. */
async function hung(bench: Bench): Promise<string> {
  const field = await openField(bench.folder)
  const { ours, ansible } = writeWork(bench.folder)
  const host = field.hosts.at(-1)!.name
  await labFault(host, 'freeze', () => {})
  try {
    const contenders: Contender[] = [
      field.ours('provision', [ours, '--output', 'plain'], { ok: [4], every: bench.rounds }),
      {
        ...field.ansible('Ansible, pipelining, forks=15', ansible, ANSIBLE[1]![1]),
        ok: [4],
        every: bench.rounds,
      },
    ]
    return table(await race(contenders, 1, { after: () => field.hangUp() }))
  } finally {
    await labFault(host, 'thaw', () => {})
  }
}

const PORT = 2222

async function latency(bench: Bench): Promise<string> {
  const parts: string[] = []
  const direct = await openField(bench.folder)
  for (const ms of [5, 20, 80]) {
    const stop = await startDelay(direct.inside, PORT, direct.hosts[0]!.address, ms)
    const field = await openField(path.join(bench.folder, `delay-${ms}`), {
      address: '127.0.0.1',
      port: PORT,
    })
    const { ours, ansible, script } = writeWork(field.folder)
    const contenders = [
      floorOf(field, bench, { port: PORT }),
      field.ours('provision', [ours, '--output', 'plain']),
      field.script('OpenSSH, ControlMaster, a script', onAll(field, `ssh -F $F $h 'sudo sh -s' <${script}`)),
      ...ANSIBLE.filter(([name]) => /Mitogen|forks=15$/.test(name)).map(([name, way]) => ({
        ...field.ansible(name, ansible, way),
        every: bench.rounds,
      })),
    ]
    parts.push(`${ms} ms:\n`, table(await race(contenders, bench.rounds, { after: () => field.hangUp() })))
    stop()
  }
  return parts.join('\n')
}

/** Each returns a table in Markdown. */
export const CASES: Record<string, { title: string; run: (bench: Bench) => Promise<string> }> = {
  cluster: { title: 'Settled cluster.yaml', run: cluster },
  settled: { title: 'Settled play of 12 steps on 15 hosts', run: (bench) => twelve(bench, 'settled') },
  check: { title: 'The same in check mode', run: (bench) => twelve(bench, 'check') },
  cold: { title: 'The same on bare hosts', run: (bench) => twelve(bench, 'cold') },
  artifact: { title: '60 MB to 14 nodes', run: artifact },
  uplink: { title: '60 MB to 14 nodes, with 100 Mb/s to the jump host', run: uplink },
  tree: { title: '200 small files to 15 hosts', run: tree },
  slow: { title: 'One host whose packets are late', run: slow },
  hung: { title: 'One host that hangs', run: hung },
  scale: { title: 'Settled play of 12 steps on ever more hosts', run: scale },
  latency: { title: 'Round-trip time before the jump host', run: latency },
}
