import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Runs all suites of this folder, two at a time: they wait for hosts more than they work. */
const AT_ONCE = 2

const HERE = fileURLToPath(new URL('.', import.meta.url))
const MOCHA = fileURLToPath(new URL('../../node_modules/mocha/bin/mocha.js', import.meta.url))

/** What takes longest begins first. */
const LONGEST = ['rebuild', 'the small lab', 'the lab of all hosts', 'backup', 'playbooks-upgrade', 'baddays']

/** Files by what they are run for; those that share a lab are run by one process, which boots it once. */
function suites(): [name: string, files: string[]][] {
  const found: Record<string, string[]> = {}
  for (const name of readdirSync(HERE).filter((one) => one.endsWith('.test.ts'))) {
    const file = path.join(HERE, name)
    ;(found[labOf(name, readFileSync(file, 'utf8'))] ??= []).push(file)
  }
  const rank = (name: string): number => (LONGEST.includes(name) ? LONGEST.indexOf(name) : LONGEST.length)
  return Object.entries(found).sort(([one], [other]) => rank(one) - rank(other))
}

function labOf(name: string, text: string): string {
  if (/^\s*useSmallLab\(/m.test(text)) return 'the small lab'
  if (/^\s*useLab\(/m.test(text)) return 'the lab of all hosts'
  return path.basename(name, '.test.ts')
}

/** This machine is a host, too, and two runs must not meet in its lock: each suite finds another one. */
const OWN_LOCK = ['unshare', '--mount', '--propagation', 'slave', '/bin/sh', '-c']
const LOCKED = [...OWN_LOCK, 'mount -t tmpfs lock /run/lock && exec "$@"', 'sh']
const around = spawnSync(LOCKED[0]!, [...LOCKED.slice(1), 'true']).status === 0 ? LOCKED : []

/** Prints what a suite says in one piece, at its end. */
function run(name: string, files: string[]): Promise<boolean> {
  const [program, ...words] = [...around, process.execPath, MOCHA, ...files]
  const began = Date.now()
  console.log(`lab suite ${name}: begins`)
  return new Promise((resolve) => {
    const child = spawn(program!, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.on('close', (code) => {
      const end = code === 0 ? 'ends well' : `FAILS with exit code ${code}`
      const seconds = Math.round((Date.now() - began) / 1000)
      console.log(`${said}lab suite ${name}: ${end} after ${seconds} s`)
      resolve(code === 0)
    })
  })
}

const waiting = suites()
const failed: string[] = []

async function lane(): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    if (!(await run(...next))) failed.push(next[0])
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, lane))
if (failed.length > 0) console.log(`lab suites that failed: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
