import type { Link, Pipe } from './link.ts'
import { shellCommand, startScript } from './startscript.ts'
import { type Door, doorScript } from './relayscripts.ts'

export interface OpenDoor {
  door: Door
  close(): void
}

/** Above the ports that Linux itself gives to outgoing connections. */
const FIRST_PORT = 61_000
const PORTS = 4_500
const TRIES = 3

/** Opens a door on a jump host for the hosts that know it by an address. Rejects with the host's own words. */
export async function openDoor(link: Link, cache: string, address: string): Promise<OpenDoor> {
  for (let attempt = 1; ; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    const script = doorScript(cache, address, port)
    const pipe = await startScript((command) => link.spawn(shellCommand(command)), script)
    const { said, why } = await opening(pipe)
    const [hostKey, ...guestKey] = said.split('\n').slice(0, -2)
    if (why === undefined && hostKey !== undefined) {
      const door = { user: link.user, address, port, hostKey, guestKey: `${guestKey.join('\n')}\n` }
      return { door, close: () => pipe.stdin.end() }
    }
    if (attempt === TRIES || !/address already in use/i.test(why ?? '')) throw new Error(why)
  }
}

/** Resolves once it is open, or has failed. */
function opening(pipe: Pipe): Promise<{ said: string; why?: string }> {
  let [said, words] = ['', '']
  pipe.stdin.on('error', () => {})
  return new Promise((resolve) => {
    pipe.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.endsWith('\nopen\n')) resolve({ said })
    })
    pipe.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
    void pipe.ended.then((code) => resolve({ said, why: words.trim() || `exit code ${code}` }))
  })
}
