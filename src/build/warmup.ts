import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'

/** Steps that make a run touch most of what a settled one needs; not every machine has what they look at. */
const PLAYBOOK = `- hosts: all
  vars: { words: [a, b] }
  ignore_errors: true
  tasks:
    - file: { path: /nonexistent, state: absent }
    - copy: { dest: "/etc/{{ words[0] }}", content: "{{ words | join }}\\n", mode: "0644" }
    - line: { path: /etc/hosts, match: "^127.0.0.1 ", line: "127.0.0.1 localhost" }
    - user: { name: root }
    - package: { name: [dpkg] }
    - command: { cmd: "true", creates: / }
    - systemd: { name: ssh, state: started }
    - debug: { message: "{{ words | join(',') }} {{ facts.os }}" }
      when: words | length > 1
`

/**
 * Runs the program once against a throw-away SSH server on this machine, so that the cache of compiled code holds
 * what a run needs. `launcher` is run with PROVISION_WRITE_CODE_CACHE set.
 */
export async function warmUp(launcher: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'provision-warm-up-'))
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  // Of the ed25519 keys that ssh2 makes one in some 230 can't be read again.
  const keys = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 })
  const server = serve(keys.private)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const host = { address: '127.0.0.1', port, user: 'nobody', key: write('key', keys.private) }
  const inventory = write('inventory.yaml', JSON.stringify({ all: { hosts: { here: host } } }))
  const words = [launcher, write('playbook.yaml', PLAYBOOK), '-i', inventory, '--check', '--output', 'plain']
  const env = { ...process.env, HOME: folder, PROVISION_WRITE_CODE_CACHE: '1' }
  const child = spawn(process.execPath, words, { cwd: folder, env, stdio: 'ignore', timeout: 30_000 })
  await new Promise((resolve) => child.on('close', resolve))
  server.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Lets its one client in and runs what it asks for. */
function serve(hostKey: string): ssh2.Server {
  return new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => {})
    client.on('authentication', (context) => context.accept())
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => {
        const channel = acceptExec()
        const shell = spawn('/bin/sh', ['-c', command])
        shell.stdout.pipe(channel, { end: false })
        shell.stderr.pipe(channel.stderr, { end: false })
        channel.pipe(shell.stdin).on('error', () => {})
        shell.on('close', (code) => {
          channel.exit(code ?? 1)
          channel.end()
        })
      })
    })
  })
}
