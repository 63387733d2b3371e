import { existsSync, statSync } from 'node:fs'
import { UsageError } from '../core/errors.ts'

/** Names and paths of one lab; everything it makes on the machine carries its name. */
export interface LabPlaces {
  name: string
  /** Directory of all its state; gone after `lab down`. */
  state: string
  /** What the lab was started with. */
  record: string
  keyFile: string
  knownHostsFile: string
  sshConfig: string
  /** Starts one node and cleans up after it. */
  starter: string
  lock: string
  /** Network namespace of the switch that joins the nodes. */
  lan: string
  /** Network namespace the program runs in: joined to the directly reachable hosts only. */
  laptop: string
  /** Path of its control groups below each hierarchy. */
  cgroup: string
}

export const IMAGES = '/var/cache/provision-lab'
export const STATES = '/var/lib/provision-lab'
export const NAMESPACES = '/run/netns'

/** Takes the name from PROVISION_LAB, so that several labs can live side by side. */
export function labPlaces(name = process.env.PROVISION_LAB || 'provision'): LabPlaces {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
    throw new UsageError(
      `PROVISION_LAB is '${name}'`,
      'a lab name is of small letters, digits and -, at most 31 of them',
    )
  }
  const state = `${STATES}/${name}`
  return {
    name,
    state,
    record: `${state}/lab.json`,
    keyFile: `${state}/id_ed25519`,
    knownHostsFile: `${state}/known_hosts`,
    sshConfig: `${state}/ssh_config`,
    starter: `${state}/start-node`,
    lock: `/run/provision-lab-${name}.lock`,
    lan: `${name}.lan`,
    laptop: `${name}.laptop`,
    cgroup: `provision-lab/${name}`,
  }
}

/** Names and paths of one node. */
export interface NodePlaces {
  directory: string
  /** The boards' SD card: its root filesystem, an ext4 image that grows as it is written. */
  card: string
  /** The SSD, likewise. */
  disk: string
  /** Files laid over the image at the first boot. */
  seed: string
  console: string
  /** Holds the process id of its starter. */
  pid: string
  faults: string
  namespace: string
  /** Name towards systemd-nspawn. */
  machine: string
  cgroup: string
}

export function nodePlaces(lab: LabPlaces, host: string): NodePlaces {
  const directory = `${lab.state}/nodes/${host}`
  return {
    directory,
    card: `${directory}/card.img`,
    disk: `${directory}/disk.img`,
    seed: `${directory}/seed`,
    console: `${directory}/console.log`,
    pid: `${directory}/pid`,
    faults: `${directory}/faults.json`,
    namespace: `${lab.name}.node.${host}`,
    machine: `${lab.name}.${host}`,
    cgroup: `${lab.cgroup}/${host}`,
  }
}

export function namespacePath(namespace: string): string {
  return `${NAMESPACES}/${namespace}`
}

/** True where this process runs in the lab's network, from which no real host can be reached. */
export function insideLab(): boolean {
  const laptop = namespacePath(labPlaces().laptop)
  return existsSync(laptop) && statSync(laptop).ino === statSync('/proc/self/ns/net').ino
}
