import type { Probe, ResultSchema } from '../core/task.ts'

/** Name in templates of what a host says of itself. */
export const FACTS = 'facts'

/** What a host says of itself. */
export interface HostFacts {
  hostname: string
  /** As uname prints it: x86_64, aarch64, armv7l. */
  architecture: string
  kernel: string
  /** ID of os-release: debian, raspbian, ubuntu. */
  os: string
  /** VERSION_ID of os-release. */
  os_version: string
  os_name: string
  cpus: number
  /** In MiB, as the kernel sees it. */
  memory_mb: number
  /** In seconds. */
  uptime: number
  machine_id: string
  boot_id: string
  /** IPv4 addresses except loopback. */
  addresses: string[]
  [key: string]: string | number | string[]
}

/** The same for templates, which are checked with it. */
export const HOST_FACTS: ResultSchema = {
  hostname: { type: 'string', description: 'Name of the host, as uname prints it.' },
  architecture: { type: 'string', description: 'x86_64, aarch64, armv7l.' },
  kernel: { type: 'string', description: 'Release of the kernel.' },
  os: { type: 'string', description: 'debian, raspbian, ubuntu.' },
  os_version: { type: 'string', description: 'Version of the distribution.' },
  os_name: { type: 'string', description: 'Name and version of the distribution.' },
  cpus: { type: 'integer', description: 'Number of processors.' },
  memory_mb: { type: 'integer', description: 'In MiB, as the kernel sees it.' },
  uptime: { type: 'integer', description: 'In seconds.' },
  machine_id: { type: 'string', description: 'From /etc/machine-id.' },
  boot_id: { type: 'string', description: 'Changes with each boot.' },
  addresses: {
    type: 'array',
    items: { type: 'string' },
    description: 'IPv4 addresses except loopback.',
  },
}

const SCRIPT = `
echo "hostname=$(uname -n)"; echo "architecture=$(uname -m)"; echo "kernel=$(uname -r)"
[ -r /etc/os-release ] && (. /etc/os-release; echo "os=$ID"; echo "os_version=$VERSION_ID"; echo "os_name=$PRETTY_NAME")
echo "cpus=$(getconf _NPROCESSORS_ONLN)"
while read -r name value _; do [ "$name" = MemTotal: ] && echo "memory=$value"; done < /proc/meminfo
read -r up _ < /proc/uptime; echo "uptime=$up"
[ -r /etc/machine-id ] && read -r id < /etc/machine-id && echo "machine_id=$id"
read -r boot < /proc/sys/kernel/random/boot_id; echo "boot_id=$boot"
echo "addresses=$(hostname -I 2>/dev/null)"
`

export const hostProbe: Probe<HostFacts> = {
  key: 'host',
  script: SCRIPT,
  parse({ stdout }) {
    const lines = stdout.toString().split('\n')
    const entries = lines.map(
      (line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const,
    )
    const { cpus, memory, uptime, addresses = '', ...texts } = Object.fromEntries(entries)
    delete texts['']
    return {
      ...(texts as unknown as HostFacts),
      cpus: Number(cpus),
      memory_mb: Math.floor(Number(memory) / 1024),
      uptime: Math.floor(Number(uptime)),
      addresses: addresses.split(' ').filter((address) => address.includes('.')),
    }
  },
}
