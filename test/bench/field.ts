import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { labPlaces, namespacePath } from '../../src/lab/places.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import type { Contender } from './race.ts'

const LAUNCHER = path.resolve('src/cli/launch.cjs')

/** Where contenders meet: the lab's hosts, as each of them wants to be told of them. */
export interface Field {
  folder: string
  /** Names and addresses; the first is the jump host. */
  hosts: { name: string; address: string }[]
  /** Ours: run in the laptop's network. */
  ours(name: string, words: string[], more?: Partial<Contender>): Contender
  /** A shell script on this machine, which has the OpenSSH configuration as $F. */
  script(name: string, text: string, more?: Partial<Contender>): Contender
  ansible(name: string, playbook: string, how: AnsibleWay, words?: string[]): Contender
  inside: (argv: string[]) => string[]
  /** Ends connections that were kept for later. */
  hangUp(): void
  /** Runs a shell script as root on the hosts; returns what each printed. */
  everywhere(script: string): Map<string, string>
}

export interface AnsibleWay {
  pipelining?: boolean
  forks?: number
  strategy?: 'linear' | 'free' | 'mitogen_linear'
}

/** `jump`: where the jump host answers, if not at its own address (through a delay). */
export async function openField(folder: string, jump?: { address: string; port: number }): Promise<Field> {
  mkdirSync(path.join(folder, 'cm'), { recursive: true })
  const lab = labPlaces()
  const { inventory } = await loadInventory('inventory.yaml')
  const hosts = [...inventory.hosts.values()].map(({ name, connection }) => ({
    name,
    address: connection.address!,
  }))
  const inside = (argv: string[]): string[] => ['nsenter', `--net=${namespacePath(lab.laptop)}`, ...argv]
  const config = path.join(folder, 'ssh_config')
  writeFileSync(config, sshConfig(folder, hosts, jump))
  const inventories = ['-i', path.resolve('inventory.yaml')]
  if (jump !== undefined) {
    const there = path.join(folder, 'jump.yaml')
    writeFileSync(there, JSON.stringify({ all: { hosts: { [hosts[0]!.name]: jump } } }))
    inventories.push('-i', there)
  }
  const ini = path.join(folder, 'hosts.ini')
  writeFileSync(ini, `${hosts.map(({ name }) => name).join('\n')}\n`)
  // The first connection carries the others; without this each of them would try to be the first.
  const opened = `ssh -F ${config} -fN ${hosts[0]!.name} </dev/null >/dev/null 2>&1;`
  const shell = (text: string): string[] => inside(['sh', '-c', `F=${config}; ${opened} ${text}`])
  const field: Field = {
    folder,
    hosts,
    inside,
    ours: (name, words, more) => ({
      name,
      argv: inside([process.execPath, LAUNCHER, ...words, ...inventories, '--lab']),
      ...more,
    }),
    script: (name, text, more) => ({ name, argv: shell(text), ...more }),
    ansible: (name, playbook, how, words = []) => ({
      name,
      argv: shell(`exec ansible-playbook -i ${ini} ${playbook} ${words.join(' ')}`),
      env: ansibleEnvironment(config, how),
      every: 4,
    }),
    hangUp() {
      for (const socket of readdirSync(path.join(folder, 'cm'))) {
        try {
          const control = `ControlPath=${path.join(folder, 'cm', socket)}`
          execFileSync('ssh', ['-o', control, '-O', 'exit', 'any'], { stdio: 'ignore' })
        } catch {
          // It has gone by itself.
        }
      }
    },
    everywhere: (script) => {
      const words = ['exec', 'all', '-b', '--output', 'json', ...inventories, '--lab', '--', script]
      const argv = inside([process.execPath, LAUNCHER, ...words])
      const answers = JSON.parse(execFileSync(argv[0]!, argv.slice(1), { encoding: 'utf8' })) as {
        host: string
        stdout: string
      }[]
      return new Map(answers.map(({ host, stdout }) => [host, stdout]))
    },
  }
  return field
}

function sshConfig(folder: string, hosts: Field['hosts'], jump?: { address: string; port: number }): string {
  const { keyFile } = labPlaces()
  const [first, ...rest] = hosts as [Field['hosts'][number], ...Field['hosts']]
  return [
    `Host ${first.name}\n  HostName ${jump?.address ?? first.address}\n  Port ${jump?.port ?? 22}`,
    ...rest.map(({ name, address }) => `Host ${name}\n  HostName ${address}\n  ProxyJump ${first.name}`),
    `Host *\n  User pi\n  IdentityFile ${keyFile}\n  IdentitiesOnly yes\n  LogLevel ERROR\n  BatchMode yes`,
    `  UserKnownHostsFile ${folder}/known_hosts\n  StrictHostKeyChecking accept-new`,
    `  ControlMaster auto\n  ControlPath ${folder}/cm/%C\n  ControlPersist 60s\n`,
  ].join('\n')
}

/** What Ansible looks for by itself is told to it, and it need not ask for facts: both to its advantage. */
function ansibleEnvironment(
  config: string,
  { pipelining, forks = 5, strategy = 'linear' }: AnsibleWay,
): Record<string, string> {
  return {
    ANSIBLE_SSH_ARGS: `-F ${config}`,
    ANSIBLE_PIPELINING: pipelining ? 'true' : 'false',
    ANSIBLE_FORKS: String(forks),
    ANSIBLE_STRATEGY: strategy,
    ANSIBLE_STRATEGY_PLUGINS: '/usr/lib/python3/dist-packages/ansible_mitogen/plugins/strategy',
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_HOST_KEY_CHECKING: 'false',
    ANSIBLE_RETRY_FILES_ENABLED: 'false',
    ANSIBLE_DEPRECATION_WARNINGS: 'false',
  }
}

/** Puts a delay, and a narrow place, before the jump host: this kernel may lack netem. Resolves once it listens. */
export function startDelay(
  inside: Field['inside'],
  port: number,
  address: string,
  ms: number,
  megabits?: number,
): Promise<() => void> {
  const [program, ...argv] = inside([
    process.execPath,
    '--import',
    'tsx',
    'test/bench/delay.ts',
    String(port),
    address,
    String(ms),
    ...(megabits === undefined ? [] : [String(megabits)]),
  ])
  const child = spawn(program!, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve) => child.stdout.once('data', () => resolve(() => child.kill())))
}
