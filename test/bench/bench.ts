/**
 * Compares, side by side in one run: a settled `cluster.yaml` on the lab with the floor (every host connected to,
 * one command each), and `provision --help` with an empty Node. Medians of interleaved rounds; prints Markdown.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { labPlaces, namespacePath } from '../../src/lab/places.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'

const ROUNDS = Number(process.env.ROUNDS ?? 15)
const launcher = 'src/cli/launch.cjs'
const scratch = mkdtempSync(path.join(tmpdir(), 'provision-bench-'))

async function floorProgram(): Promise<string> {
  const outfile = path.join(scratch, 'floor.cjs')
  const external = ['*.node', 'cpu-features']
  await build({
    entryPoints: ['test/bench/floor.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    external,
    minify: true,
  })
  // The same start as the program itself: one script, compiled from V8's cache.
  const starter = path.join(scratch, 'start.cjs')
  writeFileSync(
    starter,
    `const fs = require('fs'), vm = require('vm'), file = ${JSON.stringify(outfile)}
const read = (name) => { try { return fs.readFileSync(name) } catch { return undefined } }
const script = new vm.Script('(function(exports,require,module,__filename,__dirname){' + read(file) + '\\n})', { filename: file, cachedData: read(file + '.cache') })
process.on('exit', () => { if (!fs.existsSync(file + '.cache')) fs.writeFileSync(file + '.cache', script.createCachedData()) })
script.runInThisContext()({}, require, {}, file, ${JSON.stringify(scratch)})`,
  )
  return starter
}

interface Contender {
  name: string
  argv: string[]
  times: number[]
  memory: number[]
}

function contender(name: string, argv: string[]): Contender {
  return { name, argv, times: [], memory: [] }
}

/** Wall time in ms and peak resident memory in MB of one run. */
function race(one: Contender): void {
  const start = process.hrtime.bigint()
  const { status, stderr, stdout } = spawnSync('/usr/bin/time', ['-f', 'peak %M', ...one.argv], {
    encoding: 'utf8',
  })
  const ms = Number(process.hrtime.bigint() - start) / 1e6
  if (status !== 0)
    throw new Error(`${one.name} ended with ${status}:\n${stdout.slice(-800)}\n${stderr.slice(-800)}`)
  one.times.push(ms)
  one.memory.push(Number(/peak (\d+)/.exec(stderr)![1]) / 1024)
}

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
}

function table(group: Contender[]): string[] {
  const base = quantile(group[0]!.times, 0.5)
  const rows = group.map(({ name, times, memory }) => {
    const [p10, median, p90] = [0.1, 0.5, 0.9].map((q) => quantile(times, q)) as [number, number, number]
    const spread = `${p10.toFixed(0)}-${p90.toFixed(0)}`
    return `| ${name} | ${median.toFixed(0)} | ${spread} | ${(median / base).toFixed(2)} | ${Math.max(...memory).toFixed(0)} |`
  })
  return ['| | median ms | p10-p90 | ratio | peak MB |', '|---|---|---|---|---|', ...rows, '']
}

async function main(): Promise<void> {
  const { inventory } = await loadInventory('inventory.yaml')
  const addresses = [...inventory.hosts.values()].map(({ connection }) => connection.address!)
  const lab = labPlaces()
  const inside = ['nsenter', `--net=${namespacePath(lab.laptop)}`, process.execPath]
  const run = [launcher, 'playbooks/cluster.yaml', '--lab', '--output', 'plain']
  const hosts = [
    contender('floor: connect to 15 hosts, one command each', [
      ...inside,
      await floorProgram(),
      lab.keyFile,
      ...addresses,
    ]),
    contender('settled cluster.yaml', [...inside, ...run]),
    contender('settled cluster.yaml --check', [...inside, ...run, '--check']),
    contender('ping all', [...inside, launcher, 'ping', 'all', '--lab']),
  ]
  const start = [
    contender('node -e 0', [process.execPath, '-e', '0']),
    contender('provision --help', [process.execPath, launcher, '--help']),
    contender('provision validate playbooks/cluster.yaml', [
      process.execPath,
      launcher,
      'validate',
      'playbooks/cluster.yaml',
    ]),
  ]
  for (const one of [...hosts, ...start]) race(one)
  for (const one of [...hosts, ...start]) one.times.length = one.memory.length = 0
  for (let round = 0; round < ROUNDS; round++) for (const one of [...hosts, ...start]) race(one)
  console.log(
    `${cpus().length} cores, ${cpus()[0]!.model}, Node ${process.version}, ${ROUNDS} interleaved rounds\n`,
  )
  console.log([...table(hosts), ...table(start)].join('\n'))
  rmSync(scratch, { recursive: true })
}

await main()
