import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../src/core/errors.ts'
import { parseExtraVars } from '../../src/load/extravars.ts'

describe('extra variables', () => {
  it('are text when written as name=value', async () =>
    assert.deepEqual(await parseExtraVars(['a=1', 'b=x=y z', 'c=']), { a: '1', b: 'x=y z', c: '' }))
  it('are data when written as YAML or in a file; later ones win', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'vars-')), 'v.yaml')
    await writeFile(file, 'a: 1\nb: [2]\n')
    assert.deepEqual(await parseExtraVars([`@${file}`, '{a: 5, c: true}']), { a: 5, b: [2], c: true })
  })
  it('are refused all at once', async () => {
    const error = await parseExtraVars(['x', 'a-b=1', '@/nowhere', '{a', 'hosts=x', '{[1]: 2}']).catch(
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof UsageError, String(error))
    assert.equal(error.diagnostics.length, 6)
  })
})
