import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Bench } from './contenders.ts'
import { type Contender, quantile, race, type Result } from './race.ts'

const LAUNCHER = path.resolve('src/cli/launch.cjs')
const SIZES = (process.env.SIZES ?? '15,100,300,1000').split(',').map(Number)

/** Twelve steps that need no root. */
const PLAY = (at: string): string => `- hosts: all
  tasks:
    - file: { path: ${at}, state: directory, mode: "0755" }
    - file: { path: ${at}/scripts, state: directory, mode: "0750" }
    - copy: { dest: ${at}/motd, content: "Welcome\\n", mode: "0644" }
    - copy: { dest: ${at}/key, content: "none\\n", mode: "0600" }
    - copy: { dest: ${at}/limits, content: "hard {{ 2 * 500 }}\\nsoft 10\\n" }
    - line: { path: ${at}/motd, line: "Welcome" }
    - line: { path: ${at}/hosts, line: "::1 localhost", create: true }
    - line: { path: ${at}/hosts, match: "^10.0.0.1 ", line: "10.0.0.1 gate" }
    - file: { path: ${at}/link, state: link, target: ${at}/motd }
    - file: { path: ${at}/old, state: absent }
    - package: { name: [dpkg] }
    - command: { cmd: "touch ${at}/made", creates: ${at}/made }
`

/** A settled play on ever more hosts: time, computing and memory of the controller, and what the live view adds. */
export async function scale(bench: Bench): Promise<string> {
  const results: { hosts: number; plain: Result; live: Result }[] = []
  for (const hosts of SIZES) {
    const folder = path.join(bench.folder, `crowd-${hosts}`)
    mkdirSync(folder)
    const crowd = await startCrowd(folder, hosts)
    try {
      writeFileSync(path.join(folder, 'play.yaml'), PLAY(path.join(folder, 'state')))
      const [json, live] = contenders(folder)
      // One host settles this machine for all; then every key becomes known.
      for (const limit of ['host0001', 'all']) await race([{ ...json, argv: [...json.argv, '-l', limit] }], 1)
      const [plain, drawn] = await race([json, live], Math.min(bench.rounds, 3))
      results.push({ hosts, plain: plain!, live: drawn! })
    } finally {
      crowd.kill()
    }
  }
  return scaleTable(results)
}

async function startCrowd(folder: string, hosts: number): Promise<ChildProcess> {
  const argv = ['--import', 'tsx', 'test/bench/crowd.ts', folder, String(hosts)]
  const crowd = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(crowd.stdout, 'data')
  return crowd
}

function contenders(folder: string): [Contender, Contender] {
  const file = (name: string): string => path.join(folder, name)
  const argv = [process.execPath, LAUNCHER, file('play.yaml'), '-i', file('inventory.json')]
  const env = { HOME: folder, SSH_AUTH_SOCK: '' }
  const live = `cd ${folder}; stty rows 50 columns 120; exec ${argv.join(' ')} --output live`
  return [
    { name: 'json', argv: ['sh', '-c', `cd ${folder}; exec "$@"`, 'sh', ...argv, '--output', 'json'], env },
    { name: 'live', argv: ['script', '-qfec', live, '/dev/null'], env: { ...env, TERM: 'xterm-256color' } },
  ]
}

function scaleTable(results: { hosts: number; plain: Result; live: Result }[]): string {
  const rows = results.map(({ hosts, plain, live }) => {
    const [ms, cpu, drawn, wall] = [plain.times, plain.cpu, live.cpu, live.times].map((all) =>
      quantile(all, 0.5),
    ) as [number, number, number, number]
    const memory = Math.max(...plain.memory, ...live.memory)
    const cells = [
      hosts,
      (ms / 1000).toFixed(2),
      (ms / hosts).toFixed(1),
      (cpu / hosts).toFixed(1),
      memory.toFixed(0),
      (60 + hosts / 4).toFixed(0),
      `${(((drawn - cpu) / wall) * 100).toFixed(1)} %`,
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| hosts | median s | ms a host | CPU ms a host | peak MB | allowed MB | CPU of the live view |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
