import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../src/cli/launch.cjs', import.meta.url))

/** Tells at the end whether V8 took the compiled code, and which large modules of Node's were loaded. */
const WATCH = `const vm = require('node:vm')
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options)
    process.on('exit', () => console.error(JSON.stringify({ rejected: this.cachedDataRejected,
      early: process.moduleLoadList.filter((name) => /^NativeModule (http|https|tls|crypto|child_process)$/.test(name)) })))
  }
}`

/** Counted rather than timed: either costs more than all the rest of a start. */
describe('the start of the program', () => {
  let folder: string
  before(() => (folder = mkdtempSync(join(tmpdir(), 'provision-launch-'))))
  after(() => rmSync(folder, { recursive: true }))

  it('compiles nothing that was compiled when it was built, and loads nothing that it does not need yet', () => {
    writeFileSync(join(folder, 'watch.cjs'), WATCH)
    const { stderr } = spawnSync(process.execPath, ['-r', join(folder, 'watch.cjs'), LAUNCHER, '--help'], {
      encoding: 'utf8',
    })
    assert.deepEqual(JSON.parse(stderr), { rejected: false, early: [] })
  })
})
