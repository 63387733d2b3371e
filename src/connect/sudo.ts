import { randomBytes } from 'node:crypto'
import { quote, sh } from '../base/shell.ts'
import type { Host } from '../core/host.ts'
import { CommandError, ConnectError, NoSuchUser } from '../core/errors.ts'
import type { Link, Pipe } from './link.ts'

/** Where sudo passwords come from. */
export interface SudoPasswords {
  /** The password if it is known without asking. */
  known(host: Host): string | undefined
  /** Asks the user, once per run; undefined when nobody can be asked. */
  ask(host: Host): Promise<string | undefined>
}

/** Name of the user that a shell belongs to. */
export type UserName = string

/**
 * Starts sh with a script as another user, through sudo. Tries without a password unless one is known; a password
 * goes over standard input, and only when sudo prompts for it: unasked it would reach the script. root may be
 * anybody without sudo, which need not be installed then. Rejects with NoSuchUser when there is none.
 */
export async function openAs(
  user: UserName,
  link: Link,
  host: Host,
  passwords: SudoPasswords,
  script: string,
): Promise<Pipe> {
  refuseOddName(user)
  const switching: Switching = { user, link, host, script: atHome(user, script) }
  if (link.user === 'root') return start(switching, sh`runuser -u ${user}`)
  const known = passwords.known(host)
  if (known !== undefined) return withPassword(switching, known)
  const ready = nonce()
  const pipe = await begin(switching, `sudo -n${asUser(user)}`, ready)
  const refusal = await settle(pipe, ready, link.startTime)
  if (refusal === undefined) return pipe
  const hopeless = refusal.code === 127 || refusal.late === true || isUnknownUser(refusal)
  const password = hopeless ? undefined : await passwords.ask(host)
  if (password === undefined) throw refused(switching, refusal)
  return withPassword(switching, password)
}

interface Switching {
  user: UserName
  link: Link
  host: Host
  script: string
}

/** sudo takes #0 for a user id, and a leading dash for an option. */
function refuseOddName(user: UserName): void {
  if (/^[A-Za-z_][A-Za-z0-9_.-]*[$]?$/.test(user)) return
  const at = { code: 1, command: 'become another user', stderr: '', hint: "give the user's name" }
  throw new CommandError(`${JSON.stringify(user)} is not the name of a user`, at)
}

/** The login user's home may be closed to whom we become. */
function atHome(user: UserName, script: string): string {
  return user === 'root' ? script : `cd 2>/dev/null || cd /; ${script}`
}

function asUser(user: UserName): string {
  return user === 'root' ? '' : sh` -H -u ${user}`
}

async function withPassword(switching: Switching, password: string): Promise<Pipe> {
  const prompt = nonce()
  return start(switching, `sudo -S -p ${prompt}${asUser(switching.user)}`, { prompt, password })
}

async function start(switching: Switching, command: string, answer?: Answer): Promise<Pipe> {
  const ready = nonce()
  const pipe = await begin(switching, command, ready)
  const refusal = await settle(pipe, ready, switching.link.startTime, answer)
  if (refusal === undefined) return pipe
  throw refused(switching, refusal)
}

function begin({ link, script }: Switching, command: string, ready: string): Promise<Pipe> {
  // What it refuses with is recognised by its English words.
  return link.spawn(`exec env LC_ALL=C ${command} -- /bin/sh -c ${quote(`echo ${ready}; ${script}`)}`)
}

interface Answer {
  prompt: string
  password: string
}

function nonce(): string {
  return `@${randomBytes(12).toString('hex')}`
}

interface Refusal {
  code: number | null
  wrongPassword: boolean
  /** It neither started in time nor said that it won't. */
  late?: true
  words: string
}

/** Waits until the script has started; resolves with the reason when it won't. */
function settle(pipe: Pipe, ready: string, ms: number, answer?: Answer): Promise<Refusal | undefined> {
  let [stdout, stderr] = ['', '']
  let answered = false
  const said = (): string => stderr.trim() || stdout.trim()
  pipe.stdin.on('error', () => {})
  return new Promise((resolve) => {
    const done = (refusal?: Refusal) => {
      clearTimeout(timer)
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
    const timer = setTimeout(() => {
      pipe.destroy()
      done({ code: null, wrongPassword: false, late: true, words: said() })
    }, ms)
    pipe.stdout.on('data', onStdout)
    pipe.stderr.on('data', onStderr)
    void pipe.ended.then((code) => done({ code, wrongPassword: false, words: said() }))
  })
}

function isUnknownUser({ words }: Refusal): boolean {
  return /unknown user|user \S+ does not exist/i.test(words)
}

function refused({ user, link, host }: Switching, refusal: Refusal): Error {
  const { code, wrongPassword, words } = refusal
  const { name } = host
  const program = link.user === 'root' ? 'runuser' : 'sudo'
  if (isUnknownUser(refusal)) {
    const hint = "correct 'become_user', or create the user in an earlier step"
    const at = { code: code ?? 1, command: `become ${user}`, stderr: words, hint }
    return new NoSuchUser(user, `there is no user '${user}' on ${name}`, at)
  }
  if (wrongPassword) {
    return new ConnectError(`${name}: sudo did not accept the password`, {
      hint: 'give the right one with --ask-become-pass',
    })
  }
  if (code === 127) {
    return new ConnectError(`${name}: ${program} is not installed`, {
      hint: program === 'sudo' ? 'log in as root, or install sudo on the host' : 'it belongs to util-linux',
    })
  }
  if (refusal.late || code === 0) {
    const what = refusal.late ? 'did not start sh in time' : 'ended without starting sh'
    return new ConnectError(`${name}: ${program} ${what}: ${words || 'no message'}`, {
      hint: `does 'ssh ${name} ${program} true' work? look at the startup files of ${link.user} and at ForceCommand in sshd_config`,
    })
  }
  if (code === null) {
    return new ConnectError(`${name}: the connection broke while ${program} started`, { retry: true })
  }
  const whom = user === 'root' ? '' : ` to become ${user}`
  return new ConnectError(`${name}: ${program} refused${whom}: ${words || `exit code ${code}`}`, {
    hint: 'give the password with --ask-become-pass, or allow sudo without one (NOPASSWD)',
  })
}
