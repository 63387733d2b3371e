import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Connection } from '../../src/connect/connection.ts'
import { type ConnectorOptions, createConnector } from '../../src/connect/connector.ts'
import { LocalLink } from '../../src/connect/local.ts'
import { Session } from '../../src/connect/session.ts'
import type { ConnectionOptions, Host } from '../../src/core/host.ts'
import { newKey } from './server.ts'

/** A directory that goes away after the tests of a `describe`. */
export function temporary(): { readonly path: string } {
  const at = { path: '' }
  before(() => {
    at.path = mkdtempSync(join(tmpdir(), 'connect-test-'))
  })
  after(() => rmSync(at.path, { recursive: true, force: true }))
  return at
}

export function hostNamed(name: string, connection: Partial<ConnectionOptions>): Host {
  return { name, groups: ['all'], vars: {}, connection: { kind: 'ssh', ...connection } }
}

/** A session on this machine, for what does not depend on the link. */
export function localSession(): Connection {
  const link = new LocalLink()
  const nobody = { known: () => undefined, ask: async () => undefined }
  return new Session(hostNamed('here', { kind: 'local' }), { link, release: () => link.close() }, nobody)
}

/** A key pair whose private half is in a file. */
export function keyIn(directory: string, name = 'id_test'): { path: string; public: string } {
  const pair = newKey()
  const path = join(directory, name)
  writeFileSync(path, pair.private, { mode: 0o600 })
  writeFileSync(`${path}.pub`, `${pair.public}\n`)
  return { path, public: pair.public }
}

/** A connector that reads nothing of the user's own. */
export function connectorIn(directory: string, options: Partial<ConnectorOptions> = {}) {
  return createConnector({
    lookup: () => undefined,
    knownHostsFiles: [join(directory, 'known_hosts')],
    configFile: join(directory, 'ssh_config'),
    connectTimeout: 5,
    ...options,
  })
}
