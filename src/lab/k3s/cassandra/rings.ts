import type { Client } from '../agent/client.ts'
import type { News, Telling } from './exchange.ts'

/** The way from a node to the server that passes on what the nodes of Cassandra tell each other. */
export class Rings {
  private readonly client: Client

  constructor(client: Client) {
    this.client = client
  }

  async tell(telling: Telling): Promise<News> {
    const reply = await this.client.call('POST', '/simulation/rings', telling)
    if (reply.code !== 200) throw new Error(`the server passes on nothing: ${reply.code} ${reply.text}`)
    return JSON.parse(reply.text)
  }

  async all(): Promise<News[]> {
    const reply = await this.client.call('GET', '/simulation/rings')
    return reply.code === 200 ? JSON.parse(reply.text) : []
  }

  /** The address behind a name of the cluster's DNS, as seen from a pod of that namespace. */
  async resolve(name: string, namespace: string): Promise<string | undefined> {
    if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return name
    const parts = name.replace(/\.svc(\.cluster\.local\.?)?$/, '').split('.')
    const isFull = name !== parts.join('.')
    // Without .svc the last part is a namespace only where it is one; a host of a headless service comes first.
    const candidates = [
      [parts[0], parts[1], parts[2] ?? namespace],
      [undefined, parts[0], parts[1] ?? namespace],
    ] as const
    for (const [host, service, space] of candidates) {
      if (service === undefined || (host === undefined && isFull && parts.length > 2)) continue
      const found = await this.lookUp(space, service, host)
      if (found !== undefined) return found
    }
    return undefined
  }

  private async lookUp(namespace: string, service: string, host?: string): Promise<string | undefined> {
    const reply = await this.client.call('GET', `/api/v1/namespaces/${namespace}/endpoints/${service}`)
    if (reply.code !== 200) return undefined
    const { subsets = [] } = JSON.parse(reply.text)
    const addresses: { ip: string; hostname?: string }[] = subsets.flatMap(
      (one: { addresses?: [] }) => one.addresses ?? [],
    )
    return addresses.find((one) => host === undefined || one.hostname === host)?.ip
  }
}
