import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { Interrupted, UsageError } from '../core/errors.ts'

export interface CommandOptions {
  input?: string
  env?: Record<string, string>
  signal?: AbortSignal
  /** Called with each line of output, of both streams. */
  onLine?: (line: string) => void
}

/** Runs a program of this machine; resolves with its standard output. Throws UsageError when it fails. */
export async function run(argv: string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, last } = await outcome(argv, options)
  if (code === 0) return stdout
  if (options.signal?.aborted) throw new Interrupted('interrupted')
  throw new UsageError(`${argv[0]} failed (exit code ${code}): ${argv.join(' ')}`, last.join('\n'))
}

/** As run(), but tells whether it succeeded. */
export async function succeeds(argv: string[]): Promise<boolean> {
  return (await outcome(argv, {})).code === 0
}

interface Outcome {
  code: number | null
  stdout: string
  /** Last lines of both streams. */
  last: string[]
}

function outcome(argv: string[], options: CommandOptions): Promise<Outcome> {
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', ...options.env }
    const child = spawn(program, args, {
      env,
      signal: options.signal,
      killSignal: 'SIGKILL',
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const result: Outcome = { code: null, stdout: '', last: [] }
    const keep = (line: string): void => {
      if (line.trim() === '') return
      result.last = [...result.last, line].slice(-6)
      options.onLine?.(line)
    }
    createInterface({ input: child.stdout }).on('line', (line) => {
      result.stdout += `${line}\n`
      keep(line)
    })
    createInterface({ input: child.stderr }).on('line', keep)
    child.on('error', (error) =>
      reject(options.signal?.aborted ? new Interrupted('interrupted') : notRun(program, error)),
    )
    child.on('close', (code) => resolve({ ...result, code }))
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

function notRun(program: string, error: Error): UsageError {
  return new UsageError(`${program} can't be run: ${error.message}`)
}
