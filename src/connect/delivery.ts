import { setTimeout as delay } from 'node:timers/promises'
import { sh } from '../base/shell.ts'
import { CommandError, ConnectError } from '../core/errors.ts'
import type { Output } from '../core/task.ts'
import type { PutFile, PutOptions } from './connection.ts'
import { isPublic, loadContent, spoken, type Streamed, unreadable } from './content.ts'
import type { Pipe } from './link.ts'
import type { Way } from './relay.ts'
import type { Handing } from './relays.ts'
import { feed, lateError } from './stream.ts'
import type { UserName } from './sudo.ts'
import { hasArrived, uploadScript } from './upload.ts'

export interface DeliveryOptions {
  host: string
  start: (user: UserName, script: string) => Promise<Pipe>
  lost: () => Error
  /** The host's jump host, if it can hand contents on. */
  handing?: () => Handing | undefined
}

/** In bytes; what is smaller is sent sooner than handed on. */
const WORTH_HANDING = 1 << 20

/** Brings large files to one host: from itself if it has got them already, from its jump host, else from here. */
export class Delivery {
  readonly #options: DeliveryOptions
  /** Where contents were put before, by their SHA-256. */
  readonly #placed = new Map<string, string>()
  /** Its jump host could not help, and would not another time. */
  #alone = false

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  async put(file: PutFile, user: UserName, options: PutOptions): Promise<Output> {
    const load = loadContent(file.content)
    if (load.kind !== 'stream') throw new Error(`${file.path}: content shrank`)
    const { sha256 } = load
    const receive = ({ receive, load }: Way) => this.#receive(file, sha256, { receive, load }, user, options)
    const handing =
      this.#alone || load.size < WORTH_HANDING || !isPublic(file) ? undefined : this.#options.handing?.()
    const output =
      (await this.#fromItself(sha256, receive)) ??
      (await this.#fromRelay(handing, load, options, receive)) ??
      (await receive({ receive: 'cat', load }))
    if (output.code !== 0) return output
    this.#placed.set(sha256, file.path)
    await handing?.relay.got(sha256, this.#options.host)
    return output
  }

  async #fromItself(sha256: string, receive: (way: Way) => Promise<Output>): Promise<Output | undefined> {
    const path = this.#placed.get(sha256)
    if (path === undefined) return undefined
    const output = await receive({ receive: sh`cat -- ${path}`, load: spoken('') })
    return hasArrived(output) ? output : undefined
  }

  async #fromRelay(
    handing: Handing | undefined,
    load: Streamed,
    { timeout, onOutput }: PutOptions,
    receive: (way: Way) => Promise<Output>,
  ): Promise<Output | undefined> {
    if (handing === undefined) return undefined
    const { relay, wayTo } = handing
    const { host } = this.#options
    try {
      const way = await within(timeout, wayTo(load, host, onOutput))
      await relay.turns.take()
      const output = await receive(way).finally(() => relay.turns.give())
      if (hasArrived(output)) return output
      relay.excuse(host, output.stderr)
    } catch (error) {
      if (error instanceof CommandError || error instanceof ConnectError) throw error
      relay.excuse(host, (error as Error).message)
    }
    this.#alone = true
    return undefined
  }

  async #receive(
    file: PutFile,
    sha256: string,
    way: Way,
    user: UserName,
    options: PutOptions,
  ): Promise<Output> {
    const pipe = await this.#options.start(user, uploadScript(file, sha256, way.receive))
    const { code, readError, ...output } = await feed(pipe, way.load, options)
    if (readError) throw unreadable('local' in file.content ? file.content.local.path : file.path, readError)
    if (code === null) throw this.#options.lost()
    return { ...output, code }
  }
}

async function within<T>(seconds: number | undefined, work: Promise<T>): Promise<T> {
  if (seconds === undefined) return work
  const over = new AbortController()
  const late = delay(seconds * 1000, undefined, { signal: over.signal }).then(() => {
    throw lateError(seconds)
  })
  return Promise.race([work, late]).finally(() => over.abort())
}
