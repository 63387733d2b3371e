import { printedJson } from '../base/printed-json.ts'
import { quoteAll } from '../base/shell.ts'
import { Redactor } from '../base/redact.ts'
import type { Connection } from '../connect/connection.ts'
import { CommandError, ConnectError, UsageError } from '../core/errors.ts'
import { becomeOn } from '../core/host.ts'
import type { Json } from '../core/json.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import { select } from '../load/inventory/patterns.ts'
import { lookUpConnections } from '../load/secret/secretconnections.ts'
import { hostProbe } from '../probe/host.ts'
import { coloursFor } from '../render/colour.ts'
import { withoutHost } from '../render/lines.ts'
import { duration, padEnd, printableLines } from '../render/text.ts'
import { EXIT_CODES } from '../core/exitcodes.ts'
import { optimiseLess } from './optimising.ts'
import { connectorFor, type ReachOptions } from './reach.ts'

export interface AdhocFlags extends ReachOptions {
  become?: boolean
  output: 'text' | 'json'
}

interface Answer {
  host: string
  ms: number
  code?: number
  stdout?: string
  stderr?: string
  value?: Json
  error?: string
  hint?: string
}

/** Runs a command on every host of the pattern; resolves with the exit code. */
export async function exec(pattern: string, words: string[], flags: AdhocFlags): Promise<number> {
  const script = words.length === 1 ? words[0]! : quoteAll(words)
  return ask(pattern, flags, async (connection) => {
    const { code, stdout, stderr } = await connection.run(script, {
      become: becomeOn(connection.host, flags.become ?? false),
    })
    return { code, stdout: stdout.toString(), stderr }
  })
}

export function ping(pattern: string, flags: AdhocFlags): Promise<number> {
  return ask(pattern, flags, async (connection) => {
    const { code } = await connection.run(':', {})
    return { code }
  })
}

export function facts(pattern: string, flags: AdhocFlags): Promise<number> {
  return ask(pattern, flags, async (connection) => {
    const output = await connection.run(hostProbe.script as string, {})
    return { code: output.code, value: hostProbe.parse(output) }
  })
}

type Question = (connection: Connection) => Promise<Partial<Answer>>

async function ask(pattern: string, flags: AdhocFlags, question: Question): Promise<number> {
  const { inventory } = await loadInventory(flags.inventory)
  const hosts = select(inventory, pattern)
  if (hosts.length === 0) throw new UsageError(`no host matches '${pattern}'`)
  const becoming = hosts
    .map((name) => inventory.hosts.get(name)!)
    .filter((host) => becomeOn(host, flags.become ?? false))
  if (becoming.length > 0) await lookUpConnections(becoming)
  const redactor = new Redactor()
  optimiseLess(hosts.length)
  const connector = await connectorFor(inventory, flags, redactor)
  const asking = hosts.map(async (name) => {
    const asked = askHost(name, () => connector.connect(inventory.hosts.get(name)!), question)
    const answer = redactor.maskAll(await asked)
    if (flags.output === 'text') show(answer, Math.max(...hosts.map((host) => host.length)))
    return answer
  })
  const answers = await Promise.all(asking).finally(() => connector.close())
  if (flags.output === 'json') await writeJson(answers)
  if (answers.some(({ error, code }) => error !== undefined && code === undefined))
    return EXIT_CODES.unreachable
  return answers.some(({ code }) => code !== 0) ? EXIT_CODES.failed : EXIT_CODES.ok
}

/** One after the other: what all hosts printed need not fit into one string, nor into one write. */
async function writeJson(answers: Answer[]): Promise<void> {
  const write = (text: string) => new Promise<unknown>((resolve) => process.stdout.write(text, resolve))
  for (const [at, answer] of answers.entries()) {
    await write(at === 0 ? '[\n  ' : ',\n  ')
    await write(printedJson(answer, 2).replaceAll('\n', '\n  '))
  }
  await write('\n]\n')
}

async function askHost(
  host: string,
  connect: () => Promise<Connection>,
  question: Question,
): Promise<Answer> {
  const start = Date.now()
  try {
    const connection = await connect()
    const answer = await question(connection)
    await connection.close()
    return { host, ms: Date.now() - start, ...answer }
  } catch (error) {
    if (!(error instanceof ConnectError || error instanceof CommandError)) throw error
    const code = error instanceof CommandError ? error.code : undefined
    return { host, ms: Date.now() - start, code, error: error.message, hint: error.hint }
  }
}

function show(answer: Answer, width: number): void {
  const colours = coloursFor(process.stdout)
  const good = answer.error === undefined && answer.code === 0
  const name = (good ? colours.green : colours.red)(padEnd(answer.host, width))
  const value = answer.value === undefined ? [] : factLines(answer.value)
  const wasAsked = answer.stdout !== undefined || answer.value !== undefined
  const reached = good && !wasAsked ? [`reachable, ${duration(answer.ms)}`] : []
  const error =
    answer.error === undefined
      ? []
      : [withoutHost(answer.host, answer.error), ...(answer.hint ? [`hint: ${answer.hint}`] : [])]
  const code = answer.code ? [`exit code ${answer.code}`] : []
  const lines = [answer.stdout, answer.stderr].flatMap((text) => (text ? printableLines(text.trimEnd()) : []))
  for (const line of [...lines, ...value, ...reached, ...error, ...code])
    process.stdout.write(`${name}  ${line}\n`)
}

function factLines(value: Json): string[] {
  const entries = Object.entries(value as Record<string, Json>)
  return entries.map(([key, fact]) => `${padEnd(key, 13)} ${factText(fact)}`)
}

function factText(fact: Json): string {
  if (Array.isArray(fact)) return fact.map(factText).join(' ')
  return typeof fact === 'string' ? fact : JSON.stringify(fact)
}
