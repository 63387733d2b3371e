import assert from 'node:assert/strict'
import { lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import type { Task } from '../../src/core/task.ts'
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
