import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { SecretSource } from './secret.ts'
import { isEncrypted } from './secretarmor.ts'
import { askSecret } from './secretask.ts'
import { SecretError } from './secreterror.ts'
import { open } from './secretopen.ts'
import { explainRead } from '../yaml/yamlfaults.ts'

/** In seconds; whoever has to touch a key or to type a PIN needs some. */
const COMMAND_TIMEOUT = 120

/** The value of a secret, wherever it comes from; `name` is its place, for questions. Throws SecretError. */
export async function fetchSecret(source: SecretSource, name: string): Promise<Buffer> {
  switch (source.from) {
    case 'age':
      return open(source.text, name)
    case 'env':
      return Buffer.from(fromEnvironment(source.name))
    case 'file':
      return withoutNewline(await readSecret(source.path))
    case 'content':
      return readSecret(source.path)
    case 'prompt':
      return Buffer.from(await askSecret(source.question, 'run it in a terminal, or use {env: NAME} instead'))
    case 'command':
      return withoutNewline(await runCommand(source))
  }
}

function fromEnvironment(name: string): string {
  const value = process.env[name]
  if (value !== undefined) return value
  throw new SecretError(
    `the environment variable ${name} is not set`,
    `set it: read -rs ${name} && export ${name}`,
  )
}

async function readSecret(path: string): Promise<Buffer> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    const { message, hint } = explainRead(path, error)
    throw new SecretError(message, hint)
  })
  return isEncrypted(bytes) ? open(bytes, path) : bytes
}

/** The newline that ends a single line is no part of a password; a key of many lines keeps it. */
export function withoutNewline(bytes: Buffer): Buffer {
  const end = bytes.at(-1) === 10 ? (bytes.at(-2) === 13 ? 2 : 1) : 0
  const line = bytes.subarray(0, bytes.length - end)
  return line.includes(10) ? bytes : line
}

async function runCommand({ command, folder }: { command: string; folder: string }): Promise<Buffer> {
  const options = { cwd: folder, encoding: 'buffer', timeout: COMMAND_TIMEOUT * 1000 } as const
  const running = promisify(execFile)('/bin/sh', ['-c', command], options)
  running.child.stdin?.end()
  try {
    return (await running).stdout
  } catch (error) {
    throw explainCommand(command, error as { code?: number | string; killed?: boolean; stderr?: Buffer })
  }
}

function explainCommand(
  command: string,
  { code, killed, stderr }: { code?: number | string; killed?: boolean; stderr?: Buffer },
): SecretError {
  const said = stderr?.toString('utf8').trim().split('\n').at(-1) ?? ''
  const how = killed
    ? `did not end within ${COMMAND_TIMEOUT} s`
    : `ended with ${typeof code === 'number' ? `exit code ${code}` : String(code)}`
  return new SecretError(
    `the command '${command}' ${how}${said === '' ? '' : `: ${said}`}`,
    'try it in a shell',
  )
}
