import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { LocalDirectory } from '../../src/core/task.ts'
import { archiveBytes } from '../../src/load/file/archive.ts'
import { ignoring } from '../../src/load/file/ignorefile.ts'
import { readLocalDirectory } from '../../src/load/file/localdirectory.ts'
import type { Program } from '../../src/load/program.ts'

describe('a directory of the controller', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'provision-context-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (name: string, content: string, mode = 0o644) => {
    const path = join(folder, 'context', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    chmodSync(path, mode)
  }
  const read = (): LocalDirectory => readLocalDirectory({} as Program, 'context', [folder])
  const names = () => read().entries.map((one) => one.name)

  it('becomes an archive that tar reads, with modes, links and long names', () => {
    const long = `${'deep/'.repeat(30)}ending-ü.txt`
    write('Dockerfile', 'FROM scratch\n')
    write('run.sh', '#!/bin/sh\n', 0o755)
    write(long, 'x'.repeat(1000))
    symlinkSync('run.sh', join(folder, 'context/link'))
    const { entries, size } = read()
    const bytes = Buffer.concat([...archiveBytes(entries)])
    assert.equal(bytes.length, size)
    const out = join(folder, 'out')
    mkdirSync(out)
    execFileSync('tar', ['-xf', '-', '-C', out], { input: bytes })
    const list = (at: string) =>
      execFileSync('find', ['.', '-printf', '%p %y %m %l\n'], { cwd: at, encoding: 'utf8' })
    const sorted = (text: string) =>
      text
        .split('\n')
        .filter((line) => !line.startsWith('. '))
        .sort()
    assert.deepEqual(sorted(list(out)), sorted(list(join(folder, 'context'))))
    execFileSync('diff', ['-r', out, join(folder, 'context')])
  })

  it('holds everything, with checksums, where it is to be copied', () => {
    write('a', 'hello\n')
    write('.dockerignore', '*\n')
    const tree = readLocalDirectory({} as Program, 'context', [folder], 'tree')
    assert.deepEqual(
      tree.entries.map(({ name, sha256 }) => `${name} ${sha256?.slice(0, 8)}`),
      ['.dockerignore cdbcae15', 'a 5891b5b5'],
    )
    assert.deepEqual(names(), [])
  })

  it('is the same as long as names, modes and bytes are', () => {
    write('a', '1')
    const before = read().sha256
    utimesSync(join(folder, 'context/a'), 1, 1)
    chmodSync(join(folder, 'context/a'), 0o664)
    assert.equal(read().sha256, before)
    chmodSync(join(folder, 'context/a'), 0o755)
    assert.notEqual(read().sha256, before)
    write('a', '2')
    assert.notEqual(read().sha256, before)
  })

  it('leaves out what .dockerignore names', () => {
    for (const name of ['Dockerfile', 'a.log', 'sub/b.log', 'out/x', 'out/keep', 'node_modules/m/i.js'])
      write(name, '')
    write('.dockerignore', '# notes\n**/*.log\nout\n!out/keep\n/node_modules/\n')
    assert.deepEqual(names(), ['.dockerignore', 'Dockerfile', 'out', 'out/keep', 'sub'])
  })

  it('says where it looked', () => {
    assert.throws(() => read(), /there is no directory 'context'/)
  })
})

describe('.dockerignore', () => {
  const cases: [string, string[], string[]][] = [
    ['*.md', ['a.md'], ['sub/a.md', 'amd']],
    ['*/temp*', ['a/temp', 'a/temporary/x'], ['temp', 'a/b/temp']],
    ['temp?', ['tempa'], ['temp', 'tempab']],
    ['**', ['a', 'a/b'], []],
    ['a/**/z', ['a/z', 'a/b/c/z'], ['a/b', 'z']],
    ['*.md\n!README.md', ['x.md'], ['README.md']],
    ['[ab].txt', ['a.txt'], ['c.txt']],
    ['a+b(c', ['a+b(c'], ['aab(c']],
  ]
  for (const [text, out, kept] of cases) {
    it(JSON.stringify(text), () => {
      const ignored = ignoring(text)
      assert.deepEqual([...out, ...kept].filter(ignored), out)
    })
  }
})
