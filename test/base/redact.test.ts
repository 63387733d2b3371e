import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isPlaceholder, newPlaceholder, processSecrets, Redactor } from '../../src/base/redact.ts'
import { quote } from '../../src/base/shell.ts'

const MASK = '********'
const FEW = { numRuns: 25 }

/** Without what other tests have made known to the whole process. */
function redactor(...secrets: string[]): Redactor {
  const made = new Redactor(null)
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

  it('nothing of it is left in a URL, in HTML, in JSON inside of JSON, in hexadecimal and in other quotes', () => {
    const encoders: [string, (text: string) => string][] = [
      ['url', (text) => encodeURIComponent(text)],
      ['url, lower case', (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase())],
      ['path', (text) => encodeURI(text)],
      ['form', (text) => new URLSearchParams([['', text]]).toString().slice(1)],
      ['JSON twice', (text) => JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1)],
      ['ASCII JSON', (text) => ascii(JSON.stringify(text).slice(1, -1))],
      ['hexadecimal', (text) => Buffer.from(text).toString('hex').toUpperCase()],
      [
        'od -tx1',
        (text) =>
          Buffer.from(text)
            .toString('hex')
            .replaceAll(/..(?=.)/g, '$& '),
      ],
      [
        'xxd',
        (text) =>
          Buffer.from(text)
            .toString('hex')
            .replaceAll(/....(?=.)/g, '$& '),
      ],
      [
        'a fingerprint',
        (text) =>
          Buffer.from(text)
            .toString('hex')
            .replaceAll(/..(?=.)/g, '$&:'),
      ],
      ['backslashes', (text) => text.replace(/[^\w\n]/g, '\\$&')],
      ['quotes', (text) => text.replaceAll("'", `'"'"'`)],
      ['YAML', (text) => text.replaceAll("'", "''")],
      ['HTML', (text) => text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`)],
    ]
    const secret = fc
      .string({ minLength: 4, maxLength: 20 })
      .filter((text) => text.trim() === text && !text.includes('*') && text.length >= 4)
    for (const [name, encode] of encoders)
      fc.assert(
        fc.property(secret, (text) =>
          assert.equal(redactor(text).mask(`<${encode(text)}>`), `<${MASK}>`, name),
        ),
      )
  })

  it('nothing of it is left in base64 of a longer text, wherever it stands there', () => {
    for (const alphabet of ['base64', 'base64url'] as const)
      fc.assert(
        fc.property(anySecret, fc.nat(8), fc.nat(8), (secret, before, after) => {
          const text = `${'a'.repeat(before)}${secret}${'b'.repeat(after)}`
          const masked = redactor(secret).mask(Buffer.from(text).toString(alphabet))
          assert.ok(masked.includes(MASK), masked)
          const left = masked.split(MASK).map((part) => Buffer.from(part, 'base64').toString())
          for (const part of left) assert.ok(!part.includes(secret.trim().slice(0, 4)), masked)
        }),
        FEW,
      )
  })

  it('base64 that is wrapped into lines is masked, too', () => {
    const secret = Buffer.from(Array.from({ length: 120 }, (_, index) => 7 + index)).toString('latin1')
    const wrapped = Buffer.from(secret).toString('base64').replace(/.{76}/g, '$&\n')
    for (const line of redactor(secret).mask(wrapped).split('\n')) assert.match(line, /^\*{8}=*$/)
  })

  it('a secret full of backslashes takes no time', () => {
    const text = '\\'.repeat(5_000)
    assert.equal(redactor(`${'\\'.repeat(30)}"${'\\'.repeat(30)}x`).mask(text), text)
  })

  it('of any length, also in one line and in JSON', () => {
    const long = Array.from({ length: 3000 }, (_, at) => `${at}"`).join('')
    for (const secret of [long, `first line\n${long}\nlast line`]) {
      const redactor = new Redactor(null)
      redactor.add(secret)
      for (const text of [`a ${secret} b`, JSON.stringify({ secret })]) {
        assert.doesNotMatch(redactor.mask(text), /\d|line/)
        assert.doesNotMatch(JSON.stringify(redactor.maskAll({ text })), /\d|line/)
      }
    }
  })

  it('of secrets that overlap, one of them the whole process knows, the longer one is masked whole', () => {
    processSecrets.add('whole-process-secret')
    const own = new Redactor()
    own.add('process')
    assert.equal(own.mask('a whole-process-secret process'), `a ${MASK} ${MASK}`)
  })

  it('what stands for a secret is masked, also when it has been written as JSON or lost its control characters', () => {
    const placeholder = newPlaceholder()
    const mask = (text: string): string => new Redactor().mask(text)
    assert.ok(isPlaceholder(placeholder))
    assert.equal(mask(`a ${placeholder}`), `a ${MASK}`)
    assert.equal(mask(JSON.stringify(placeholder)), `"${MASK}"`)
    assert.equal(mask(placeholder.replaceAll('\0', '')), MASK)
  })

  it('leaves alone what is open, told by the keys that lead to it', () => {
    const open = (path: string[]): boolean => path.at(-1) === 'host' && !path.includes('result')
    assert.deepEqual(redactor('host', 'rpi01').maskAll({ host: 'rpi01', result: { host: 'rpi01' } }, open), {
      host: 'rpi01',
      result: { [MASK]: MASK },
    })
  })
})

function ascii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
