import { existsSync } from 'node:fs'
import { run, succeeds } from './command.ts'
import { type LabNode, network } from './nodes.ts'
import { type LabPlaces, namespacePath, nodePlaces } from './places.ts'

/**
 * One end of a node's cable: a port in the namespace of the switch. What joins it to others is a bridge there, so
 * that a cable can be unplugged without either side noticing more than silence.
 */
export interface Cable {
  port: string
  bridge: string
}

const SWITCH = 'switch'

/** Every node is on the switch; a directly reachable one has a second cable, to the laptop. */
export function cablesOf(node: LabNode): Cable[] {
  const number = lastOf(node.address)
  const home = { port: `lan${number}`, bridge: SWITCH }
  return node.direct ? [home, { port: `uplink${number}`, bridge: `laptop${number}` }] : [home]
}

/** Makes the switch and the laptop where they are missing; true when the switch is new, so that no node is on it. */
export async function makeLan(lab: LabPlaces, nodes: LabNode[]): Promise<boolean> {
  if (existsSync(namespacePath(lab.lan)) && existsSync(namespacePath(lab.laptop))) return false
  for (const namespace of [lab.lan, lab.laptop]) {
    if (existsSync(namespacePath(namespace))) await run(['ip', 'netns', 'del', namespace])
    await run(['ip', 'netns', 'add', namespace])
  }
  await inside(lab.lan, [
    `link add ${SWITCH} type bridge forward_delay 0`,
    `addr add ${gatewayOf(nodes)}/24 dev ${SWITCH}`,
    `link set ${SWITCH} up`,
    'route add prohibit default',
  ])
  await inside(lab.laptop, ['link set lo up'])
  // Packets to the outside are refused at once rather than lost, so that what tries to go there need not wait.
  const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  await run(['nsenter', `--net=${namespacePath(lab.lan)}`, 'sh', '-c', forward])
  return true
}

/** Gives a node a new namespace and its cables. */
export async function plugIn(lab: LabPlaces, node: LabNode, nodes: LabNode[]): Promise<void> {
  const { namespace } = nodePlaces(lab, node.name)
  await unplug(lab, node)
  await run(['ip', 'netns', 'add', namespace])
  const [home, uplink] = cablesOf(node)
  await inside(lab.lan, [
    `link add ${home?.port} type veth peer name eth0 address ${hardwareAddress(node, 0)} netns ${namespace}`,
    `link set ${home?.port} master ${home?.bridge} up`,
  ])
  await inside(namespace, [
    'link set lo up',
    `addr add ${node.address}/24 broadcast + dev eth0`,
    'link set eth0 up',
    `route add default via ${gatewayOf(nodes)}`,
  ])
  if (uplink) await plugIntoLaptop(lab, node, uplink)
}

/** A board has the same one after each start: the others would go on sending to another one, for up to a minute. */
function hardwareAddress({ address }: LabNode, socket: number): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'))
  return `02:0${socket}:${bytes.join(':')}`
}

/** The laptop can reach this one address and nothing else. */
async function plugIntoLaptop(lab: LabPlaces, node: LabNode, { port, bridge }: Cable): Promise<void> {
  const { namespace } = nodePlaces(lab, node.name)
  const number = lastOf(node.address)
  const [laptop, board] = [`192.168.${number}.1`, `192.168.${number}.2`]
  await inside(lab.lan, [
    `link add ${bridge} type bridge forward_delay 0`,
    `link set ${bridge} up`,
    `link add ${port} type veth peer name eth1 address ${hardwareAddress(node, 1)} netns ${namespace}`,
    `link set ${port} master ${bridge} up`,
    `link add desk${number} type veth peer name eth${number} netns ${lab.laptop}`,
    `link set desk${number} master ${bridge} up`,
  ])
  await inside(namespace, [`addr add ${board}/30 dev eth1`, 'link set eth1 up'])
  await inside(lab.laptop, [
    `addr add ${laptop}/30 dev eth${number}`,
    `link set eth${number} up`,
    `route add ${node.address}/32 via ${board}`,
  ])
}

/** Takes a node's cables and namespace away. */
async function unplug(lab: LabPlaces, node: LabNode): Promise<void> {
  const { namespace } = nodePlaces(lab, node.name)
  if (!existsSync(namespacePath(namespace))) return
  // The kernel takes them down with the namespace, but not at once, and their names are needed again.
  const number = lastOf(node.address)
  const links = node.direct ? [`desk${number}`, `laptop${number}`, `uplink${number}`] : []
  for (const link of [`lan${number}`, ...links]) await succeeds(['ip', '-n', lab.lan, 'link', 'del', link])
  await run(['ip', 'netns', 'del', namespace])
}

/** Runs lines of `ip` in a namespace. */
async function inside(namespace: string, lines: string[]): Promise<void> {
  await run(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** An address of the network that no node has. */
export function gatewayOf(nodes: LabNode[]): string {
  const prefix = network(nodes[0]?.address ?? '')
  const taken = new Set(nodes.map((node) => node.address))
  for (let last = 1; last < 254; last++) if (!taken.has(`${prefix}.${last}`)) return `${prefix}.${last}`
  return `${prefix}.254`
}

function lastOf(address: string): string {
  return address.slice(address.lastIndexOf('.') + 1)
}
