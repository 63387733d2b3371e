import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { aptScript } from '../../src/probe/apt.ts'

describe('apt', () => {
  let dir: string
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'apt-'))
    stub('sleep', '')
    stub('dpkg', 'echo "dpkg $*" >> "$LOG"')
  })
  afterEach(() => rmSync(dir, { recursive: true }))

  function stub(name: string, script: string): void {
    writeFileSync(path.join(dir, name), `#!/bin/sh\n${script}\n`)
    chmodSync(path.join(dir, name), 0o755)
  }

  /** Runs a script with an apt-get that fails a number of times with those words. */
  function run(script: string, failures: number, words: string) {
    const log = path.join(dir, 'log')
    writeFileSync(log, '')
    stub(
      'apt-get',
      `echo "apt-get $*" >> "$LOG"; echo progress
[ "$(grep -c '^apt-get' "$LOG")" -gt ${failures} ] || { echo "${words}" >&2; exit 100; }`,
    )
    const env = { ...process.env, LOG: log, PATH: `${dir}:${process.env.PATH}` }
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' })
    const calls = readFileSync(log, 'utf8').trim().split('\n')
    return { status, stdout, stderr, calls: calls.map((call) => call.replace(/ -y .*confold/, '')) }
  }

  it('waits while another package manager holds the lock', () => {
    const { status, stderr, calls } = run(
      aptScript('install -- tree'),
      2,
      'E: Could not get lock /var/lib/dpkg/lock-frontend',
    )
    assert.deepEqual(
      { status, stderr, calls },
      { status: 0, stderr: '', calls: Array(3).fill('apt-get install -- tree') },
    )
  })

  it('does not wait for a lock that only root may take', () => {
    stub('id', 'echo 1000')
    const { status, stderr, calls } = run(
      aptScript('install -- tree'),
      1000,
      'E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?',
    )
    assert.deepEqual([status, calls.length], [100, 1])
    assert.match(stderr, /^only root may change packages: write 'become: true'\nE: .*are you root/)
  })

  it('gives up on the lock in the end', () => {
    const { status, stderr, calls } = run(
      aptScript('install -- tree'),
      1000,
      'E: Unable to lock directory /var/lib/apt/lists/',
    )
    assert.equal(status, 100)
    assert.match(stderr, /Unable to lock directory/)
    assert.equal(calls.length, 121)
  })

  it('finishes what a power cut left half done', () => {
    const { status, calls } = run(
      aptScript('install -- tree'),
      1,
      'E: dpkg was interrupted, you must manually run',
    )
    assert.equal(status, 0)
    assert.match(
      calls.join('\n'),
      /^apt-get install -- tree\ndpkg .*--configure -a\napt-get install -- tree$/,
    )
  })

  it('passes on an error that waiting does not cure', () => {
    const { status, stderr, stdout, calls } = run(
      aptScript('install -- nosuch'),
      9,
      'E: Unable to locate package nosuch',
    )
    assert.deepEqual(
      { status, stderr, calls: calls.length },
      { status: 100, stderr: 'E: Unable to locate package nosuch\n', calls: 1 },
    )
    assert.equal(stdout, 'progress\n')
  })

  it('refreshes lists that are too old, and goes on with the old ones when it can not', () => {
    const { status, calls } = run(aptScript('install -- tree', 0), 1, 'E: no network')
    assert.deepEqual(calls, ['apt-get update', 'apt-get install -- tree'])
    assert.equal(status, 0)
  })

  it('does not refresh lists that are young enough', function () {
    if (spawnSync('sh', ['-c', 'ls /var/lib/apt/lists/*_Packages*']).status !== 0) this.skip()
    assert.deepEqual(run(aptScript('install -- tree', 2 ** 31), 0, '').calls, ['apt-get install -- tree'])
  })
})
