import assert from 'node:assert/strict'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../src/core/errors.ts'
import { formatYaml, parseYaml, readYaml } from '../../src/load/yaml/yaml.ts'

function faults(text: string): string[] {
  try {
    parseYaml(text, 'f.yaml')
    return []
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error))
    return error.diagnostics.map(({ place, message }) => `${place?.line}:${place?.column} ${message}`)
  }
}

describe('yaml', () => {
  const mistakes: [string, string, RegExp][] = [
    ['tab', 'a:\n\tb: 1\n', /^2:1 a tab is used for indentation$/],
    ['duplicate key', 'a: 1\nb:\n  c: 2\n  c: 3\n', /^4:3 the key 'c' is given twice$/],
    ['a number that loses its zero', 'a: 1\ntag: 1.10\n', /^2:6 1\.10 is read as the number 1\.1$/],
    ['a number of too many digits', 'id: 12345678901234567890\n', /^1:5 12345678901234567890 is read as/],
    ['unclosed double quote', 'a: 1\nb: "x\nc: 2\n', /^2:4 the quote " is never closed$/],
    ['unclosed single quote', "a: 'x\n", /^1:4 the quote ' is never closed$/],
    ['unclosed bracket', "a: it's\nb: [1,\nc: 1\n", /^2:4 the bracket \[ is never closed$/],
    ['bare template', 'z: 1\na: {{ x }}\n', /^2:4 a value that begins with {{ must be quoted$/],
    [
      'bare template with text after it',
      'a: {{ x }}/y\nb: 1\n',
      /^1:4 a value that begins with {{ must be quoted$/,
    ],
    ['bare template in a list', '- a\n- {{ x }}\n', /^2:3 a value that begins with {{/],
    ['empty', '', /^1:1 the file is empty$/],
    ['comments only', '# x\n', /^1:1 the file is empty$/],
    ['two documents', 'a: 1\n---\nb: 1\n', /^2:1 the file holds more than one YAML document$/],
    ['unknown alias', 'a: &x 1\nb: *y\n', /^2:5 the alias \*y names no anchor/],
    ['bare star', 'hosts: *\n', /^1:\d a value that begins with \* is an alias$/],
    ['alias to itself', 'a: &x [*x]\n', /^1:8 an alias refers to the value it is part of$|^1:9 an alias/],
    ['reserved character', 'a: @x\n', /^1:4 a value can't begin with @$/],
    ['colon in a value', 'a: b: c\n', /^1:5 a value that holds ': ' must be quoted$/],
    ['colon behind a quote', 'a: "b": c\n', /^1:7 this does not fit/],
    ['list and mapping', '- a\nb: 1\n', /^2:1 the indentation does not match/],
    ['control character', 'a: \u0001\n', /^1:4 the file holds a character that is not printable$/],
    ['tag', 'a: !foo 1\n', /^1:4 unknown scalar tag/],
    ['not a number', 'a: .nan\n', /^1:4 NaN can't be used/],
    ['__proto__', '__proto__: {a: 1}\n', /'__proto__' can't be a key$/],
  ]
  for (const [name, text, expected] of mistakes)
    it(`explains: ${name}`, () => {
      const found = faults(text)
      assert.equal(found.length, 1)
      assert.match(found[0] as string, expected)
    })

  it('reports every duplicate key at once', () => assert.equal(faults('a: 1\na: 2\nb: 1\nb: 2\n').length, 2))

  it('limits aliases and what they expand to', () => {
    const many = `a: &a 1\nb: [${Array.from({ length: 101 }, () => '*a').join(', ')}]\n`
    assert.match(faults(many)[0] as string, /too many aliases/)
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
    for (let level = 1; level <= 9; level++)
      bomb.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`)
    assert.match(faults(bomb.join('\n'))[0] as string, /expand to too much data/)
  })

  it('merges with << and copies aliases', () => {
    const { value } = parseYaml('base: &b {x: 1}\nmore: {<<: *b, y: 2}\n', 'f.yaml')
    assert.deepEqual(value, { base: { x: 1 }, more: { x: 1, y: 2 } })
  })

  it('knows the place of values and keys', () => {
    const { placeOf, keyPlaceOf } = parseYaml(
      '- name: x\n  file: {path: /a, mode: 644}\n  when:\n    - a\n',
      'p.yaml',
    )
    assert.deepEqual(placeOf('/0/file/mode'), { file: 'p.yaml', line: 2, column: 26 })
    assert.deepEqual(keyPlaceOf('/0/file/mode'), { file: 'p.yaml', line: 2, column: 20 })
    assert.deepEqual(placeOf('/0/when/0'), { file: 'p.yaml', line: 4, column: 7 })
    assert.deepEqual(placeOf('/0/file/nothing/below'), placeOf('/0/file'))
  })

  it('accepts a byte order mark and Windows line ends', () =>
    assert.deepEqual(parseYaml('\uFEFFa: 1\r\nb: 2\r\n', 'f').value, { a: 1, b: 2 }))

  it('keeps the zero before a whole number, as text', () =>
    assert.deepEqual(parseYaml('[0755, 01067, 08, 0, 10, 0x1f, !!int 0755]', 'f').value, [
      '0755',
      '01067',
      '08',
      0,
      10,
      31,
      755,
    ]))

  it('says what to write for templates and colons without quotes', () => {
    const hints: [string, string][] = [
      ['a: {{ x }} is up', '{{ x }} is up'],
      ['a: { b: {{ x }} }', '{{ x }}'],
      ['a: { b: {{ x }}/{{ y }}/z, c: 1 }', '{{ x }}/{{ y }}/z'],
      ['a: [{{ x }}, 1]', '{{ x }}'],
      ['- name: Install: curl', 'Install: curl'],
      ['name: One: two: three', 'One: two: three'],
    ]
    for (const [text, expected] of hints)
      assert.throws(
        () => parseYaml(text, 'f.yaml'),
        (error) => error instanceof UsageError && error.diagnostics[0]?.hint === `write: "${expected}"`,
        text,
      )
  })

  it('writes what it can read back', () => {
    const value = { a: ['x: y', '{{ z }}', 'no', '0755', 1.5, null], 'k v': 'two\nlines' }
    assert.deepEqual(parseYaml(formatYaml(value), 'f').value, value)
  })

  describe('files that cannot be read', () => {
    const reading = async (path: string): Promise<string> => {
      const error = await readYaml(path).then(
        () => assert.fail('was read'),
        (reason: unknown) => reason,
      )
      assert.ok(error instanceof UsageError, String(error))
      return error.message
    }
    it('missing', async () =>
      assert.match(await reading('/nowhere/x.yaml'), /there is no file \/nowhere\/x.yaml/))
    it('another name', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'yaml-'))
      await writeFile(join(folder, 'site.yaml'), 'a: 1')
      await assert.rejects(readYaml(join(folder, 'site.yml')), (error) => {
        assert.ok(error instanceof UsageError)
        assert.equal(error.diagnostics[0]?.hint, `did you mean '${join(folder, 'site.yaml')}'?`)
        return true
      })
    })
    it('a directory', async () => assert.match(await reading(tmpdir()), /is a directory, not a file/))
    it('not UTF-8', async () => {
      const path = join(await mkdtemp(join(tmpdir(), 'yaml-')), 'x.yaml')
      await writeFile(path, Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]))
      assert.match(await reading(path), /not UTF-8/)
      await writeFile(path, Buffer.from('\uFEFFa: 1', 'utf16le'))
      assert.match(await reading(path), /UTF-16/)
    })
    it('no permission', async () => {
      const path = join(await mkdtemp(join(tmpdir(), 'yaml-')), 'x.yaml')
      await writeFile(path, 'a: 1')
      await chmod(path, 0)
      // Root may read everything.
      const root = process.geteuid?.() === 0
      if (root) process.seteuid!(65534)
      const said = await reading(path).finally(() => root && process.seteuid!(0))
      assert.match(said, /no permission to read/)
    })
  })
})
