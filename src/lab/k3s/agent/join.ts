import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readOrMake, writeFile } from '../files.ts'
import type { Host } from '../host.ts'
import { die, log } from '../log.ts'
import { nodePasswordFile, onHost } from '../paths.ts'
import { kubeconfig } from '../server/kubeconfig.ts'
import { times } from '../times.ts'
import { Client, type NodeIdentity, type Reply } from './client.ts'

export interface Membership {
  url: string
  token: string
  host: Host
  /** The agent's directory, for its certificates. */
  directory: string
}

/** Joins the cluster: as the real one it tries for ever, saying in the journal what is in the way. */
export async function joinCluster(member: Membership): Promise<NodeIdentity> {
  const { hash, password } = parseToken(member.token)
  const authority = await trustServer(member.url, hash)
  for (;;) {
    try {
      return await fetchIdentity(member, authority, password)
    } catch (error) {
      log.info(`Waiting to retrieve agent configuration; server is not ready: ${(error as Error).message}`)
      await sleep(times.join * (1 + Math.random()))
    }
  }
}

function parseToken(token: string): { hash: string; password: string } {
  if (!token.startsWith('K10')) return { hash: '', password: token }
  const [hash = '', credentials = ''] = token.slice(3).split('::')
  if (hash !== '' && hash.length !== 64) die('invalid token CA hash length')
  const password = credentials.slice(credentials.indexOf(':') + 1)
  if (!credentials.includes(':') || password === '') die('invalid token format')
  return { hash, password }
}

async function trustServer(url: string, hash: string): Promise<string> {
  for (;;) {
    try {
      return await fetchAuthority(url, hash)
    } catch (error) {
      log.error((error as Error).message)
      await sleep(times.token)
    }
  }
}

async function fetchAuthority(url: string, hash: string): Promise<string> {
  const authority = await fetchText(new Client(url, {}), '/cacerts', 'failed to get CA certs')
  await fetchText(new Client(url, { authority }), '/cacerts', 'CA cert validation failed')
  const found = createHash('sha256').update(authority).digest('hex')
  if (hash === '') {
    log.warn(
      'Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. ' +
        "Use the full token from the server's node-token file to enable Cluster CA validation.",
    )
  } else if (hash !== found) {
    throw new Error(`token CA hash does not match the Cluster CA certificate hash: ${hash} != ${found}`)
  }
  return authority
}

async function fetchText(client: Client, path: string, failure: string): Promise<string> {
  try {
    return textOf(client, path, await client.call('GET', path))
  } catch (error) {
    throw new Error(`${failure}: ${(error as Error).message}`)
  } finally {
    client.close()
  }
}

const phrases: Record<number, string> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  500: 'Internal Server Error',
}

function textOf(client: Client, path: string, reply: Reply): string {
  if (reply.code === 200) return reply.text
  throw new Error(`${client.url}${path}: ${reply.code} ${phrases[reply.code] ?? ''}`)
}

async function fetchIdentity(member: Membership, authority: string, password: string): Promise<NodeIdentity> {
  const client = new Client(member.url, { authority, basic: `node:${password}` })
  try {
    await client
      .call('GET', '/v1-k3s/config')
      .then((reply) => textOf(client, '/v1-k3s/config', reply))
      .catch((error: Error) => {
        throw new Error(`failed to retrieve configuration from server: ${error.message}`)
      })
    const serving = await named(client, member, 'serving-kubelet')
    const pair = await named(client, member, 'client-kubelet')
    const path = '/v1-k3s/client-ca.crt'
    const clientAuthority = textOf(client, path, await client.call('GET', path))
    writeAuthorities(member, authority, pair)
    return { authority, ...pair, serving, clientAuthority }
  } finally {
    client.close()
  }
}

/** Fetches a certificate made out to this node, which only its password gets. */
async function named(
  client: Client,
  member: Membership,
  name: string,
): Promise<{ certificate: string; key: string }> {
  const file = onHost(nodePasswordFile)
  const password = readOrMake(file, () => `${randomBytes(16).toString('hex')}\n`).trim()
  const path = `/v1-k3s/${name}.crt`
  const reply = await client.call('GET', path, undefined, {
    'k3s-node-name': member.host.nodeName,
    'k3s-node-password': password,
    'k3s-node-ip': member.host.address,
  })
  if (reply.code === 403) {
    throw new Error(
      `Node password rejected, duplicate hostname or contents of '${nodePasswordFile}' may not match server ` +
        'node-passwd entry, try enabling a unique node name with the --with-node-id flag',
    )
  }
  const [certificate = '', key = ''] = textOf(client, path, reply).split(/(?<=-----END CERTIFICATE-----\n)/)
  writeFile(join(member.directory, `${name}.crt`), certificate)
  writeFile(join(member.directory, `${name}.key`), key)
  return { certificate, key }
}

function writeAuthorities(
  member: Membership,
  authority: string,
  pair: { certificate: string; key: string },
): void {
  writeFile(join(member.directory, 'server-ca.crt'), authority)
  writeFile(join(member.directory, 'kubelet.kubeconfig'), kubeconfig(member.url, authority, pair))
}
