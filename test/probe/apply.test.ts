import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import type { LocalFile, Task } from '../../src/core/task.ts'
import { readLocalDirectory } from '../../src/load/file/localdirectory.ts'
import type { Program } from '../../src/load/program.ts'
import copy from '../../tasks/copy.ts'
import file from '../../tasks/file.ts'
import line from '../../tasks/line.ts'
import { local } from '../tasks/seen.ts'
import { applyHere } from './here.ts'

/** The plans of tasks carried out on this machine, inside a directory of the test. */
describe('tasks on a real file system', () => {
  let dir: string
  before(() => {
    dir = realpathSync(mkdtempSync(path.join(tmpdir(), "apply it's ")))
  })
  after(() => rmSync(dir, { recursive: true }))

  /** Applies once: the prediction must be what is seen afterwards. Applies again: nothing may be left to do. */
  function converges(task: Task, args: Record<string, unknown>): void {
    const { changes, left, facts } = applyHere(task, args)
    assert.equal(changes.length, 1)
    assert.deepEqual(left, [])
    if (userInfo().uid === 0) assert.deepEqual(changes[0]?.effects[0]?.value, facts.file)
    assert.deepEqual(applyHere(task, args).changes, [])
  }

  const at = (name: string) => path.join(dir, name)

  it('copies a text, then another one with a backup', () => {
    converges(copy, { dest: at('a\nb'), content: 'é\n', mode: '0600' })
    converges(copy, { dest: at('a\nb'), content: 'new', backup: true })
    assert.equal(readFileSync(at('a\nb.bak'), 'utf8'), 'é\n')
    assert.equal(lstatSync(at('a\nb')).mode & 0o777, 0o600)
  })

  describe('of a directory', () => {
    const names = ['-rf', "it's", 'new\nline', 'sub/run.sh', 'sub/deep/ü']
    let source: LocalFile
    before(() => {
      for (const name of names) {
        mkdirSync(path.dirname(at(`from/${name}`)), { recursive: true })
        writeFileSync(at(`from/${name}`), `${name}\n`.repeat(10), {
          mode: name.endsWith('.sh') ? 0o755 : 0o644,
        })
      }
      symlinkSync('../-rf', at('from/sub/link'))
      mkdirSync(at('from/empty'))
      source = readLocalDirectory({} as Program, 'from', [dir], 'tree')
    })
    const put = (more = {}) => applyHere(copy, { src: source, dest: at('to'), ...more })
    const listing = (folder: string): string =>
      execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %M %l\\0'], {
        cwd: at(folder),
        encoding: 'utf8',
      })
        .split('\0')
        .sort()
        .join('\n')

    it('copies all of it in one change, and leaves nothing else', () => {
      const { changes, left, facts } = put()
      assert.equal(changes.length, 1)
      assert.deepEqual(left, [])
      assert.equal(listing('to'), listing('from'))
      for (const name of names) assert.equal(readFileSync(at(`to/${name}`), 'utf8'), `${name}\n`.repeat(10))
      if (userInfo().uid === 0) assert.deepEqual(changes[0]!.effects[0]!.value, facts.tree)
      assert.deepEqual(
        readdirSync(dir).filter((name) => name.includes('.provision-')),
        [],
      )
      assert.deepEqual(put().changes, [])
    })

    it('replaces what differs, and nothing else', () => {
      writeFileSync(at('to/sub/deep/ü'), 'other')
      writeFileSync(at('to/own'), 'stays')
      chmodSync(at('to/sub/run.sh'), 0o700)
      rmSync(at('to/sub/link'))
      symlinkSync('nowhere', at('to/sub/link'))
      rmSync(at('to/empty'), { recursive: true })
      const untouched = lstatSync(at("to/it's"))
      const { changes, left } = put({ mode: '0640' })
      assert.match(changes[0]!.summary, /\(1 new, 2 changed, 4 with other attributes\)$/)
      assert.deepEqual(left, [])
      assert.equal(readFileSync(at('to/sub/deep/ü'), 'utf8'), 'sub/deep/ü\n'.repeat(10))
      assert.equal(readFileSync(at('to/own'), 'utf8'), 'stays')
      assert.equal(readlinkSync(at('to/sub/link')), '../-rf')
      for (const name of names) assert.equal(lstatSync(at(`to/${name}`)).mode & 0o777, 0o640)
      assert.equal(lstatSync(at("to/it's")).ino, untouched.ino)
    })

    it('leaves what is there when told so', () => {
      writeFileSync(at('to/-rf'), 'mine')
      rmSync(at("to/it's"))
      put({ force: false, mode: '0640' })
      assert.equal(readFileSync(at('to/-rf'), 'utf8'), 'mine')
      assert.ok(existsSync(at("to/it's")))
    })
  })

  it('copies 0 bytes, binary bytes and a megabyte', () => {
    for (const [name, bytes] of Object.entries({
      none: '',
      binary: Buffer.from([0, 255]),
      large: Buffer.alloc(2 ** 20, 'x'),
    })) {
      writeFileSync(at(`${name}.src`), bytes)
      converges(copy, { dest: at(name), src: local(bytes, at(`${name}.src`)) })
    }
  })

  it('makes, changes and removes files, directories and links', () => {
    converges(file, { path: at('empty') })
    converges(file, { path: at('empty'), mode: '4755' })
    converges(file, { path: at('empty'), state: 'absent' })
    converges(file, { path: at('d/e/f'), state: 'directory', mode: '1777' })
    converges(file, { path: at('link'), state: 'link', target: "no 'where" })
    converges(file, { path: at('link'), state: 'link', target: 'd' })
    converges(file, { path: at('link'), state: 'absent' })
    assert.throws(() => applyHere(file, { path: at('d'), state: 'absent' }), /not empty/)
    converges(file, { path: at('d'), state: 'absent', recurse: true })
  })

  it('edits lines', () => {
    converges(line, { path: at('conf'), line: "it's $(x)", create: true })
    converges(line, { path: at('conf'), line: 'y=1', match: '^y=' })
    converges(line, { path: at('conf'), line: 'y=2', match: '^y=' })
    converges(line, { path: at('conf'), match: '^it', state: 'absent' })
    assert.equal(readFileSync(at('conf'), 'utf8'), 'y=2\n')
  })
})
