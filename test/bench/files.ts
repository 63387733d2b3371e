import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ANSIBLE, type Bench, onAll, sameEnd } from './contenders.ts'
import { type Field, openField, startDelay } from './field.ts'
import { race, type Result, table } from './race.ts'

const ARTIFACT = '/opt/artifact'
const ONE_COPY = 'one copy by OpenSSH'

export async function artifact(bench: Bench): Promise<string> {
  const field = await openField(bench.folder)
  return table(await raceCopies(bench, field))
}

const PORT = 2223

/** What a laptop has to the cluster. */
export async function uplink(bench: Bench): Promise<string> {
  const direct = await openField(bench.folder)
  const stop = await startDelay(direct.inside, PORT, direct.hosts[0]!.address, 1, 100)
  try {
    const there = { address: '127.0.0.1', port: PORT }
    const field = await openField(path.join(bench.folder, 'uplink'), there)
    return table(await raceCopies(bench, field))
  } finally {
    stop()
  }
}

async function raceCopies(bench: Bench, field: Field): Promise<Result[]> {
  const nodes = { ...field, hosts: field.hosts.slice(1) }
  const file = path.join(bench.folder, 'artifact')
  const bytes = randomBytes(60_000_000)
  writeFileSync(file, bytes)
  const play = (name: string, more: string): string => {
    const at = path.join(bench.folder, name)
    const hosts = nodes.hosts.map((one) => one.name).join(':')
    const copy = `copy: { src: ${file}, dest: ${ARTIFACT}, mode: "0644" }`
    writeFileSync(at, `- hosts: ${hosts}\n  become: true\n${more}  tasks:\n    - ${copy}\n`)
    return at
  }
  const send = (host: string): string => `ssh -F $F ${host} 'sudo sh -c "cat >${ARTIFACT}"' <${file}`
  const contenders = [
    field.script(ONE_COPY, send(nodes.hosts.at(-1)!.name)),
    field.ours('provision', [play('put.yaml', ''), '--output', 'plain']),
    field.script('OpenSSH, ControlMaster, cat to each', onAll(nodes, send('$h'))),
    ...ANSIBLE.slice(1)
      .filter(([name]) => !name.includes('free'))
      .map(([name, way]) => field.ansible(name, play('ansible-put.yaml', '  gather_facts: false\n'), way)),
  ]
  const before = (): void => void field.everywhere(`rm -f ${ARTIFACT}`)
  const sum = createHash('sha256').update(bytes).digest('hex')
  const after = (name: string): void => {
    field.hangUp()
    const there = [...field.everywhere(`sha256sum ${ARTIFACT} 2>/dev/null || :`).values()]
    const whole = there.filter((answer) => answer.startsWith(sum)).length
    const wanted = name === ONE_COPY ? 1 : nodes.hosts.length
    if (whole !== wanted) throw new Error(`${name} left ${whole} whole copies rather than ${wanted}`)
  }
  const results = await race(contenders, bench.rounds, { before, after })
  before()
  return results
}

export async function tree(bench: Bench): Promise<string> {
  const field = await openField(bench.folder)
  const source = path.join(bench.folder, 'tree')
  mkdirSync(source, { recursive: true })
  const names = Array.from({ length: 200 }, (_, i) => `file-${i}`)
  for (const name of names) writeFileSync(path.join(source, name), `${name}\n`.repeat(50))
  const ours = path.join(bench.folder, 'tree.yaml')
  writeFileSync(ours, `- hosts: all\n  become: true\n  tasks:\n    - copy: { src: tree/, dest: /opt/tree }\n`)
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
