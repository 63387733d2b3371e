import assert from 'node:assert/strict'
import path from 'node:path'
import { Redactor } from '../../src/base/redact.ts'
import { createConnector } from '../../src/connect/connector.ts'
import type { Become, ConnectionOptions } from '../../src/core/host.ts'
import { runProgram } from '../../src/run/conduct.ts'
import { program, step, useFolder, word } from './rig.ts'

describe('becoming another user', () => {
  const folder = useFolder()

  /** As whom the scripts of a step ran that wants to become root. */
  async function became(inventory: Partial<ConnectionOptions>, wanted: Become): Promise<Become[]> {
    const steps = [step(1, word, { file: path.join(folder.path, 'a'), word: 'x' }, { become: wanted })]
    const what = program([{ steps, handlers: [] }])
    Object.assign(what.inventory.hosts.get('one')!.connection, inventory, { kind: 'local' })
    const real = createConnector({ lookup: () => undefined })
    const seen = new Set<Become>()
    const connector = {
      connect: async (host: Parameters<typeof real.connect>[0]) => {
        const connection = await real.connect(host)
        const plainly = connection.run.bind(connection)
        const run: typeof connection.run = (script, options) => {
          seen.add(options?.become ?? false)
          return plainly(script, { ...options, become: false })
        }
        return Object.assign(connection, { lock: async () => null, run })
      },
      close: () => real.close(),
    }
    const options = { connector, redactor: new Redactor(), forks: 1, owner: 'the tests' }
    for await (const event of runProgram(what, {
      ...options,
      mode: 'check',
      signal: new AbortController().signal,
    }))
      if (event.type === 'step-end') assert.equal(event.status, 'changed')
    await connector.close()
    return [...seen]
  }

  it('is what steps say, unless the inventory does', async () => {
    assert.deepEqual(await became({}, true), [true])
    assert.deepEqual(await became({ become: false }, true), [false])
    assert.deepEqual(await became({ become: true }, false), [true])
    assert.deepEqual(await became({ become: true }, 'nobody'), [true, 'nobody'])
  })
})
