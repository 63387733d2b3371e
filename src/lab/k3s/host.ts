import { existsSync } from 'node:fs'
import { cpus, hostname, networkInterfaces, release, totalmem } from 'node:os'
import { isIPv4 } from 'node:net'
import { readFile } from './files.ts'
import { one, type Settings } from './settings.ts'

/** What a node says about the machine it is. Sizes in bytes. */
export interface Host {
  nodeName: string
  address: string
  bootId: string
  machineId: string
  kernel: string
  osImage: string
  architecture: string
  memory: number
  cpus: number
  /** Where the agent listens as the kubelet does. */
  kubeletPort: number
}

/** Facts of this machine; the settings may name the node and its address. */
export function lookAtHost(settings: Settings): Host {
  const os = readFile('/etc/os-release') ?? ''
  return {
    nodeName: (one(settings, 'node-name') ?? hostname()).toLowerCase(),
    address: one(settings, 'node-ip')?.split(',')[0] ?? defaultAddress(),
    bootId: (readFile('/proc/sys/kernel/random/boot_id') ?? '').trim(),
    machineId: (readFile('/etc/machine-id') ?? '').trim(),
    kernel: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(os)?.[1] ?? 'Linux',
    architecture: { x64: 'amd64', arm64: 'arm64', arm: 'arm' }[process.arch as string] ?? process.arch,
    memory: memory(),
    cpus: cpus().length,
    kubeletPort: 10_250,
  }
}

/** A container sees the machine's memory in /proc; its own limit is in its control group. */
function memory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}

/** The address of the interface that the default route, or the first route there is, leads through. */
function defaultAddress(): string {
  const routes = (readFile('/proc/net/route') ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
  const route = routes.find((fields) => fields[1] === '00000000') ?? routes[0]
  const found = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? [])
      .filter((one) => isIPv4(one.address) && !one.internal)
      .map((one) => ({ name, address: one.address })),
  )
  return (found.find((one) => one.name === route?.[0]) ?? found[0])?.address ?? '127.0.0.1'
}

/** Why k3s would refuse to run here, or undefined. */
export function missingCgroup(): string | undefined {
  const unified = readFile('/sys/fs/cgroup/cgroup.controllers')
  if (unified !== undefined)
    return unified.split(/\s/).includes('memory') ? undefined : 'failed to find memory cgroup (v2)'
  const isMounted = existsSync('/sys/fs/cgroup/memory')
  const column = /^memory\s+\d+\s+\d+\s+(\d)/m.exec(readFile('/proc/cgroups') ?? '')?.[1]
  if (isMounted || column === '1') return undefined
  return (
    'failed to find memory cgroup, you may need to add "cgroup_memory=1 cgroup_enable=memory" to your linux cmdline ' +
    '(/boot/cmdline.txt on a Raspberry Pi)'
  )
}
