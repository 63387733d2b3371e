import { workloads } from '../cassandra/ycsb.ts'

/** What the lab puts in the place of an image's programs. */
export interface StandIn {
  /** What the agent does for its containers beyond running a process. */
  role: 'cassandra' | 'web' | 'shell' | 'none'
  env: Record<string, string>
  workingDir: string
  /** Names of programs of the simulation, by their path in the container. */
  programs: Record<string, string>
  files: Record<string, string>
}

const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const plain = { env: { PATH: system }, workingDir: '/', programs: {}, files: {} }

/** By the image's repository, without registry and tag; the first that fits counts. */
const standIns: [RegExp, (tag: string, env: Record<string, string>) => StandIn][] = [
  [/(^|\/)cassandra$/, cassandra],
  [/ycsb/, ycsb],
  [
    /(^|\/)(busybox|alpine|bash|debian|ubuntu|mirrored-library-busybox|python|openjdk|eclipse-temurin)$/,
    () => ({ role: 'shell', ...plain }),
  ],
  [
    /(^|\/)(nginx|httpd|traefik|dashboard|dashboard-api|dashboard-web|hello-world|headlamp)$/,
    () => ({ role: 'web', ...plain }),
  ],
]

/** What stands in for an image, given without its registry; `env` is what the image itself sets. */
export function standInFor(repository: string, tag: string, env: Record<string, string>): StandIn {
  const found = standIns.find(([pattern]) => pattern.test(repository))
  return found === undefined ? { role: 'none', ...plain } : found[1](tag, env)
}

// Where a tag leaves open which release it is, the newest of the line.
const newest: Record<string, string> = {
  '4': '4.1.11',
  latest: '5.0.6',
  '4.1': '4.1.11',
  '4.0': '4.0.19',
  '5': '5.0.6',
  '5.0': '5.0.6',
  '3': '3.11.19',
}

export const releaseOf = (tag: string) => newest[tag] ?? tag

function cassandra(tag: string): StandIn {
  const home = '/opt/cassandra'
  return {
    role: 'cassandra',
    env: {
      PATH: `/opt/java/openjdk/bin:${home}/bin:${system}`,
      CASSANDRA_HOME: home,
      CASSANDRA_CONF: '/etc/cassandra',
      CASSANDRA_VERSION: releaseOf(tag),
    },
    workingDir: '/',
    programs: { [`${home}/bin/nodetool`]: 'nodetool', [`${home}/bin/cqlsh`]: 'cqlsh' },
    files: {},
  }
}

function ycsb(_tag: string, env: Record<string, string>): StandIn {
  const home = env.YCSB_HOME ?? '/opt/ycsb'
  const files = Object.entries(workloads).map(([letter, text]) => [
    `${home}/workloads/workload${letter}`,
    text,
  ])
  return {
    role: 'shell',
    env: {
      PATH: `/opt/simulated/bin:${system}`,
      YCSB_HOME: home,
      YCSB_VERSION: '0.18.0',
      CLASSPATH: `${home}/slf4j-api-1.7.30.jar`,
    },
    workingDir: '/',
    programs: {
      [`${home}/bin/ycsb`]: 'ycsb',
      [`${home}/bin/ycsb.sh`]: 'ycsb',
      '/opt/simulated/bin/cqlsh': 'cqlsh',
    },
    files: Object.fromEntries(files),
  }
}

/** Where a container finds what its programs need of the simulation. */
export const inContainer = {
  directory: '/run/simulated',
  node: '/run/simulated/node',
  k3s: '/run/simulated/k3s',
  agent: '/run/simulated/agent',
}

export const containerVariable = 'K3S_SIM_CONTAINER'

/** The script at a program's path. */
export const stub = (program: string) =>
  `#!/bin/sh
exec ${inContainer.node} --max-semi-space-size=1 --max-old-space-size=64 --v8-pool-size=1 --no-warnings ${inContainer.k3s} stand-in ${program} "$@"
`
