import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildSimulatedK3s } from '../../src/build/simulated-k3s.ts'

export const VERSION = 'v1.25.4+k3s1'

const TIMES =
  'grace=4000,heartbeat=300,token=200,join=200,ready=100,eviction=60000,bootstrap=300,backoff=300,ycsb=300,stop=500'

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** The kubectl of the lab's image where there is one, else one of this machine. */
export function findKubectl(): string | undefined {
  const images = '/var/cache/provision-lab'
  const own = namesIn(images).map((name) => `${images}/${name}/usr/lib/provision-lab/kubectl`)
  const names = [process.env.K3S_SIM_KUBECTL, ...own, '/usr/bin/kubectl', '/usr/local/bin/kubectl']
  return names.find((name) => name !== undefined && existsSync(name))
}

const namesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Ends a container's first process and the two above it that wait for it. */
function killWithParents(pid: number, levels = 3): void {
  if (levels === 0 || pid <= 1 || !existsSync(`/proc/${pid}/stat`)) return
  const parent = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\)/s, '').split(' ')[2])
  killWithParents(parent, levels - 1)
  process.kill(pid, 'SIGKILL')
}

/** A cluster of the simulated k3s on this machine: each node's files lie in a directory of its own. */
export class K3sRig {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'k3s-sim-'))
  readonly k3s = path.join(this.directory, 'bin', 'k3s')
  /** What the next start runs, where it is another release. */
  private release = this.k3s
  readonly processes = new Map<string, ChildProcess>()
  port = 0
  private readonly kubectlPath: string

  private constructor(kubectlPath: string) {
    this.kubectlPath = kubectlPath
  }

  /** Skips the tests where there is no kubectl. */
  static async make(test: Mocha.Context): Promise<K3sRig> {
    const kubectlPath = findKubectl()
    if (kubectlPath === undefined) {
      console.log('      skipped: there is no kubectl on this machine')
      return test.skip()
    }
    const rig = new K3sRig(kubectlPath)
    rig.port = await freePort()
    await buildSimulatedK3s(VERSION, rig.k3s)
    return rig
  }

  /** Lets what is started from now on be of that release. */
  async useRelease(version: string): Promise<void> {
    this.release = version === VERSION ? this.k3s : path.join(this.directory, 'bin', `k3s-${version}`)
    if (version !== VERSION) await buildSimulatedK3s(version, this.release)
  }

  inNode(node: string, file: string): string {
    return path.join(this.directory, node, file)
  }

  journal(node: string): string {
    return readFileSync(path.join(this.directory, `${node}.log`), 'utf8')
  }

  environment(node: string, extra: Record<string, string> = {}): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: path.join(this.directory, 'home'),
      K3S_SIM_NODE: process.execPath,
      K3S_SIM_KUBECTL: this.kubectlPath,
      K3S_SIM_ROOT: path.join(this.directory, node),
      K3S_SIM_TIMES: TIMES,
      ...extra,
    }
  }

  start(node: string, args: string[], extra: Record<string, string> = {}): void {
    const log = path.join(this.directory, `${node}.log`)
    mkdirSync(path.join(this.directory, node), { recursive: true })
    writeFileSync(log, '')
    const words = ['-c', `exec "$0" "$@" 2>"${log}"`, this.release, ...args]
    const child = spawn('sh', [...words, '--node-name', node, '--node-ip', '127.0.0.1'], {
      env: this.environment(node, extra),
      stdio: 'ignore',
    })
    this.processes.set(node, child)
  }

  async stop(node: string): Promise<void> {
    const child = this.processes.get(node)
    this.processes.delete(node)
    if (child === undefined || child.exitCode !== null) return
    child.kill('SIGKILL')
    await new Promise((resolve) => child.on('exit', resolve))
  }

  startServer(...args: string[]): void {
    this.start('rpi01', ['server', '--https-listen-port', String(this.port), '--disable', 'traefik', ...args])
  }

  startAgent(node: string, token = this.token()): void {
    this.start(node, ['agent'], { K3S_URL: `https://127.0.0.1:${this.port}`, K3S_TOKEN: token })
  }

  /** Starts rpi01 as the server and the others as agents, and waits until they are ready. */
  async boot(...agents: string[]): Promise<void> {
    this.startServer()
    await this.saysInJournal('rpi01', 'k3s is up and running')
    for (const agent of agents) this.startAgent(agent)
    for (const agent of agents) await this.saysInJournal(agent, 'k3s agent is up and running')
  }

  token(): string {
    return readFileSync(this.inNode('rpi01', 'var/lib/rancher/k3s/server/node-token'), 'utf8').trim()
  }

  kubectl(args: string[], input: string | Buffer = ''): Promise<Outcome> {
    return new Promise((resolve) => {
      const options = { env: this.environment('rpi01'), maxBuffer: 64 * 1024 * 1024 }
      const child = execFile(this.k3s, ['kubectl', ...args], options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      )
      child.stdin?.end(input)
    })
  }

  /** Its standard output; fails when it fails. */
  async ok(args: string[], input: string | Buffer = ''): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(args, input)
    assert.equal(code, 0, `kubectl ${args.join(' ')}\n${stderr}`)
    return stdout
  }

  exec(pod: string, ...argv: string[]): Promise<Outcome> {
    return this.kubectl(['exec', pod, '--', ...argv])
  }

  apply(manifest: string, ...args: string[]): Promise<Outcome> {
    return this.kubectl(['apply', '--server-side', '--field-manager=provision', '-f', '-', ...args], manifest)
  }

  async until(what: string, probe: () => boolean | Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      if (await probe()) return
      await sleep(100)
    }
    assert.fail(`timed out waiting for ${what}`)
  }

  saysInJournal(node: string, words: string): Promise<void> {
    return this.until(`"${words}"`, () => this.journal(node).includes(words))
  }

  /** Process ids of the containers of a node. */
  containers(node: string): number[] {
    const folder = this.inNode(node, 'run/k3s/simulation/containers')
    const files = namesIn(folder).map((id) => path.join(folder, id, 'pid'))
    return files
      .filter((file) => existsSync(file))
      .map((file) => Number(readFileSync(file, 'utf8')))
      .filter((pid) => pid > 0)
  }

  /** Cuts a node's power: its processes are gone, and what lay in /run. */
  async powerOff(node: string): Promise<void> {
    await this.stop(node)
    for (const pid of this.containers(node)) killWithParents(pid)
    rmSync(this.inNode(node, 'run'), { recursive: true, force: true, maxRetries: 10 })
  }

  async close(): Promise<void> {
    const nodes = new Set([...this.processes.keys(), 'rpi01', 'rpi02', 'rpi03', 'rpi04'])
    for (const node of nodes) await this.powerOff(node)
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 10 })
  }
}
