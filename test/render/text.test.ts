import assert from 'node:assert/strict'
import { coloursFor } from '../../src/render/colour.ts'
import {
  clip,
  duration,
  elapsed,
  hostRange,
  padEnd,
  padStart,
  printable,
  width,
} from '../../src/render/text.ts'

describe('text in a terminal', () => {
  it('counts columns, not characters', () => {
    const widths: [string, number][] = [
      ['', 0],
      ['abc', 3],
      ['\x1b[31mred\x1b[39m', 3],
      ['日本', 4],
      ['ｗｉｄｅ', 8],
      ['é', 1],
      ['é', 1],
      ['👩‍👩‍👧', 2],
      ['🇩🇪', 2],
      ['✔ → …', 5],
      ['❌', 2],
      ['❤️', 2],
      ['a​b', 2],
      ['한국', 4],
    ]
    for (const [text, columns] of widths) assert.equal(width(text), columns, JSON.stringify(text))
  })

  it('clips at a column and never inside a character', () => {
    assert.equal(clip('packages', 8), 'packages')
    assert.equal(clip('packages', 5), 'pack…')
    assert.equal(clip('日本語日本語', 6), '日本…')
    assert.equal(clip('é'.repeat(9), 3), `${'é'.repeat(2)}…`)
    assert.equal(clip('abc', 0), '')
  })

  it('pads by columns', () => {
    assert.equal(padEnd('日', 4), '日  ')
    assert.equal(padStart('\x1b[1m7\x1b[22m', 3), '  \x1b[1m7\x1b[22m')
  })

  it('keeps of a line what is to be read', () => {
    assert.equal(printable(' 10%\r 55%\r'), ' 55%')
    assert.equal(printable('\x1b]0;title\x07\x1b[2Ja\tb\x07'), 'a    b')
    assert.equal(printable('safe\u202egnp.exe'), 'safegnp.exe')
    assert.equal(printable('a\u009b31mb'), 'ab')
  })

  it('says durations so that they are read at once', () => {
    assert.deepEqual([40, 9949, 9951, 59_400, 59_600, 3_723_000].map(duration), [
      '0.0 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1:00 min',
      '1:02:03 h',
    ])
    assert.deepEqual([0, 7999, 61_000, 3_600_000].map(elapsed), ['0:00', '0:07', '1:01', '1:00:00'])
  })

  it('names many hosts in few words', () => {
    const nodes = ['rpi01', 'rpi02', 'rpi03', 'rpi09', 'rpi10', 'rpi11']
    assert.equal(hostRange(['rpicloud', ...nodes]), 'rpicloud, rpi[01:03], rpi[09:11]')
    assert.equal(hostRange(['a1', 'a2', 'b']), 'a1, a2, b')
    assert.equal(hostRange(['web8', 'web9', 'web10']), 'web[8:10]')
    assert.equal(hostRange([]), '')
  })
})

describe('colours', () => {
  const red = (isTTY: boolean, env: NodeJS.ProcessEnv) => coloursFor({ isTTY }, env).red('x') !== 'x'

  it('are for terminals', () => {
    assert.equal(red(true, {}), true)
    assert.equal(red(false, {}), false)
    assert.equal(red(true, { TERM: 'dumb' }), false)
    assert.equal(red(false, { CI: 'true' }), false)
  })

  it('follow NO_COLOR and FORCE_COLOR', () => {
    assert.equal(red(true, { NO_COLOR: '1' }), false)
    assert.equal(red(true, { NO_COLOR: '' }), true)
    assert.equal(red(false, { FORCE_COLOR: '1' }), true)
    assert.equal(red(true, { FORCE_COLOR: '0' }), false)
    assert.equal(red(true, { NO_COLOR: '1', FORCE_COLOR: '1' }), false)
  })
})
