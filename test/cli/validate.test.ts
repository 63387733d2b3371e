import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { validate } from '../../src/cli/validate.ts'
import { UsageError } from '../../src/core/errors.ts'

describe('provision validate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'validate-'))
  const playbook = join(folder, 'p.yaml')
  const inventory = join(folder, 'i.yaml')
  writeFileSync(inventory, 'all:\n  hosts:\n    one:\n')
  after(() => rmSync(folder, { recursive: true }))

  async function written(text: string): Promise<{ code: number; told: Record<string, unknown> }> {
    writeFileSync(playbook, text)
    const write = process.stdout.write.bind(process.stdout)
    let out = ''
    process.stdout.write = (chunk) => Boolean((out += String(chunk)))
    try {
      const code = await validate(playbook, { inventory, extraVars: [], output: 'json' })
      return { code, told: JSON.parse(out) as Record<string, unknown> }
    } finally {
      process.stdout.write = write
    }
  }

  it('writes mistakes as JSON, with file, line and column', async () => {
    const { code, told } = await written('- hosts: all\n  tasks:\n    - fil: {path: /x}\n')
    assert.equal(code, 1)
    assert.deepEqual(told, {
      playbook,
      errors: [
        {
          severity: 'error',
          place: { file: playbook, line: 3, column: 7 },
          message: "there is no task 'fil'",
          hint: "did you mean 'file'?",
        },
      ],
      warnings: [],
    })
  })

  it('says what there is when nothing is wrong', async () => {
    const { code, told } = await written('- hosts: all\n  tasks:\n    - file: {path: /x, state: directory}\n')
    assert.deepEqual([code, (told.plays as unknown[]).length, told.errors], [0, 1, []])
  })

  it('throws mistakes when they are for people', async () => {
    writeFileSync(playbook, '- hosts: nobody\n')
    await assert.rejects(validate(playbook, { inventory, extraVars: [], output: 'text' }), UsageError)
  })
})
