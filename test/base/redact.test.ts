import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Redactor } from '../../src/base/redact.ts'
import { quote } from '../../src/base/shell.ts'

const MASK = '********'

function redactor(...secrets: string[]): Redactor {
  const made = new Redactor()
  for (const secret of secrets) made.add(secret)
  return made
}

/** Anything long enough to be masked; without the character that masks. */
const anySecret = fc
  .string({ unit: 'grapheme', minLength: 4, maxLength: 30 })
  .filter((text) => text.trim().length >= 4 && !text.includes('*'))
const anyText = fc.string({ unit: 'grapheme', maxLength: 30 })

describe('masking secrets', () => {
  it('no secret is left in any text', () => {
    fc.assert(
      fc.property(fc.array(anySecret, { minLength: 1, maxLength: 4 }), anyText, anyText, (secrets, a, b) => {
        const text = [a, ...secrets, b, ...secrets].join(a)
        const masked = redactor(...secrets).mask(text)
        for (const secret of secrets) assert.ok(!masked.includes(secret), masked)
      }),
    )
  })

  it('a text without the secret stays as it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        assert.equal(redactor('\u{10ffff}secret').mask(text), text)
      }),
    )
  })

  it('nothing of it is left in a shell word, in JSON and in base64', () => {
    fc.assert(
      fc.property(anySecret, (secret) => {
        const mask = (text: string) => redactor(secret).mask(text)
        const base64 = Buffer.from(secret).toString('base64')
        assert.equal(mask(quote(secret)).replaceAll("'", ''), MASK)
        assert.equal(mask(JSON.stringify(secret)), `"${MASK}"`)
        assert.equal(mask(base64).replace(/=+$/, ''), MASK)
      }),
    )
  })

  it('a secret that begins with another one is masked whole', () => {
    assert.equal(redactor('hunter', 'hunter2-and-more').mask('hunter2-and-more hunter'), `${MASK} ${MASK}`)
  })

  it('a secret added later is masked as well', () => {
    const one = redactor('first-secret')
    assert.equal(one.mask('first-secret second-secret'), `${MASK} second-secret`)
    one.add('second-secret')
    assert.equal(one.mask('first-secret second-secret'), `${MASK} ${MASK}`)
  })

  it('a secret read from a file is masked without its last newline', () => {
    assert.equal(redactor('s3cret\n').mask('token=s3cret;'), `token=${MASK};`)
  })

  it('a key of many lines is masked line by line', () => {
    const key = '-----BEGIN KEY-----\nAAAAB3NzaC1yc2E\nshort\n-----END KEY-----\n'
    const masked = redactor(key).mask('1: AAAAB3NzaC1yc2E\n2: short')
    assert.equal(masked, `1: ${MASK}\n2: short`)
  })

  it('values too short to be secrets would make every text unreadable', () => {
    assert.equal(redactor('', 'a', 'yes', ' no \n').mask('yes, a no'), 'yes, a no')
  })

  it('masks every string of an event, keys included, and leaves the rest', () => {
    const event = {
      at: 1,
      ok: true,
      none: null,
      list: ['x s3cret', { 's3cret!': 's3cret' }],
      gone: undefined,
    }
    assert.deepEqual(redactor('s3cret').maskAll(event), {
      at: 1,
      ok: true,
      none: null,
      list: [`x ${MASK}`, { [`${MASK}!`]: MASK }],
      gone: undefined,
    })
    assert.equal(redactor().maskAll(event), event)
  })
})
