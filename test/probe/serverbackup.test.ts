import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { packServerScript } from '../../src/probe/serverbackup.ts'

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

/** A database in the journal mode of k3s's, written to as long as the test runs; the last rows are in its log only. */
const WRITER = `import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA journal_mode=WAL'); db.execute('PRAGMA wal_autocheckpoint=0')
db.execute('CREATE TABLE kine (id INTEGER PRIMARY KEY, twin INTEGER)')
n = 0
while True:
  n += 1
  db.execute('INSERT INTO kine VALUES (?, ?)', (n, n))
  if n == 100: print('writing', flush=True)
  if n > 100: time.sleep(0.001)
`

describe('the copy of a datastore that is written to', function () {
  this.timeout(30_000)
  let folder: string
  let server: string
  let writer: ReturnType<typeof spawn>

  before(async function () {
    if (!has('python3')) this.skip()
    folder = mkdtempSync(path.join(tmpdir(), 'provision-datastore-'))
    server = path.join(folder, 'var/lib/rancher/k3s/server')
    mkdirSync(path.join(server, 'db'), { recursive: true })
    writeFileSync(path.join(server, 'token'), 'K10::server:secret\n')
    mkdirSync(path.join(folder, 'bin'))
    writeFileSync(path.join(folder, 'writer.py'), WRITER)
    writer = spawn('python3', [path.join(folder, 'writer.py'), path.join(server, 'db/state.db')])
    await new Promise((resolve) => writer.stdout!.once('data', resolve))
    writeFileSync(path.join(folder, 'bin/systemctl'), `#!/bin/sh\necho ${writer.pid}\n`, { mode: 0o755 })
  })
  after(() => {
    writer?.kill('SIGKILL')
    if (folder) rmSync(folder, { recursive: true, force: true })
  })

  /** Runs the script with this folder in the place of the root; gives the archive's files. */
  function packed(copier: 'sqlite3' | 'python3' | ''): string {
    const script = packServerScript({ datastore: 'sqlite', copier })
      .replaceAll('/var/lib/rancher', `${folder}/var/lib/rancher`)
      .replaceAll(`"$stage"${folder}/var`, '"$stage"/var')
      .replace('cd / ', `cd ${folder} `)
      .replace('-C / ', `-C ${folder} `)
    const env = { ...process.env, PATH: `${folder}/bin:${process.env.PATH}` }
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { env, maxBuffer: 1e8 })
    assert.equal(status, 0, stderr.toString())
    const out = mkdtempSync(path.join(folder, 'out-'))
    spawnSync('tar', ['-xz', '-C', out], { input: stdout })
    return path.join(out, 'var/lib/rancher/k3s/server')
  }

  const rows = (copy: string) =>
    spawnSync('python3', [
      '-c',
      `import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
print(db.execute('PRAGMA integrity_check').fetchone()[0], db.execute('SELECT count(*), max(id), sum(id = twin) FROM kine').fetchone())`,
      path.join(copy, 'db/state.db'),
    ]).stdout.toString()

  for (const copier of ['sqlite3', 'python3', ''] as const)
    it(`is whole when made by ${copier || 'halting the server for a moment'}`, function () {
      if (copier !== '' && !has(copier)) this.skip()
      const before = Number(/\((\d+)/.exec(rows(server))?.[1])
      const copy = packed(copier)
      const [, state, count, last, same] = /^(\w+) \((\d+), (\d+), (\d+)\)/.exec(rows(copy)) ?? []
      assert.equal(state, 'ok')
      assert.deepEqual([last, same], [count, count])
      assert(Number(count) >= before, `${count} rows of ${before}`)
      assert.equal(readFileSync(path.join(copy, 'token'), 'utf8'), 'K10::server:secret\n')
    })

  it('leaves the server running and nothing beside it', () => {
    assert.match(readFileSync(`/proc/${writer.pid}/status`, 'utf8'), /^State:\s+[RSD]/m)
    assert.equal(spawnSync('ls', ['-A', path.dirname(server)]).stdout.toString(), 'server\n')
  })
})
