import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { newKey, startServer, type TestServer } from '../connect/server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const LAUNCHER = join(root, 'src/cli/launch.cjs')
const BYTES = 300_000

/** Tells whether ssh2, which alone loads it, has loaded zlib: at the first connection, and at the end. */
const WATCH = `const { createHook } = require('node:async_hooks')
const loaded = () => process.moduleLoadList.includes('NativeModule zlib')
const seen = []
createHook({ init: (_id, type) => type === 'TCPCONNECTWRAP' && seen.push(loaded()) }).enable()
process.on('exit', () => console.error(JSON.stringify([...seen, loaded()])))`

/** What the bundle has in place of parts of ssh2, and of modules of Node's, must do what they did. */
describe('the bundled program', () => {
  const locked = newKey('open sesame')
  const open = newKey()
  let folder: string
  let server: TestServer

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'provision-bundle-'))
    // With settings in it the program ssh is asked for them.
    mkdirSync(join(folder, '.ssh'))
    writeFileSync(join(folder, '.ssh/config'), 'Host elsewhere\n')
    server = await startServer({
      allow: [locked.public, open.public],
      cipher: 'chacha20-poly1305@openssh.com',
    })
    // The host is this machine, whose lock others may hold.
    writeFileSync(join(server.bin, 'flock'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  })
  after(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  const inventory = (key: string): string => {
    writeFileSync(join(folder, 'key'), key, { mode: 0o600 })
    const here = { address: '127.0.0.1', port: server.port, user: 'pi', key: join(folder, 'key') }
    writeFileSync(join(folder, 'inventory.json'), JSON.stringify({ all: { hosts: { here } } }))
    return join(folder, 'inventory.json')
  }
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, HOME: folder, SSH_AUTH_SOCK: '', NO_COLOR: '1' })

  it('talks chacha20-poly1305 in both directions', async () => {
    const file = join(folder, 'sent')
    const content = Buffer.alloc(BYTES, 'provision\n')
    writeFileSync(join(folder, 'content'), content)
    const play = `- hosts: all\n  tasks:\n    - copy: { src: content, dest: ${file} }\n`
    writeFileSync(join(folder, 'play.yaml'), play)
    const run = promisify(execFile)
    const hosts = inventory(open.private)
    await run(process.execPath, [LAUNCHER, 'play.yaml', '-i', hosts], { cwd: folder, env: env() })
    assert.equal(hash(readFileSync(file)), hash(content))
    const words = [LAUNCHER, 'exec', 'all', '-i', hosts, '--output', 'json', '--', `cat ${file}`]
    const { stdout } = await run(process.execPath, words, { env: env(), maxBuffer: 10 * BYTES })
    assert.equal(hash((JSON.parse(stdout) as [{ stdout: string }])[0].stdout), hash(content))
  })

  it('sends its first packet before it loads ssh2', async () => {
    writeFileSync(join(folder, 'watch.cjs'), WATCH)
    const words = ['-r', join(folder, 'watch.cjs'), LAUNCHER, 'ping', 'all', '-i', inventory(open.private)]
    const { stderr } = await promisify(execFile)(process.execPath, words, { env: env() })
    assert.deepEqual(JSON.parse(stderr), [false, true])
  })

  it('opens a key with its passphrase', async () => {
    const words = [process.execPath, LAUNCHER, 'ping', 'all', '-i', inventory(locked.private)]
    const child = spawn('script', ['-qfec', words.join(' '), '/dev/null'], { env: env() })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/Passphrase for \S+: $/.test(text)) child.stdin.write('open sesame\n')
    })
    await new Promise((resolve) => child.on('close', resolve))
    assert.match(said, /here +reachable/)
  })
})

function hash(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}
