import type { Duplex } from 'node:stream'
import type { Become, Host } from '../core/host.ts'
import type { Output, Put } from '../core/task.ts'
import type { Pipe } from './link.ts'

export interface RunOptions {
  /** Run by sudo as root or another user rather than as the login user. */
  become?: Become
  /** Sent to the script's standard input, which is otherwise empty. */
  stdin?: string
  /** In seconds; afterwards the script's processes are killed and the promise rejects with a CommandError of code 124. */
  timeout?: number
  /** Kills the script's processes on the host; the promise rejects with Interrupted. */
  signal?: AbortSignal
  /** Called with decoded text while the script runs. */
  onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
}

export type PutFile = Omit<Put, 'do'>
export type PutOptions = Pick<RunOptions, 'become' | 'timeout' | 'onOutput'>

/**
 * One open connection to one host. Calls made without waiting for each other travel in one round trip and run
 * in the order of the calls. Rejects with ConnectionLost when the connection breaks under a command.
 */
export interface Connection {
  readonly host: Host
  /** Flights so far: how often something was sent while nothing was under way. */
  readonly roundTrips: number
  /** It is gone, perhaps with nothing under way: what comes now never reaches the host. */
  readonly isBroken: boolean
  /** Runs POSIX sh; resolves with any exit code. */
  run(script: string, options?: RunOptions): Promise<Output>
  /** Starts POSIX sh on a channel of its own: its streams are binary and flow as fast as both sides can. */
  stream(script: string, options?: Pick<RunOptions, 'become'>): Promise<Pipe>
  /**
   * Replaces a file atomically and verified. Rejects with CommandError and leaves the old file when it can't. Resolves
   * with the stamp of a large file.
   */
  put(file: PutFile, options?: PutOptions): Promise<string | undefined>
  /**
   * Takes the host's lock for as long as the connection lives; null when taken, else the owner's words. `become`
   * only says which shell holds it: with the one that is used anyway it costs no channel of its own.
   */
  lock(owner: string, options?: Pick<RunOptions, 'become'>): Promise<string | null>
  /** What that user runs from now on has the groups that he is in by now. To be called while nothing of his runs. */
  renew(user: string): Promise<void>
  /** A stream to a port on which the host itself listens at 127.0.0.1. Rejects with ConnectError. */
  dial(port: number): Promise<Duplex>
  close(): Promise<void>
}

/** Opens connections; shares jump hosts, keys, known_hosts and prompts between them. */
export interface Connector {
  /** One attempt. Rejects with ConnectError. */
  connect(host: Host): Promise<Connection>
  /** Closes what is shared. */
  close(): Promise<void>
}
