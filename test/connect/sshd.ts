import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { startServer } from './server.ts'

const SSHD = '/usr/sbin/sshd'

/** Skips the tests of a machine that has no OpenSSH server. */
export function requireSshd(context: Mocha.Context): void {
  if (existsSync(SSHD)) return
  console.log(`      skipped: there is no ${SSHD}`)
  context.skip()
}

/** OpenSSH's own server for the user who runs the tests; `more` are lines of its configuration. It keeps a log. */
export async function startSshd(
  directory: string,
  port: number,
  allowed: string,
  more: string[] = [],
): Promise<ChildProcess> {
  mkdirSync('/run/sshd', { recursive: true })
  for (const type of ['ed25519', 'ecdsa']) {
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(directory, `host_${type}`)])
  }
  writeFileSync(join(directory, 'authorized_keys'), `${allowed}\n`)
  const config = [
    `HostKey ${directory}/host_ed25519`,
    `HostKey ${directory}/host_ecdsa`,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    `ListenAddress 127.0.0.1`,
    `Port ${port}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin yes',
    'PidFile none',
    ...more,
  ]
  writeFileSync(join(directory, 'sshd_config'), `${config.join('\n')}\n`)
  const files = ['-f', join(directory, 'sshd_config'), '-E', join(directory, 'sshd.log')]
  const sshd = spawn(SSHD, ['-D', ...files], { stdio: 'ignore' })
  while (!(await answers(port))) await pause()
  return sshd
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (up: boolean) => {
      socket.destroy()
      resolve(up)
    }
    socket.once('connect', () => done(true)).once('error', () => done(false))
  })
}

export async function freePort(): Promise<number> {
  const server = await startServer({ allow: [] })
  await server.close()
  return server.port
}

export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}
