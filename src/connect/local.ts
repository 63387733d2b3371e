import { connect } from 'node:net'
import { userInfo } from 'node:os'
import type { Duplex } from 'node:stream'
import { $ } from 'zx/core'
import { LAST_WORDS, type Link, type Pipe } from './link.ts'

/** This machine as a host. */
export class LocalLink implements Link {
  readonly user = userInfo().username
  readonly startTime = 60_000
  broken: string | undefined
  readonly #pipes = new Set<Pipe>()

  async spawn(command: string): Promise<Pipe> {
    const process = $({
      shell: '/bin/sh',
      prefix: '',
      // Our quoting is already that of sh.
      quote: (word: string) => word,
      quiet: true,
      nothrow: true,
      // A session of its own: sudo must not find the user's terminal, and ending a script only meets its processes.
      detached: true,
      store: discard(),
    })`${command}`
    const { stdin, stdout, stderr, child } = process
    const pipe: Pipe = {
      stdin,
      stdout,
      stderr,
      ended: new Promise((resolve) => {
        child?.once('close', resolve)
        child?.once('exit', (code) => setTimeout(() => resolve(code), LAST_WORDS).unref())
      }),
      destroy: () => [stdin, stdout, stderr].forEach((stream) => void stream.destroy()),
    }
    this.#pipes.add(pipe)
    void pipe.ended.then(() => this.#pipes.delete(pipe))
    return pipe
  }

  dial(port: number): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      socket.once('error', reject).once('connect', () => resolve(socket.off('error', reject)))
    })
  }

  async close(): Promise<void> {
    this.broken ??= 'the connection was closed'
    for (const pipe of this.#pipes) pipe.destroy()
  }
}

/** zx keeps all output of a process in memory otherwise, and our shells live as long as the run. */
function discard() {
  const none = () => Object.assign([], { push: () => 0 })
  return { stdout: none(), stderr: none(), stdall: none() }
}
