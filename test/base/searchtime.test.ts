import assert from 'node:assert/strict'
import { SearchTimeout, searchInTime } from '../../src/base/searchtime.ts'

const search = (expression: RegExp, text: string): boolean =>
  searchInTime(() => expression.test(text), [expression], [text])

describe('a search in time', () => {
  it('tells what it found', () => {
    for (const text of ['#Storage=auto', ' Storage=', 'x'.repeat(5000)])
      for (const expression of [/^#?Storage=/, /(?:^|\s)Storage=/, /^x*$/m, /(x)\1/, /(?:xx)+$/])
        assert.equal(search(expression, text), expression.test(text))
  })

  it('passes on what goes wrong in it', () => {
    const wrong = () => {
      throw new RangeError('no')
    }
    assert.throws(() => searchInTime(wrong, [], []), /no/)
    assert.throws(() => searchInTime(wrong, [/(?:a+)+$/], ['a']), /no/)
  })

  const endless = {
    'many repetitions': new RegExp(`^${'a*'.repeat(9)}b`),
    'many options': new RegExp(`^${'a?'.repeat(34)}${'a'.repeat(34)}b`),
    'many alternatives': new RegExp(`^${'(?:a|aa)'.repeat(60)}b`),
    'a class of characters': new RegExp(`^${'[)a]*'.repeat(9)}b`),
  }
  for (const [what, expression] of Object.entries(endless)) {
    it(`gives ${what} up`, () => assert.throws(() => search(expression, 'a'.repeat(120)), SearchTimeout))
  }
})
