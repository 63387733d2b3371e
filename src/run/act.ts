import type { Connection, RunOptions } from '../connect/connection.ts'
import { CommandError, ConnectError, ConnectionLost, Interrupted, TaskError } from '../core/errors.ts'
import type { Json } from '../core/json.ts'
import type { Action, Output, Put, Reboot, Run, WaitFor } from '../core/task.ts'
import { present } from '../load/file/release.ts'
import type { RunAs } from './observe.ts'
import { pause } from './pause.ts'
import type { Session } from './session.ts'

export interface ActContext {
  session: Session
  /** The open connection; actions sent on it in one go arrive in one flight. */
  connection: Connection
  runAs: RunAs
  /** Seconds an action may take that does not say so itself. */
  timeout: number
  signal: AbortSignal
  onOutput: (stream: 'stdout' | 'stderr', text: string) => void
  onProgress: (message: string) => void
}

/** The facts that running an action leaves behind by itself: the kept output of a command. */
export type Kept = Record<string, Json>

/** Carries out one action. Rejects with CommandError, TaskError, ConnectionLost or Interrupted. */
export async function act(action: Action, context: ActContext): Promise<Kept> {
  if (context.signal.aborted) throw new Interrupted()
  switch (action.do) {
    case 'run':
      return run(action, context)
    case 'put':
      return put(action, context)
    case 'wait':
      return wait(action, context)
    case 'reboot':
      return reboot(action, context)
  }
}

/** Whether the shell carries the action: what is sent behind it runs after it. */
export function travelsInOrder(action: Action): boolean {
  return action.do === 'run' || (action.do === 'put' && 'text' in action.content)
}

async function run(action: Run, context: ActContext): Promise<Kept> {
  const options: RunOptions = {
    become: context.runAs.become,
    stdin: action.stdin,
    timeout: action.timeout ?? context.timeout,
    signal: action.atomic ? undefined : context.signal,
    onOutput: context.onOutput,
  }
  const output = await context.connection.run(context.runAs.exports + action.script, options)
  requireSuccess(output, action)
  if (action.keep === undefined) return {}
  return { [action.keep]: { rc: output.code, stdout: output.stdout.toString(), stderr: output.stderr } }
}

function requireSuccess(output: Output, action: Run): void {
  const { code, stderr } = output
  if ((action.ok ?? [0]).includes(code)) return
  const meaning = action.meaning?.[code] ?? CODE_MEANINGS[code]
  const message = `the command ended with exit code ${code}${meaning ? ` (${meaning})` : ''}`
  throw new CommandError(message, {
    code,
    command: action.script,
    stderr: stderr || output.stdout.toString(),
    stdout: output.stdout.toString(),
  })
}

const CODE_MEANINGS: Record<number, string> = {
  126: 'found, but not executable',
  127: 'command not found',
  137: 'killed, perhaps for lack of memory',
  143: 'terminated',
}

async function put(action: Put, context: ActContext): Promise<Kept> {
  const { connection, runAs, timeout, onOutput } = context
  const { content } = action
  // A release is fetched to this machine only once a host really needs it.
  const file = 'local' in content ? { ...action, content: { local: await present(content.local) } } : action
  const stamp = await connection.put(file, { become: runAs.become, timeout, onOutput })
  if (stamp !== undefined && 'local' in file.content)
    context.session.verified.set(stamp, file.content.local.sha256)
  return {}
}

const NEVER = 3

async function wait(action: WaitFor, context: ActContext): Promise<Kept> {
  const until = Date.now() + action.timeout * 1000
  for (let looks = 1; ; looks++) {
    const connection = await context.session.connection()
    const output = await connection.run(context.runAs.exports + action.script, {
      become: context.runAs.become,
      timeout: 60,
      signal: context.signal,
    })
    if (output.code === 0) return {}
    const why = output.stderr.trim()
    if (output.code === NEVER) throw new TaskError(`no use waiting for ${action.what}: ${why}`)
    if (Date.now() >= until) {
      throw new TaskError(
        `waited ${action.timeout} s for ${action.what}${why ? `; last answer: ${why}` : ''}`,
      )
    }
    context.onProgress(`waiting for ${action.what}${why ? `: ${why.split('\n').at(-1)}` : ''}`)
    // A thing that comes soon is seen soon; one that takes long is not asked for too often.
    await pause(Math.min(action.every, 0.2 * 1.5 ** looks) * 1000, context.signal)
  }
}

const BOOT_ID = 'cat /proc/sys/kernel/random/boot_id'
/** The command must return before the network goes down. */
const RESTART =
  'systemd-run --quiet --on-active=2s systemctl reboot 2>/dev/null || { (sleep 2; reboot) >/dev/null 2>&1 & }'

async function reboot(action: Reboot, context: ActContext): Promise<Kept> {
  const { session, signal } = context
  const { become } = context.runAs
  if (session.host.connection.kind === 'local')
    throw new TaskError('this is the machine that provision runs on', 'restart it yourself, then run again')
  const before = (await (await session.connection()).run(BOOT_ID, { become })).stdout.toString()
  const command = await (await session.connection()).run(RESTART, { become })
  if (command.code !== 0) {
    throw new CommandError('the restart could not be started', {
      code: command.code,
      command: RESTART,
      stderr: command.stderr,
    })
  }
  const until = Date.now() + action.timeout * 1000
  context.onProgress('restarting')
  while (Date.now() < until) {
    await pause(3000, signal)
    const after = await bootId(session, become)
    if (after !== undefined && after !== before) return {}
  }
  throw new TaskError(
    `not back after ${action.timeout} s`,
    'look at the screen or the power supply of the host',
  )
}

async function bootId(session: Session, become: RunAs['become']): Promise<string | undefined> {
  try {
    const connection = await session.connection()
    return (await connection.run(BOOT_ID, { become, timeout: 10 })).stdout.toString()
  } catch (error) {
    if (!(error instanceof ConnectError || error instanceof ConnectionLost || error instanceof CommandError))
      throw error
    await session.disconnect()
    return undefined
  }
}
