import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, closeSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { quoteAll } from '../../../base/shell.ts'
import { readFile, writeFile } from '../files.ts'
import { type Box, boxScript } from './box.ts'

export interface ContainerOrder extends Omit<Box, 'directory' | 'files'> {
  id: string
  env: Record<string, string>
  /** Files to lay into the container by their path in it; scripts can be executed. */
  contents: Record<string, string>
  logFile: string
  /** What the starter wants to know of it later. */
  labels: Record<string, string>
}

/** A container as it is kept for the next start of the agent. */
export interface Container {
  id: string
  labels: Record<string, string>
  env: Record<string, string>
  logFile: string
  startedAt: string
  workingDir: string
}

/** Looks at a starting container, 20 ms apart. */
const patience = 3000

const shim = '/var/lib/rancher/k3s/data/simulated/bin/containerd-shim-runc-v2'

/**
 * Runs containers as processes in namespaces of their own. They outlive the agent, as those of containerd do; what is
 * known of them lies in a directory that a restart of the host empties.
 */
export class Runtime {
  private readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  /** Why containers can't be run here, or undefined. */
  static obstacle(): string | undefined {
    if (process.getuid?.() !== 0) return 'the agent does not run as root'
    const tried = spawnSync('unshare', ['--mount', '--pid', '--uts', '--ipc', '--fork', 'true'])
    return tried.status === 0 ? undefined : 'unshare does not work here'
  }

  list(): Container[] {
    if (!existsSync(this.directory)) return []
    return readdirSync(this.directory)
      .map((id) => readFile(join(this.directory, id, 'container.json')))
      .filter((text) => text !== undefined)
      .map((text) => JSON.parse(text) as Container)
  }

  /** Starts one and returns once its own program runs, or has ended. Throws what its preparation said. */
  async start(order: ContainerOrder): Promise<Container> {
    const { id, labels, env, logFile, workingDir } = order
    const place = join(this.directory, id)
    const container = { id, labels, env, logFile, workingDir, startedAt: new Date().toISOString() }
    this.prepare(place, order)
    writeFile(join(place, 'container.json'), JSON.stringify(container))
    launch(place, order)
    const isUnderWay = () => this.pid(id) === undefined && this.exitCode(id) === undefined
    for (let tries = 0; isUnderWay() && tries < patience; tries += 1) await sleep(20)
    if (this.pid(id) !== undefined) return container
    const why = readFile(logFile)?.trim().split('\n').at(-1) ?? 'no process'
    this.remove(id)
    throw new Error(`failed to create containerd task: ${why}`)
  }

  /** Process id of the first process, on the node. */
  pid(id: string): number | undefined {
    const text = readFile(join(this.directory, id, 'pid'))?.trim()
    return text ? Number(text) : undefined
  }

  /** Undefined while it runs; 137 when it vanished without leaving a code. */
  exitCode(id: string): number | undefined {
    const text = readFile(join(this.directory, id, 'exit'))?.trim()
    if (text) return Number(text)
    const pid = this.pid(id)
    return pid !== undefined && !existsSync(`/proc/${pid}`) ? 137 : undefined
  }

  signal(id: string, signal: NodeJS.Signals): void {
    const pid = this.pid(id)
    if (pid === undefined || this.exitCode(id) !== undefined) return
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  /** Runs a program in a container. A terminal is one of the node's, which `script` opens. */
  exec({ id, env, workingDir }: Container, argv: string[], tty = false): ChildProcess {
    const enter = ['-t', String(this.pid(id)), '-m', '-u', '-i', '-p', '-r', '--']
    const words = ['/usr/bin/nsenter', ...enter, '/usr/bin/env', '-C', workingDir, ...argv]
    const whole = tty ? ['/usr/bin/script', '-qec', quoteAll(words), '/dev/null'] : words
    const [program = '', ...args] = whole
    return spawn(program, args, { env: tty ? { TERM: 'xterm', ...env } : env, stdio: 'pipe', detached: true })
  }

  /** Path of a container's file on the node; absolute links in it lead astray. */
  inside(id: string, path: string): string {
    return `/proc/${this.pid(id)}/root${path}`
  }

  /** Ends what is left of it and forgets it. */
  remove(id: string): void {
    this.signal(id, 'SIGKILL')
    const place = join(this.directory, id)
    rmSync(join(place, 'container.json'), { force: true })
    void removeTree(place)
  }

  private prepare(place: string, order: ContainerOrder): void {
    const files = join(place, 'files')
    mkdirSync(files, { recursive: true })
    for (const [path, text] of Object.entries(order.contents))
      writeFile(join(files, path), text, text.startsWith('#!') ? 0o755 : 0o644)
    writeFile(join(place, 'box'), boxScript({ ...order, directory: place, files }))
  }
}

/** The shell that waits for the container still writes its exit code, so once may be too early. */
async function removeTree(place: string): Promise<void> {
  for (let tries = 0; tries < 50 && existsSync(place); tries += 1) {
    try {
      rmSync(place, { recursive: true, force: true })
    } catch {
      await sleep(20)
    }
  }
}

/** The shell in between stays to note down the exit code; it goes by the name that k3s-killall.sh looks for. */
function launch(place: string, { env, logFile }: ContainerOrder): void {
  mkdirSync(join(logFile, '..'), { recursive: true })
  const log = openSync(logFile, 'a')
  const script =
    'cd "$1"; unshare --mount --pid --uts --ipc --fork --kill-child sh ./box; code=$?; ' +
    'echo $code > exit.new; mv exit.new exit'
  const child = spawn('/bin/sh', ['-c', script, shim, place], {
    argv0: shim,
    env,
    detached: true,
    stdio: ['ignore', log, log],
  })
  child.unref()
  closeSync(log)
}
