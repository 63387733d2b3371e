import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { exec, ping } from '../../src/cli/adhoc.ts'
import { UsageError } from '../../src/core/errors.ts'

describe('commands on hosts', () => {
  let folder: string
  let inventory: string
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'provision-cli-'))
    inventory = path.join(folder, 'inventory.yaml')
    const host = '{connection: local, become_password: hunter22}'
    writeFileSync(inventory, `all:\n  hosts:\n    here: ${host}\n`)
  })
  after(() => rmSync(folder, { recursive: true }))

  async function printed(work: () => Promise<number>): Promise<{ code: number; text: string }> {
    const write = process.stdout.write.bind(process.stdout)
    let text = ''
    process.stdout.write = (part: string | Uint8Array, done?: unknown) => {
      text += part
      if (typeof done === 'function') done()
      return true
    }
    try {
      const code = await work()
      return { code, text }
    } finally {
      process.stdout.write = write
    }
  }
  const run = (output: 'text' | 'json', script: string) =>
    printed(() => exec('all', [script], { inventory, output }))

  it('show what each host says, its secrets masked', async () => {
    const { code, text } = await run('text', 'echo it is hunter22; echo so >&2')
    assert.deepEqual([code, text], [0, 'here  it is ********\nhere  so\n'])
  })

  it('exit with 3 when a command fails', async () => {
    const { code, text } = await run('json', 'echo hunter22; exit 7')
    const [{ ms, ...answer }] = JSON.parse(text)
    assert.equal(typeof ms, 'number')
    assert.deepEqual(answer, { host: 'here', code: 7, stdout: '********\n', stderr: '' })
    assert.equal(code, 3)
  })

  it('contact nothing when the pattern means nothing', async () => {
    await assert.rejects(ping('nobody', { inventory, output: 'text' }), UsageError)
  })
})
