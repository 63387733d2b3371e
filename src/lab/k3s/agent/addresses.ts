import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readFile, writeFile } from '../files.ts'
import { onHost } from '../paths.ts'

/**
 * Addresses of this node's pods, handed out one after the other as the host-local plugin of CNI does, in its files: one
 * that was given back is not used again at once.
 */
export class Addresses {
  private readonly prefix: string
  private readonly directory = onHost('/var/lib/cni/networks/cbr0')
  private readonly sandboxes = onHost('/run/k3s/simulation/sandboxes')

  /** `podCIDR` as `10.42.3.0/24`. */
  constructor(podCIDR: string) {
    this.prefix = podCIDR.replace(/\d+\/\d+$/, '')
    mkdirSync(this.directory, { recursive: true })
    mkdirSync(this.sandboxes, { recursive: true })
    this.dropStale()
  }

  /** The address of a pod; a restart of the host takes it away. */
  of(podUid: string): string {
    const known = this.known(podUid)
    if (known !== undefined) return known
    const address = this.next()
    writeFile(join(this.directory, address), `${podUid}\r\neth0`, 0o644)
    writeFile(join(this.directory, 'last_reserved_ip.0'), address, 0o644)
    writeFile(join(this.sandboxes, podUid), address)
    return address
  }

  known(podUid: string): string | undefined {
    return readFile(join(this.sandboxes, podUid))
  }

  release(podUid: string): void {
    const address = this.known(podUid)
    if (address !== undefined) rmSync(join(this.directory, address), { force: true })
    rmSync(join(this.sandboxes, podUid), { force: true })
  }

  private next(): string {
    const last = Number(readFile(join(this.directory, 'last_reserved_ip.0'))?.split('.')[3] ?? 1)
    for (let step = 1; step < 254; step += 1) {
      const address = `${this.prefix}${((last - 2 + step) % 253) + 2}`
      if (!existsSync(join(this.directory, address))) return address
    }
    throw new Error(
      `failed to allocate for range 0: no IP addresses available in range set: ${this.prefix}1-${this.prefix}254`,
    )
  }

  /** What was handed out before the host was restarted belongs to nobody any more. */
  private dropStale(): void {
    const kept = new Set(readdirSync(this.sandboxes).map((uid) => this.known(uid)))
    for (const name of readdirSync(this.directory))
      if (/^\d+\.\d+\.\d+\.\d+$/.test(name) && !kept.has(name)) rmSync(join(this.directory, name))
  }
}
