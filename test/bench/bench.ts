/**
 * Compares provision with other ways to the same end, side by side in one run, in the lab; see docs/benchmarks.md.
 * `npm run bench -- [CASE...]`; ROUNDS says how often. Prints Markdown; what is under way goes to standard error.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { CASES } from './cases.ts'
import { floorProgram, startUp } from './start.ts'

/** Debian's packages of the competitors. */
const PACKAGES = {
  '/usr/bin/ansible-playbook': 'ansible-core',
  '/usr/lib/python3/dist-packages/ansible_mitogen': 'ansible-mitogen',
}

function installCompetitors(): void {
  const missing = Object.entries(PACKAGES).flatMap(([file, name]) => (existsSync(file) ? [] : [name]))
  if (missing.length === 0) return
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function main(names: string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in CASES) && name !== 'start')
  if (unknown.length > 0)
    throw new Error(`no such case: ${unknown.join(', ')}; there are ${Object.keys(CASES).join(', ')}, start`)
  const alone = ['cluster', 'start', 'scale']
  if (names.length === 0 || names.some((name) => !alone.includes(name))) installCompetitors()
  const rounds = Number(process.env.ROUNDS ?? 8)
  const folder = mkdtempSync(path.join(tmpdir(), 'provision-bench-'))
  const day = new Date().toISOString().slice(0, 10)
  console.log(
    `${cpus().length} cores, ${cpus()[0]!.model}, Node ${process.version}, ${day}, up to ${rounds} interleaved rounds\n`,
  )
  try {
    const floor = await floorProgram(folder)
    for (const [name, { title, run }] of Object.entries(CASES)) {
      if (names.length > 0 && !names.includes(name)) continue
      const before = loadavg()[0]!.toFixed(1)
      console.log(
        `### ${title}\n\n${await run({ folder, rounds, floor })}\nLoad of the machine when it began: ${before}.\n`,
      )
    }
    if (names.length === 0 || names.includes('start'))
      console.log(`### Start of the program\n\n${await startUp(rounds)}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

await main(process.argv.slice(2))
