import type { Duplex } from 'node:stream'
import { Redactor } from '../base/redact.ts'
import type { Connection } from '../connect/connection.ts'
import { deferred } from '../connect/sentscript.ts'
import { CommandError, ConnectError, ConnectionLost, Interrupted, UsageError } from '../core/errors.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import { lookUpConnections } from '../load/secret/secretconnections.ts'
import { copyToClipboard } from './dashboard/clipboard.ts'
import { listenAt, portOf, relay } from './dashboard/relay.ts'
import { type Opened, openWay, PATH, proxyScript, type Way, waysTo } from './dashboard/way.ts'
import { interruption } from './interruption.ts'
import { connectorFor, type ReachOptions } from './reach.ts'

export interface DashboardFlags extends ReachOptions {
  port: number
}

/** Opens the way to the dashboard and keeps it open until Ctrl-C; resolves with the exit code. */
export async function dashboard(flags: DashboardFlags): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const ways = waysTo(inventory)
  if (ways.length === 0) throw new UsageError(NO_SERVER.message, NO_SERVER.hint)
  await lookUpConnections(ways.map(({ host }) => host))
  const connector = await connectorFor(inventory, flags, new Redactor())
  const listener = await listenAt(flags.port, flags.lab)
  let dial = (): Promise<Duplex> => Promise.reject(new Error('not yet'))
  const end = relay(listener, () => dial())
  const stop = interruption()
  try {
    const opened = await openWay(ways, connector, stop.signal)
    const { port, ended } = await startProxy(opened.connection, opened.way, stop.signal)
    dial = () => opened.connection.dial(port)
    await introduce(`http://localhost:${portOf(listener)}${PATH}`, opened)
    return await ended
  } catch (error) {
    if (error instanceof Interrupted) return EXIT_CODES.ok
    throw error
  } finally {
    end()
    await connector.close()
    stop.end()
  }
}

const NO_SERVER = {
  message: 'the inventory has no server of a cluster',
  hint: "give one host 'k3s_role: server', or put it into the group 'server'",
}

/** Resolves once the proxy listens; `ended` rejects when it or the connection ends. */
async function startProxy(
  connection: Connection,
  way: Way,
  signal: AbortSignal,
): Promise<{ port: number; ended: Promise<never> }> {
  let said = ''
  const port = deferred<number>()
  const onOutput = (_: string, text: string): void => {
    said = (said + text).slice(-1000)
    const number = /Starting to serve on \S*:(\d+)/.exec(said)?.[1]
    if (number !== undefined) port.resolve(Number(number))
  }
  const ended = connection
    .run(proxyScript(way), { become: way.become, signal, onOutput })
    .then(({ code, stderr }) => {
      const message = `${way.host.name}: kubectl proxy has ended`
      throw new CommandError(message, { code, command: 'kubectl proxy', stderr })
    }, lost)
  return { port: await Promise.race([port.promise, ended]), ended }
}

function lost(error: unknown): never {
  if (!(error instanceof ConnectionLost)) throw error
  const why = error.message.replace(/ while a command ran.*/, '')
  throw new ConnectError(`the way to the dashboard is lost: ${why}`, {
    hint: 'open it again: provision dashboard',
    cause: error,
  })
}

/** Says where the dashboard is. The token is written nowhere but to the clipboard, or to a terminal. */
async function introduce(address: string, { way, token, ready }: Opened): Promise<void> {
  const copied = await copyToClipboard(token)
  const terminal = process.stdout.isTTY || process.stderr.isTTY
  const lines = [
    address,
    '',
    ...(ready ? [] : ['Its pod is not ready yet; it takes a minute after it was set up.']),
    copied
      ? 'Choose "Token" there, and paste: a fresh one, good for an hour, is in the clipboard.'
      : terminal
        ? 'Choose "Token" there, and give it this fresh one, good for an hour:'
        : 'There is no clipboard and no terminal for the token; make one: kubectl -n kubernetes-dashboard create token admin-user',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  if (!copied && terminal) (process.stdout.isTTY ? process.stdout : process.stderr).write(`\n${token}\n\n`)
  process.stdout.write(`The way leads through kubectl proxy on ${way.host.name}. Ctrl-C closes it.\n`)
}
