import type { Duplex, Readable, Writable } from 'node:stream'

/** A process on the host, as its three streams. */
export interface Pipe {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** Its exit code once it has ended; null when a signal ended it or the connection broke. */
  ended: Promise<number | null>
  /** Lets go of it; what runs on the host may go on. */
  destroy(): void
}

/** Milliseconds for the last output of a process that has ended; a daemon it left may keep its streams open. */
export const LAST_WORDS = 300

/** One way to a host, over which processes are started: an SSH connection, or this machine itself. */
export interface Link {
  /** Name of the user that commands run as. */
  readonly user: string
  /** Milliseconds that a shell may take to start, and sudo before it. */
  readonly startTime: number
  /** Why the link is gone; undefined while it lives. */
  readonly broken: string | undefined
  /** Starts a command through the user's login shell. Rejects with ConnectError. */
  spawn(command: string): Promise<Pipe>
  /** A stream to a port of the host's own at 127.0.0.1. */
  dial(port: number): Promise<Duplex>
  close(): Promise<void>
}
