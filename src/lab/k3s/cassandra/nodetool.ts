import { assassinate, decommission, removeNode } from './membership.ts'
import type { CassandraNode } from './node.ts'
import { describe, info, netstats } from './node-info.ts'
import { misused, type Outcome, said } from './outcome.ts'
import { repair } from './repair.ts'
import { statusText } from './status.ts'
import { tableStats } from './tablestats.ts'

type Command = (node: CassandraNode, args: string[]) => Promise<Outcome> | Outcome

const valued = new Set(['-h', '--host', '-p', '--port', '-u', '--username', '-pw', '--password'])

/** Runs a command of nodetool against the node of its own pod. */
export async function nodetool(node: CassandraNode | undefined, words: string[]): Promise<Outcome> {
  const args = [...words]
  while (args[0]?.startsWith('-')) args.splice(0, valued.has(args[0]) ? 2 : 1)
  const [name = '', ...rest] = args
  const command = commands[name]
  if (command === undefined) {
    return name === ''
      ? said(usage)
      : misused(`the simulated nodetool of \`provision lab\` does not know '${name}'`)
  }
  if (node === undefined || node.phase === 'starting') return notListening
  return command(
    node,
    rest.filter((word) => word !== '--'),
  )
}

const notListening: Outcome = {
  code: 1,
  stdout: '',
  stderr:
    "nodetool: Failed to connect to '127.0.0.1:7199' - ConnectException: 'Connection refused (Connection refused)'.\n",
}

const quiet: Command = () => said('')

const commands: Record<string, Command> = {
  status: async (node, [keyspace]) => said(statusText(await node.exchange(), keyspace)),
  info: async (node) => said(info(node, await node.exchange())),
  version: (node) => said(`ReleaseVersion: ${node.parts.release}\n`),
  describecluster: async (node) => said(describe(node, await node.exchange())),
  removenode: async (node, [what = '']) => removeNode(node, what),
  assassinate: async (node, [address]) => assassinate(node, address ?? ''),
  decommission: async (node) => decommission(node),
  drain: async (node) => node.drain().then(() => said('')),
  cleanup: quiet,
  flush: quiet,
  compact: quiet,
  repair: async (node, args) => repair(node, await node.exchange(), args),
  netstats: (node) => said(netstats(node)),
  statusbinary: (node) => said(node.phase === 'normal' ? 'running\n' : 'not running\n'),
  statusgossip: (node) => said(node.phase === 'drained' ? 'not running\n' : 'running\n'),
  compactionstats: () => said('pending tasks: 0\n\n'),
  cfstats: async (node, args) => tableStats(node, await node.exchange(), args),
  tablestats: async (node, args) => tableStats(node, await node.exchange(), args),
}

const usage = `usage: nodetool [(-p <port> | --port <port>)] [(-h <host> | --host <host>)] <command> [<args>]\n\nThe commands of the simulated nodetool are:\n${Object.keys(
  commands,
)
  .sort()
  .map((name) => `    ${name}\n`)
  .join('')}`
