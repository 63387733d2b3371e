import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { labPlaces } from '../../src/lab/places.ts'
import { labFault } from '../../src/lab/lab.ts'
import { type AnsibleWay, type Field, openField, startDelay } from './field.ts'
import { type Contender, race, table } from './race.ts'
import { STATE, UNDO, writeWork } from './work.ts'

export interface Bench {
  folder: string
  rounds: number
  /** A bare ssh2 program, started as ours is. */
  floor: string
}

const ANSIBLE: [string, AnsibleWay][] = [
  ['Ansible as shipped', {}],
  ['Ansible, pipelining, forks=15', { pipelining: true, forks: 15 }],
  ['Ansible, pipelining, forks=15, free', { pipelining: true, forks: 15, strategy: 'free' }],
  ['Ansible, Mitogen, forks=15', { pipelining: true, forks: 15, strategy: 'mitogen_linear' }],
]

/** A script on all hosts at once, over connections through one to the jump host. */
function onAll({ hosts }: Field, command: string): string {
  return `for h in ${hosts.map(({ name }) => name).join(' ')}; do ${command} & done; wait`
}

function floorOf({ hosts, inside }: Field, { floor }: Bench, jump?: { port: number }): Contender {
  const addresses = hosts.map(({ address }) => address)
  const port: Record<string, string> = jump === undefined ? {} : { JUMP_PORT: String(jump.port) }
  const name = 'floor: connect to each host, one command'
  return { name, argv: inside([process.execPath, floor, labPlaces().keyFile, ...addresses]), env: port }
}

/** All contenders leave the same behind, or the race is void. */
function sameEnd(field: Field, script: string): (name: string) => void {
  let expected: string | undefined
  return (name) => {
    field.hangUp()
    for (const [host, state] of field.everywhere(script)) {
      expected ??= state
      if (state !== expected) throw new Error(`${name} left ${host} as\n${state}\nrather than\n${expected}`)
    }
  }
}

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

const ARTIFACT = '/opt/artifact'

async function artifact(bench: Bench): Promise<string> {
  const field = await openField(bench.folder)
  const file = path.join(bench.folder, 'artifact')
  writeFileSync(file, randomBytes(60_000_000))
  const play = (name: string): string => {
    const at = path.join(bench.folder, name)
    const head = `- hosts: ${field.hosts
      .slice(1)
      .map((one) => one.name)
      .join(':')}\n  become: true\n  gather_facts: false\n`
    writeFileSync(
      at,
      `${name === 'put.yaml' ? head.replace('  gather_facts: false\n', '') : head}  tasks:\n    - copy: { src: ${file}, dest: ${ARTIFACT}, mode: "0644" }\n`,
    )
    return at
  }
  const nodes = { ...field, hosts: field.hosts.slice(1) }
  const [last] = field.hosts.slice(-1)
  const contenders = [
    field.script('one copy by OpenSSH', `ssh -F $F ${last!.name} 'sudo sh -c "cat >${ARTIFACT}"' <${file}`),
    field.ours('provision', [play('put.yaml'), '--output', 'plain']),
    field.script(
      'OpenSSH, ControlMaster, cat to each',
      onAll(nodes, `ssh -F $F $h 'sudo sh -c "cat >${ARTIFACT}"' <${file}`),
    ),
    ...ANSIBLE.slice(1)
      .filter(([name]) => !name.includes('free'))
      .map(([name, way]) => field.ansible(name, play('ansible-put.yaml'), way)),
  ]
  const before = (): void => void field.everywhere(`rm -f ${ARTIFACT}`)
  const results = await race(contenders, bench.rounds, { before, after: () => field.hangUp() })
  before()
  return table(results)
}

async function tree(bench: Bench): Promise<string> {
  const field = await openField(bench.folder)
  const source = path.join(bench.folder, 'tree')
  mkdirSync(source, { recursive: true })
  const names = Array.from({ length: 200 }, (_, i) => `file-${i}`)
  for (const name of names) writeFileSync(path.join(source, name), `${name}\n`.repeat(50))
  const ours = path.join(bench.folder, 'tree.yaml')
  writeFileSync(
    ours,
    `- hosts: all\n  become: true\n  tasks:\n    - file: { path: /opt/tree, state: directory }\n    - copy: { src: "tree/{{ item }}", dest: "/opt/tree/{{ item }}" }\n      loop: ${JSON.stringify(names)}\n`,
  )
  const ansible = path.join(bench.folder, 'ansible-tree.yaml')
  writeFileSync(
    ansible,
    `- hosts: all\n  become: true\n  gather_facts: false\n  tasks:\n    - copy: { src: ${source}/, dest: /opt/tree/ }\n`,
  )
  const send = `tar -C ${source} -c . | ssh -F $F $h 'sudo sh -c "mkdir -p /opt/tree && tar -C /opt/tree --no-same-owner -x"'`
  const contenders = [
    field.script('tar | ssh tar', onAll(field, send)),
    field.ours('provision', [ours, '--output', 'plain']),
    { ...field.ansible('Ansible, Mitogen, forks=15', ansible, ANSIBLE[3]![1]), every: bench.rounds },
  ]
  const before = (): void => void field.everywhere('rm -rf /opt/tree')
  const results = await race(contenders, bench.rounds, {
    before,
    after: sameEnd(field, 'cat /opt/tree/* | sha256sum'),
  })
  before()
  return table(results)
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
  tree: { title: '200 small files to 15 hosts', run: tree },
  slow: { title: 'One host whose packets are late', run: slow },
  hung: { title: 'One host that hangs', run: hung },
  latency: { title: 'Round-trip time before the jump host', run: latency },
}
