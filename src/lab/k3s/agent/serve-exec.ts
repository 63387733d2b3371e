import { lstatSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { badRequest, notSimulated } from '../api/status.ts'
import { attachedCommand } from '../container/command.ts'
import type { Container, Runtime } from '../container/runtime.ts'
import type { Channels } from '../streams/channels.ts'
import { connectProcess } from '../streams/exec.ts'
import { isWebSocket, offered } from '../streams/websocket.ts'
import { channelProtocols, WebSocketChannels } from '../streams/websocket-channels.ts'
import type { ContainerCall } from './listener.ts'

const isTrue = (value: string | null) => value === 'true' || value === '1'

/** `kubectl exec`: runs a program in a container, over the streams the client asked for. */
export function serveExec(
  { parts, worker, unit, query }: ContainerCall,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const { runtime } = parts
  const container = runtime?.list().find((one) => one.id === unit.id)
  if (runtime === undefined || (unit.isRunning && container === undefined))
    throw notSimulated('this node can put no process into namespaces, so nothing runs in its pods')
  if (container === undefined || runtime.exitCode(container.id) !== undefined)
    throw badRequest(`container not found ("${unit.spec.name}")`)
  const argv = query.getAll('command')
  const [stdin, tty] = [isTrue(query.get('stdin')), isTrue(query.get('tty'))]
  const channels = open(message, socket, head)
  const problem = missing(runtime, container, argv[0] ?? '')
  if (problem !== undefined) channels.finish({ failure: problem })
  else connectProcess(runtime.exec(container, argv, tty), channels, { stdin, tty })
  worker.wake(1000)
}

/** `kubectl attach`: the command of a container that waits for a client runs in front of that client. */
export function serveAttach(
  { parts, worker, unit, query }: ContainerCall,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const { runtime } = parts
  const container = runtime?.list().find((one) => one.id === unit.id)
  if (runtime === undefined || container === undefined || unit.spec.stdin !== true)
    throw notSimulated('attaching to a container that does not keep its standard input open')
  const [stdin, tty] = [isTrue(query.get('stdin')), isTrue(query.get('tty'))]
  const child = runtime.exec(container, attachedCommand(unit.spec), tty)
  connectProcess(child, open(message, socket, head), { stdin, tty, isAttached: true })
  child.on('close', (code) => {
    writeFileSync(runtime.inside(container.id, '/run/simulated/exit'), `${code ?? 137}\n`)
    runtime.signal(container.id, 'SIGUSR1')
    worker.wake(100)
  })
}

function open(message: IncomingMessage, socket: Duplex, head: Buffer): Channels {
  if (!isWebSocket(message)) throw notSimulated('streams over SPDY; use a kubectl of 1.31 or later')
  const protocol = channelProtocols.find((name) => offered(message).includes(name))
  if (protocol === undefined)
    throw badRequest(`unable to upgrade: none of ${offered(message).join(', ')} is known`)
  return new WebSocketChannels(message, socket, head, protocol)
}

/** What the container runtime says when there is no such program. */
function missing(runtime: Runtime, { id, env }: Container, program: string): string | undefined {
  const places = program.includes('/')
    ? [program]
    : (env.PATH ?? '').split(':').map((path) => join(path, program))
  const isThere = places.some(
    (path) => lstatSync(runtime.inside(id, path), { throwIfNoEntry: false }) !== undefined,
  )
  if (isThere) return undefined
  const why = program.includes('/')
    ? `stat ${program}: no such file or directory`
    : 'executable file not found in $PATH'
  const exec = `OCI runtime exec failed: exec failed: unable to start container process: exec: ${JSON.stringify(program)}: ${why}: unknown`
  return `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: ${exec}`
}
