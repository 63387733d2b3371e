import assert from 'node:assert/strict'
import { applyPatch } from 'diff'
import { unifiedDiff } from '../../src/base/diff.ts'

const numbered = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, at) => `${prefix}${at}\n`).join('')

describe('unified diff', () => {
  it('shows what changed with three lines around it', () => {
    const before = 'a\nb\nc\nd\ne\nf\ng\n'
    assert.equal(
      unifiedDiff('/etc/x', before, before.replace('e', 'E')),
      '--- /etc/x\n+++ /etc/x\n@@ -2,6 +2,6 @@\n b\n c\n d\n-e\n+E\n f\n g\n',
    )
  })

  it('says nothing of equal texts', () => assert.equal(unifiedDiff('x', 'a\n', 'a\n'), ''))

  it('marks a missing final line end', () => {
    assert.match(unifiedDiff('x', 'a', 'a\n'), /^-a\n\\ No newline at end of file\n\+a\n/m)
  })

  const large: [string, string, string][] = [
    ['a file that did not exist', '', numbered(3000)],
    ['a file emptied', numbered(3000), ''],
    ['every line other, the last one open', numbered(1500, 'a'), `${numbered(1500, 'b')}end`],
  ]
  for (const [name, before, after] of large) {
    it(`stays a patch that applies beyond the limit: ${name}`, () => {
      const patch = unifiedDiff('x', before, after)
      assert.equal(applyPatch(before, patch), after)
    })
  }
})
