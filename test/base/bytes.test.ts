import assert from 'node:assert/strict'
import { parseSize, sizeText } from '../../src/base/bytes.ts'

describe('sizes', () => {
  const sizes: [string, number | undefined][] = [
    ['1TB', 1e12],
    ['1.5 TB', 1.5e12],
    ['1TiB', 2 ** 40],
    ['64 MiB', 64 * 2 ** 20],
    ['512B', 512],
    ['10gb', 1e10],
    ['1T', undefined],
    ['TB', undefined],
    ['-1TB', undefined],
  ]
  for (const [text, bytes] of sizes) it(`${text} is ${bytes}`, () => assert.equal(parseSize(text), bytes))

  it('are written as on the box of a disk', () => {
    assert.deepEqual([0, 999, 1000, 1e12, 67108864].map(sizeText), [
      '0 B',
      '999 B',
      '1.0 KB',
      '1.0 TB',
      '67.1 MB',
    ])
  })
})
