import { type ChildProcess, spawn } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuthContext, CipherAlgorithm, Connection, ServerChannel, Session } from 'ssh2'
import ssh2 from 'ssh2'

export interface Knobs {
  /** Private host key; a new one when absent. */
  hostKey?: string
  /** Public keys in OpenSSH's format that may log in. */
  allow: string[]
  /** Methods offered after a refusal. */
  methods?: ('publickey' | 'password')[]
  /** The only cipher it knows. */
  cipher?: CipherAlgorithm
  /** Sessions allowed on one connection. */
  maxSessions?: number
  /** Password the fake sudo wants; absent: none; null: there is no sudo. */
  sudo?: string | null
  /** What runs instead of the command, as nologin does. */
  shell?: string
  /** A command that runs the command in its arguments. */
  wrapper?: string[]
}

export interface TestServer {
  port: number
  publicKey: string
  knobs: Knobs
  /** Connections accepted, keys only asked about, logins made, sessions opened, streams forwarded so far. */
  seen: Record<'connections' | 'asked' | 'logins' | 'refused' | 'sessions' | 'forwards', number>
  /** Logins under way at the same time, at most. */
  crowd: number
  commands: string[]
  /** Comes first in the PATH of the commands. */
  bin: string
  /** Resolve when the processes of the sessions so far have ended. */
  ended: Promise<unknown>[]
  close(): Promise<void>
}

/** One in some hundred key pairs that ssh2 makes is broken, so each is checked. */
export function newKey(passphrase?: string): { private: string; public: string } {
  for (;;) {
    const locked = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr', rounds: 2 }
    const pair = ssh2.utils.generateKeyPairSync('ed25519', locked as object)
    const key = ssh2.utils.parseKey(pair.private, passphrase)
    if (key instanceof Error || pair.public.split(' ')[1]?.length !== 68) continue
    const made = createPublicKey(key.getPrivatePEM()).export({ format: 'der', type: 'spki' })
    if (made.subarray(-32).equals(key.getPublicSSH().subarray(-32))) return pair
  }
}

/** An SSH server that really runs what it is told, with /bin/sh. */
export async function startServer(knobs: Knobs): Promise<TestServer> {
  const hostKey = knobs.hostKey ?? newKey().private
  const parsed = ssh2.utils.parseKey(hostKey)
  if (parsed instanceof Error) throw parsed
  const bin = mkdtempSync(join(tmpdir(), 'connect-bin-'))
  const children = new Set<ChildProcess>()
  const sockets = new Set<Socket>()
  const algorithms = knobs.cipher && { cipher: [knobs.cipher] }
  const server = new ssh2.Server({ hostKeys: [hostKey], algorithms })
  const seen = { connections: 0, asked: 0, logins: 0, refused: 0, sessions: 0, forwards: 0 }
  const test: TestServer = {
    port: 0,
    publicKey: `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`,
    knobs,
    seen,
    crowd: 0,
    commands: [],
    bin,
    ended: [],
    async close() {
      for (const child of children) child.kill('SIGKILL')
      for (const socket of sockets) socket.destroy()
      listener.close()
      rmSync(bin, { recursive: true, force: true })
    },
  }
  let waiting = 0
  server.on('connection', (client: Connection) => {
    seen.connections++
    test.crowd = Math.max(test.crowd, ++waiting)
    let sessions = 0
    client.on('error', () => {})
    client.on('authentication', (context) => authenticate(context, test))
    client.on('ready', () => {
      waiting--
      seen.logins++
    })
    client.on('session', (accept, reject) => {
      if (++sessions > (knobs.maxSessions ?? 10)) return reject()
      seen.sessions++
      serveSession(accept(), test, children, () => sessions--)
    })
    client.on('tcpip', (accept, reject, info) => {
      const socket = connect({ host: info.destIP, port: info.destPort, noDelay: true })
      socket.once('error', () => reject())
      socket.once('connect', () => {
        seen.forwards++
        const channel = accept()
        channel.pipe(socket).pipe(channel)
        socket.on('error', () => channel.close())
        channel.on('close', () => socket.destroy())
      })
    })
  })
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    server.injectSocket(socket)
  })
  writeSudo(bin, knobs)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  test.port = (listener.address() as AddressInfo).port
  return test
}

function authenticate(context: AuthContext, { knobs, seen }: TestServer): void {
  const methods = knobs.methods ?? ['publickey']
  const allowed =
    context.method === 'publickey' &&
    methods.includes('publickey') &&
    knobs.allow.some((line) => {
      const key = ssh2.utils.parseKey(line)
      if (key instanceof Error || !key.getPublicSSH().equals(context.key.data)) return false
      return !context.signature || key.verify(context.blob as Buffer, context.signature, context.hashAlgo)
    })
  if (context.method === 'publickey' && !context.signature) seen.asked++
  if (allowed) return context.accept()
  seen.refused++
  context.reject(methods)
}

function serveSession(
  session: Session,
  test: TestServer,
  children: Set<ChildProcess>,
  onEnd: () => void,
): void {
  session.on('exec', (accept, _reject, { command }) => {
    test.commands.push(command)
    const channel: ServerChannel = accept()
    const { shell, wrapper = [] } = test.knobs
    const [program, ...argv] = [...wrapper, ...(shell ? [shell] : ['/bin/sh', '-c', command])]
    const child = spawn(program as string, argv, {
      detached: true,
      env: { ...process.env, PATH: `${test.bin}:/usr/bin:/bin`, HOME: tmpdir() },
    })
    children.add(child)
    test.ended.push(once(child, 'exit'))
    child.stdin.on('error', () => {})
    channel.on('error', () => {})
    channel.pipe(child.stdin)
    child.stdout.pipe(channel, { end: false })
    child.stderr.pipe(channel.stderr, { end: false })
    channel.on('close', () => {
      child.stdin.destroy()
      child.stdout.destroy()
      child.stderr.destroy()
    })
    child.on('exit', onEnd)
    // Like sshd: what was left in the pipes is sent, but nobody waits for a daemon that keeps them open.
    child.on('exit', (code) => {
      children.delete(child)
      setTimeout(() => {
        channel.exit(code ?? 255)
        channel.close()
      }, 30)
    })
  })
}

/** A sudo that needs no rights: it checks the password as sudo does, and sets a variable instead of the user. */
function writeSudo(bin: string, knobs: Knobs): void {
  const wanted = knobs.sudo ?? ''
  writeFileSync(
    join(bin, 'sudo'),
    `#!/bin/sh
wanted='${wanted}'
${knobs.sudo === null ? 'echo "sh: sudo: not found" >&2; exit 127' : ''}
while [ "$1" != -- ]; do
  case $1 in -n) never=1;; -S) ask=1;; -p) shift; prompt=$1;; -u) shift; user=$1;; esac
  shift
done
shift
[ "$user" != nosuch ] || { echo "sudo: unknown user $user" >&2; exit 1; }
if [ -n "$wanted" ]; then
  [ -z "$never" ] || { echo 'sudo: a password is required' >&2; exit 1; }
  for try in 1 2 3; do
    printf %s "$prompt" >&2
    IFS= read -r given || exit 1
    [ "$given" != "$wanted" ] || break
    echo 'Sorry, try again.' >&2
    [ $try -lt 3 ] || exit 1
  done
fi
BECAME=\${user:-root}; export BECAME
exec "$@"
`,
  )
  chmodSync(join(bin, 'sudo'), 0o755)
}
