import assert from 'node:assert/strict'
import { type ActContext, act } from '../../src/run/act.ts'

describe('a restart', () => {
  it('is never that of the machine that the program runs on', async () => {
    const session = {
      host: { name: 'rpicloud', groups: [], vars: {}, connection: { kind: 'local' } },
      connection: () => assert.fail('nothing may be asked of it, least of all to restart'),
    }
    const context = { session, signal: new AbortController().signal, runAs: { become: true, exports: '' } }
    await assert.rejects(
      act({ do: 'reboot', timeout: 60 }, context as unknown as ActContext),
      /this is the machine that provision runs on/,
    )
  })
})
