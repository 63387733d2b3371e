import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../src/cli/launch.cjs', import.meta.url))

/** Tells at the end of which parts V8 took the compiled code, and which large modules of Node's were loaded. */
const WATCH = `const vm = require('node:vm')
const taken = {}
vm.Script = class extends vm.Script {
  constructor(source, options) {
    super(source, options)
    taken[require('node:path').basename(options.filename)] = !this.cachedDataRejected
  }
}
process.on('exit', () => console.error(JSON.stringify({ taken,
  early: process.moduleLoadList.filter((name) => /^NativeModule (http|https|tls|crypto|child_process)$/.test(name)) })))`

/** Counted rather than timed: either costs more than all the rest of a start. */
describe('the start of the program', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'provision-launch-'))
    writeFileSync(join(folder, 'watch.cjs'), WATCH)
  })
  after(() => rmSync(folder, { recursive: true }))

  function watch(...words: string[]): unknown {
    const argv = ['-r', join(folder, 'watch.cjs'), LAUNCHER, ...words]
    return JSON.parse(spawnSync(process.execPath, argv, { encoding: 'utf8' }).stderr)
  }

  it('compiles nothing that was compiled when it was built, and loads nothing that it does not need yet', () => {
    assert.deepEqual(watch('--help'), { taken: { 'provision.cjs': true }, early: [] })
  })

  it('loads what few runs need when one does', () => {
    assert.deepEqual(watch('completion', 'bash'), {
      taken: { 'provision.cjs': true, 'rare.cjs': true },
      early: [],
    })
  })
})
