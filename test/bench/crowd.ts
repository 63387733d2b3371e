/**
 * Many hosts in one process: crowd.ts FOLDER COUNT. They are SSH servers on ports of 127.0.0.1 that run their commands on
 * this machine; what they say of themselves is written to FOLDER/inventory.json.
 */
import { chmodSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { newKey, startServer } from '../connect/server.ts'

const [folder, count] = process.argv.slice(2) as [string, string]

/** They share this machine's lock; each is to think that it is its own. */
const LOCK = ['flock', 'dd']

async function main(): Promise<void> {
  const [user, host] = [newKey(), newKey()]
  const key = path.join(folder, 'key')
  writeFileSync(key, user.private, { mode: 0o600 })
  const hosts: Record<string, object> = {}
  for (let i = 1; i <= Number(count); i++) {
    const { port, bin } = await startServer({ allow: [user.public], hostKey: host.private })
    for (const name of LOCK) {
      writeFileSync(path.join(bin, name), '#!/bin/sh\nexit 0\n')
      chmodSync(path.join(bin, name), 0o755)
    }
    hosts[`host${String(i).padStart(4, '0')}`] = { address: '127.0.0.1', port, user: 'pi', key }
  }
  writeFileSync(path.join(folder, 'inventory.json'), JSON.stringify({ all: { hosts } }))
  process.stdout.write('ready\n')
}

await main()
