import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { labDown, labStatus, labUp } from '../../src/lab/lab.ts'
import { labPlaces, namespacePath } from '../../src/lab/places.ts'
import { labObstacle } from '../../src/lab/requirements.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { testLab } from './names.ts'

/** A lab of the tests' own, beside the user's. */
export const TEST_LAB = testLab()
process.env.PROVISION_LAB = TEST_LAB

export const INVENTORY = fileURLToPath(new URL('../../inventory.yaml', import.meta.url))

let booted: Promise<void> | undefined
let told = false

/**
 * To be called in a `describe`: its tests find all hosts of inventory.yaml booted, or are skipped where none can be.
 * `fresh`: as they are at first, whatever other tests have done to them.
 */
export function useLab({ fresh = false } = {}): void {
  before('boot the lab', async function () {
    this.timeout(600_000)
    // Other suites have labs of their own, and may leave behind another name, or none: that would be the user's.
    process.env.PROVISION_LAB = TEST_LAB
    const obstacle = labObstacle()
    if (obstacle === null) return (booted = fresh || booted === undefined ? bootLab() : booted)
    if (!told) console.log(`  skipped: ${obstacle}`)
    told = true
    this.skip()
  })
}

async function bootLab(): Promise<void> {
  // What a run that was killed has left behind would not be as new.
  await labDown(() => {})
  const { inventory } = await loadInventory(INVENTORY)
  const say = ({ host, text }: { host?: string; text: string }): void => {
    if (host === undefined) console.log(`  lab: ${text}`)
  }
  await labUp(inventory, { say, install: 'yes' })
}

after('take the lab down', async function () {
  this.timeout(60_000)
  process.env.PROVISION_LAB = TEST_LAB
  if (booted) await labDown(() => {})
})

export interface Answer {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a script on a node as the user would from the laptop: over OpenSSH, through the jump host. Patience in seconds. */
export function onNode(host: string, script: string, patience = 60): Promise<Answer> {
  const options = ['-o', 'BatchMode=yes', '-o', `ConnectTimeout=${patience}`, '-o', 'LogLevel=ERROR']
  return fromLaptop(['ssh', '-F', labPlaces().sshConfig, ...options, host, script])
}

/** Runs a program of this machine in the laptop's network. */
export function fromLaptop(argv: string[]): Promise<Answer> {
  return answerOf('nsenter', [`--net=${namespacePath(labPlaces().laptop)}`, '--', ...argv])
}

export function answerOf(program: string, args: string[], env = process.env): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const answer: Answer = { code: null, stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (answer.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (answer.stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ ...answer, code }))
  })
}

/** What the lab says of one node. */
export function nodeState(host: string) {
  return labStatus()?.nodes.find((node) => node.name === host)
}
