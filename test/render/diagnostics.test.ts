import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { coloursFor, noColours } from '../../src/render/colour.ts'
import { diagnosticsText } from '../../src/render/diagnostics.ts'

describe('diagnostics', () => {
  const folder = mkdtempSync(join(tmpdir(), 'diagnostics-'))
  const file = join(folder, 'x.yaml')
  writeFileSync(file, '- hosts: all\n  tasks:\n    - file:\n\t- 日本: mod\n')
  after(() => rmSync(folder, { recursive: true }))
  const at = (line: number, column: number) => ({ file, line, column })

  it('show the place, the line, a caret under the column and a hint, in the order of the file', () => {
    const text = diagnosticsText(
      [
        {
          severity: 'error',
          place: at(3, 7),
          message: "unknown argument 'mod' of task file",
          hint: "did you mean 'mode'?",
        },
        { severity: 'warning', place: at(1, 3), message: 'this play has no name' },
        { severity: 'error', message: 'no such host: rpi99', hint: 'known: rpi01\nsee: provision inventory' },
      ],
      noColours,
    )
    assert.equal(
      text,
      [
        'error: no such host: rpi99',
        '  hint: known: rpi01',
        '        see: provision inventory',
        `${file}:1:3: warning: this play has no name`,
        '    1 | - hosts: all',
        '      |   ^',
        `${file}:3:7: error: unknown argument 'mod' of task file`,
        '    3 |     - file:',
        '      |       ^',
        "  hint: did you mean 'mode'?",
        '2 errors, 1 warning; nothing was contacted',
      ].join('\n'),
    )
  })

  it('point at the right column behind tabs and wide characters', () => {
    const lines = diagnosticsText([{ severity: 'error', place: at(4, 6), message: 'x' }], noColours).split(
      '\n',
    )
    assert.deepEqual(lines.slice(1, 3), ['    4 |     - 日本: mod', '      |           ^'])
  })

  it('cut long lines around the column', () => {
    const long = join(folder, 'long.yaml')
    writeFileSync(long, `${'a'.repeat(300)}X${'b'.repeat(300)}\nX${'c'.repeat(300)}\n`)
    for (const [line, column] of [
      [1, 301],
      [2, 1],
    ] as const) {
      const place = { file: long, line, column }
      const [, shown = '', caret = ''] = diagnosticsText(
        [{ severity: 'error', place, message: 'x' }],
        noColours,
      ).split('\n')
      assert.ok(shown.length <= 120 && shown.endsWith('…'), shown)
      assert.equal(shown[caret.indexOf('^')], 'X')
    }
  })

  it('do without a file that can not be read, a line that is not there, and an end of file', () => {
    const places = [{ file: `${file}.none`, line: 1, column: 1 }, at(99, 1), at(5, 1)]
    for (const place of places) {
      const text = diagnosticsText([{ severity: 'warning', place, message: 'x' }], noColours)
      assert.deepEqual(text.split('\n').slice(1), ['1 warning'])
    }
    assert.equal(diagnosticsText([], noColours), '')
  })

  it('colour errors red and warnings yellow', () => {
    const colours = coloursFor({}, { FORCE_COLOR: '1' })
    const text = (severity: 'error' | 'warning') => diagnosticsText([{ severity, message: 'x' }], colours)
    assert.ok(text('error').startsWith('\x1b[31m\x1b[1merror:'))
    assert.ok(text('warning').startsWith('\x1b[33m\x1b[1mwarning:'))
  })
})
