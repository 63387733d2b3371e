/** The floor: connect to every host of the lab with ssh2 and run one command on each. Nothing else. */
import { readFileSync } from 'node:fs'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import ssh2 from 'ssh2'

const [keyFile, access, ...nodes] = process.argv.slice(2) as [string, string, ...string[]]
const privateKey = readFileSync(keyFile)

function connect(sock: Duplex): Promise<ssh2.Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client()
    client.once('ready', () => resolve(client)).once('error', reject)
    client.connect({ sock, username: 'pi', privateKey, authHandler: ['publickey'] })
  })
}

function tunnel(client: ssh2.Client, address: string): Promise<Duplex> {
  return new Promise((resolve, reject) =>
    client.forwardOut('127.0.0.1', 0, address, 22, (error, stream) =>
      error ? reject(error) : resolve(stream),
    ),
  )
}

function command(client: ssh2.Client): Promise<void> {
  return new Promise((resolve, reject) =>
    client.exec('true', (error, stream) => {
      if (error) return reject(error)
      stream.on('close', () => resolve()).resume()
      stream.stderr.resume()
    }),
  )
}

async function main(): Promise<void> {
  // Through a delay the jump host answers elsewhere.
  const port = Number(process.env.JUMP_PORT ?? 22)
  const host = port === 22 ? access : '127.0.0.1'
  const jump = await connect(net.connect({ host, port, noDelay: true }))
  const clients = nodes.map(async (address) => connect(await tunnel(jump, address)))
  await Promise.all([jump, ...clients].map(async (client) => command(await client)))
  process.exit(0)
}

void main()
