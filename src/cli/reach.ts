import { devNull } from 'node:os'
import type { Redactor } from '../base/redact.ts'
import type { Connector } from '../connect/connection.ts'
import { createConnector, type ConnectorOptions } from '../connect/connector.ts'
import { UsageError } from '../core/errors.ts'
import { labBeside } from '../lab/beside.ts'
import { insideLab, labPlaces } from '../lab/places.ts'
import type { Inventory } from '../load/program.ts'
import { ask } from './prompt.ts'

export interface ReachOptions {
  inventory: string | string[]
  lab?: boolean
  /** The real hosts are meant though a lab plays them. */
  real?: boolean
  askBecomePass?: boolean
  /** In seconds; the default of connections when absent. */
  connectTimeout?: number
  /** Decides on keys that have changed; absent: they are refused. */
  onHostKey?: ConnectorOptions['onHostKey']
}

/** Opens connections as the options say; in the lab with its own keys and known hosts. */
export async function connectorFor(
  inventory: Inventory,
  flags: ReachOptions,
  redactor: Redactor,
): Promise<Connector> {
  if (flags.lab) requireLab()
  else if (!flags.real) refuseBesideLab(inventory)
  const answer = async (question: string, secret: boolean): Promise<string> => {
    const text = await ask(question, secret)
    if (secret) redactor.add(text)
    return text
  }
  for (const { connection } of inventory.hosts.values()) {
    if (connection.becomePassword !== undefined) redactor.add(connection.becomePassword)
  }
  if (flags.askBecomePass) await askBecomePassword(inventory, answer)
  return createConnector({
    lookup: (name) => inventory.hosts.get(name),
    ask: process.stdin.isTTY ? answer : undefined,
    onNotice: (message) => process.stderr.write(`${message}\n`),
    ...(flags.connectTimeout === undefined ? {} : { connectTimeout: flags.connectTimeout }),
    ...(flags.onHostKey === undefined ? {} : { onHostKey: flags.onHostKey }),
    ...(flags.lab ? labOptions() : {}),
  })
}

/** The launcher has moved this process into the lab's network, from which nothing else can be reached. */
function requireLab(): void {
  if (insideLab()) return
  throw new UsageError(
    `the lab '${labPlaces().name}' is not up; nothing was contacted`,
    "boot it with 'provision lab up'",
  )
}

/** Who rehearses forgets the flag sooner or later, and would be at the real hosts. */
function refuseBesideLab({ hosts }: Inventory): void {
  const remote = [...hosts.values()].filter(({ connection }) => connection.kind === 'ssh')
  const lab = labBeside(remote.map(({ name, connection }) => connection.address ?? name))
  if (lab === undefined) return
  throw new UsageError(
    `the lab '${lab}' is up, so it is not clear which hosts are meant; nothing was contacted`,
    'add --lab for those of the lab, or --real for the real ones',
  )
}

/** The user's own SSH configuration speaks of the real hosts. */
function labOptions(): Partial<ConnectorOptions> {
  const { keyFile, knownHostsFile } = labPlaces()
  return { keyFile, knownHostsFiles: [knownHostsFile], configFile: devNull }
}

async function askBecomePassword(inventory: Inventory, answer: typeof ask): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UsageError('--ask-become-pass needs a terminal', 'set become_password for the hosts instead')
  }
  const password = await answer('sudo password: ', true)
  for (const { connection } of inventory.hosts.values()) connection.becomePassword ??= password
}
