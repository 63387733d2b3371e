import assert from 'node:assert/strict'
import fc from 'fast-check'
import { printedJson } from '../../src/base/printed-json.ts'

describe('JSON that may be looked at', () => {
  it('holds nothing that a terminal obeys', () => {
    const text = printedJson({ 'key\u009b': ['\x1b[2J', '\u009b2J', '\x7f', '\u202egnp.exe'] })
    assert.equal(text, '{"key\\u009b":["\\u001b[2J","\\u009b2J","\\u007f","\\u202egnp.exe"]}')
  })

  it('is the same value', () => {
    fc.assert(
      fc.property(fc.json(), fc.string({ unit: 'binary' }), (json, text) => {
        const value = [JSON.parse(json), text]
        const printed = printedJson(value, 2)
        assert.deepEqual(JSON.parse(printed), value)
        assert.doesNotMatch(printed.replaceAll('\n', ''), /[\p{Cc}\u202e]/u)
      }),
    )
  })
})
