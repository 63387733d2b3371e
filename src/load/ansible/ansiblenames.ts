import type { Json } from '../../core/json.ts'
import { HOST_FACTS, type HostFacts } from '../../probe/host.ts'
import { isLate } from '../../core/late.ts'
import { lateOf } from '../check/lateshapes.ts'
import { Undefined } from '../template/templateerror.ts'
import type { Lookup, Value } from '../template/values.ts'
import { member } from '../template/values.ts'

interface AnsibleFact {
  from: keyof HostFacts & string
  /** Where Ansible tells it otherwise. */
  turn?: (value: string) => string
}

const major = (version: string): string => version.split('.', 1)[0] as string
const short = (name: string): string => name.split('.', 1)[0] as string

/** How Ansible calls distributions; it takes Raspbian for Debian. */
const DISTRIBUTIONS = new Map([
  ['debian', 'Debian'],
  ['raspbian', 'Debian'],
  ['ubuntu', 'Ubuntu'],
])
const distribution = (id: string): string => DISTRIBUTIONS.get(id) ?? id.charAt(0).toUpperCase() + id.slice(1)

/** What Ansible says of hosts, without the ansible_ before each name, in terms of our facts. */
const FACTS_OF_ANSIBLE: Record<string, AnsibleFact> = {
  hostname: { from: 'hostname', turn: short },
  nodename: { from: 'hostname' },
  architecture: { from: 'architecture' },
  machine: { from: 'architecture' },
  kernel: { from: 'kernel' },
  distribution: { from: 'os', turn: distribution },
  distribution_major_version: { from: 'os_version', turn: major },
  os_family: { from: 'os', turn: (id) => (DISTRIBUTIONS.has(id) ? 'Debian' : distribution(id)) },
  processor_nproc: { from: 'cpus' },
  processor_vcpus: { from: 'cpus' },
  memtotal_mb: { from: 'memory_mb' },
  uptime_seconds: { from: 'uptime' },
  machine_id: { from: 'machine_id' },
  all_ipv4_addresses: { from: 'addresses' },
}

/** The same on every host that can be worked on. */
const CONSTANTS: Record<string, string> = { system: 'Linux', pkg_mgr: 'apt', service_mgr: 'systemd' }

/** What to write instead of other names. */
const CURES: Record<string, string> = {
  distribution_version: 'write facts.os_version, which is the major version on Debian: 12',
  distribution_release: "write facts.os_name, which holds it: 'bookworm' in facts.os_name",
  lsb: 'write facts.os_name or facts.os_version',
  default_ipv4: "write facts.addresses[0], the host's first address",
  eth0: "write facts.addresses[0], the host's first address",
  all_ipv6_addresses: "run 'ip -6 -j addr' in a command with changes: false, and register it",
  interfaces: "run 'ip -j link' in a command with changes: false, and register it",
  fqdn: "run 'hostname -f' in a command with changes: false, and register it",
  domain: "run 'hostname -d' in a command with changes: false, and register it",
  processor_cores: 'write facts.cpus, the number of processors',
  processor_count: 'write facts.cpus, the number of processors',
  memory_mb: 'write facts.memory_mb',
  mounts: "run 'findmnt --json' in a command with changes: false, and register it",
  devices: "run 'lsblk --json' in a command with changes: false, and register it",
  date_time: "run 'date' in a command with changes: false, and register it",
  env: "run 'echo $NAME' in a command with changes: false, and register it",
  user_id: "run 'id -un' in a command with changes: false, and register it",
  user_dir: 'register a step with the task user; its result has home',
  virtualization_type: "run 'systemd-detect-virt' in a command with changes: false, and register it",
  virtualization_role: "run 'systemd-detect-virt' in a command with changes: false, and register it",
  packages: 'register a step with the task package; its result has versions',
  services: 'register a step with the task systemd; its result has active and enabled',
  diff_mode: 'remove it: --diff only shows',
  version: 'remove it: this is not Ansible',
  play_batch: 'write play_hosts: the hosts of the play',
  loop: 'number the items: loop: "{{ range(list | length) | list }}" and list[item]',
  parent_role_names: 'write role_name',
  limit: 'write play_hosts: the hosts of the play',
  run_tags: 'give the step the tag instead',
  skip_tags: 'give the step the tag instead',
}

/** What Ansible's name for a fact comes to; undefined: it is none of these. `facts` are asked only then. */
export function ansibleFact(name: string, facts: () => Value): Value | undefined {
  if (Object.hasOwn(CONSTANTS, name)) return CONSTANTS[name]
  if (!Object.hasOwn(FACTS_OF_ANSIBLE, name)) return undefined
  const { from, turn } = FACTS_OF_ANSIBLE[name] as AnsibleFact
  const all = facts()
  if (isLate(all as Json)) return lateOf(HOST_FACTS[from] ?? {})
  const value = member(all, from)
  return turn !== undefined && typeof value === 'string' ? turn(value) : value
}

/** `ansible_facts`, whose keys are these names. */
export function ansibleFacts(facts: () => Value): Lookup {
  const names = [...Object.keys(FACTS_OF_ANSIBLE), ...Object.keys(CONSTANTS)]
  return {
    keys: () => names,
    get: (key) => ansibleFact(key.replace(/^ansible_/, ''), facts) ?? unknownFact(key),
  }
}

/** Of a name that begins with ansible_, or a key of ansible_facts. */
export function unknownFact(name: string): Undefined {
  const key = name.replace(/^ansible_/, '')
  const generic = "what hosts say of themselves is in facts.NAME; 'provision facts' shows it"
  return new Undefined(`'${name}' is not defined`, Object.hasOwn(CURES, key) ? CURES[key] : generic)
}
