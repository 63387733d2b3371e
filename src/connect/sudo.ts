import { randomBytes } from 'node:crypto'
import { quote } from '../base/shell.ts'
import type { Host } from '../core/host.ts'
import { ConnectError } from '../core/errors.ts'
import type { Link, Pipe } from './link.ts'

/** Where sudo passwords come from. */
export interface SudoPasswords {
  /** The password if it is known without asking. */
  known(host: Host): string | undefined
  /** Asks the user, once per run; undefined when nobody can be asked. */
  ask(host: Host): Promise<string | undefined>
}

/**
 * Starts sh with a script as root. Tries without a password unless one is known; a password goes over standard
 * input, and only when sudo prompts for it: unasked it would reach the script.
 */
export async function openRoot(
  link: Link,
  host: Host,
  passwords: SudoPasswords,
  script: string,
): Promise<Pipe> {
  if (link.user === 'root') return link.spawn(`exec /bin/sh -c ${quote(script)}`)
  const known = passwords.known(host)
  if (known !== undefined) return withPassword(link, host, script, known)
  const ready = nonce()
  const pipe = await link.spawn(`exec sudo -n -- /bin/sh -c ${quote(`echo ${ready}; ${script}`)}`)
  const refusal = await settle(pipe, ready)
  if (refusal === undefined) return pipe
  const password = refusal.code === 127 ? undefined : await passwords.ask(host)
  if (password === undefined) throw refused(host, refusal)
  return withPassword(link, host, script, password)
}

async function withPassword(link: Link, host: Host, script: string, password: string): Promise<Pipe> {
  const [ready, prompt] = [nonce(), nonce()]
  const pipe = await link.spawn(
    `exec sudo -S -p ${prompt} -- /bin/sh -c ${quote(`echo ${ready}; ${script}`)}`,
  )
  const refusal = await settle(pipe, ready, { prompt, password })
  if (refusal === undefined) return pipe
  throw refused(host, refusal)
}

function nonce(): string {
  return `@${randomBytes(12).toString('hex')}`
}

interface Refusal {
  code: number | null
  wrongPassword: boolean
  words: string
}

/** Waits until the script has started; resolves with the reason when it won't. */
function settle(
  pipe: Pipe,
  ready: string,
  answer?: { prompt: string; password: string },
): Promise<Refusal | undefined> {
  let [stdout, stderr] = ['', '']
  let answered = false
  pipe.stdin.on('error', () => {})
  return new Promise((resolve) => {
    const done = (refusal?: Refusal) => {
      pipe.stdout.off('data', onStdout).pause()
      pipe.stderr.off('data', onStderr).pause()
      resolve(refusal)
    }
    const onStdout = (chunk: Buffer) => {
      stdout += chunk.toString('latin1')
      if (stdout.includes(`${ready}\n`)) done()
    }
    const onStderr = (chunk: Buffer) => {
      stderr += chunk.toString()
      if (!answer || !stderr.includes(answer.prompt)) return
      stderr = stderr.replace(answer.prompt, '')
      if (answered) {
        pipe.destroy()
        done({ code: null, wrongPassword: true, words: stderr.trim() })
      } else pipe.stdin.write(`${answer.password}\n`)
      answered = true
    }
    pipe.stdout.on('data', onStdout)
    pipe.stderr.on('data', onStderr)
    void pipe.ended.then((code) => done({ code, wrongPassword: false, words: stderr.trim() }))
  })
}

function refused(host: Host, refusal: Refusal): ConnectError {
  const { code, wrongPassword, words } = refusal
  if (wrongPassword) {
    return new ConnectError(`${host.name}: sudo did not accept the password`, {
      hint: 'give the right one with --ask-become-pass',
    })
  }
  if (code === 127) {
    return new ConnectError(`${host.name}: sudo is not installed`, {
      hint: 'log in as root, or install sudo on the host',
    })
  }
  if (code === null)
    return new ConnectError(`${host.name}: the connection broke while sudo started`, { retry: true })
  return new ConnectError(`${host.name}: sudo refused: ${words || `exit code ${code}`}`, {
    hint: 'give the password with --ask-become-pass, or allow sudo without one (NOPASSWD)',
  })
}
