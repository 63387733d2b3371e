import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import type { Connection } from '../../src/connect/connection.ts'
import { CommandError, ConnectionLost, Interrupted } from '../../src/core/errors.ts'
import { quote } from '../../src/base/shell.ts'
import { localSession, temporary } from './rig.ts'

describe('scripts in a persistent shell', () => {
  const directory = temporary()
  let connection: Connection
  beforeEach(() => {
    connection = localSession()
  })
  afterEach(() => connection.close())

  const text = async (script: string) => (await connection.run(script)).stdout.toString()
  const processesWith = async (mark: string) =>
    (await text(`grep -l ${quote(mark)} /proc/[0-9]*/environ 2>/dev/null | grep -v "/$$/"; :`)).trim()

  it('keeps stdout, stderr and the exit code apart', async () => {
    const output = await connection.run('printf out; printf err >&2; exit 3')
    assert.deepEqual(
      { ...output, stdout: output.stdout.toString() },
      { code: 3, stdout: 'out', stderr: 'err' },
    )
  })

  it('streams any bytes through a channel of their own, in both directions at once', async () => {
    const sent = randomBytes(3_000_000)
    const pipe = await connection.stream('cat; exit 7')
    const received = pipe.stdout.toArray() as Promise<Buffer[]>
    pipe.stdin.end(sent)
    assert(Buffer.concat(await received).equals(sent))
    assert.equal(await pipe.ended, 7)
    assert.equal(await text('echo still here'), 'still here\n')
  })

  it('survives exit, exec, syntax errors and scripts that read their input', async () => {
    const scripts = [
      'exit 3',
      'exec true',
      'if',
      'cat',
      'read line',
      'set -eu; false',
      'trap "" EXIT; kill -9 0x',
      '',
    ]
    const codes = await Promise.all(scripts.map(async (script) => (await connection.run(script)).code))
    assert.deepEqual([codes[0], codes[1], codes[3], codes[4], codes[5], codes[7]], [3, 0, 0, 1, 1, 0])
    assert.notEqual(codes[2], 0)
    assert.equal(await text('echo alive'), 'alive\n')
  })

  it('leaves nothing from one script to the next', async () => {
    await connection.run('cd /; x=1; export x; set -- a b; umask 077; set -f')
    assert.equal(await text('echo "$x$#$1 $-" | tr -d s; umask'), '0 \n0022\n')
  })

  it('answers pipelined scripts in order and in one round trip', async () => {
    const outputs = await Promise.all(Array.from({ length: 50 }, (_, i) => connection.run(`echo ${i}`)))
    assert.deepEqual(
      outputs.map(({ stdout }) => Number(stdout)),
      Array.from({ length: 50 }, (_, i) => i),
    )
    assert.equal(connection.roundTrips, 1)
    await connection.run('true')
    assert.equal(connection.roundTrips, 2)
  })

  it('is binary-safe, also without a newline at the end', async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const octal = [...all].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')
    const output = await connection.run(`printf '${octal}'`)
    assert.deepEqual(output.stdout, all)
  })

  it('carries 10 MB on both streams at once', async () => {
    const output = await connection.run(
      'head -c 10000000 /dev/zero & head -c 10000000 /dev/zero | tr "\\0" x >&2; wait',
    )
    assert.equal(output.stdout.length, 10_000_000)
    assert.ok(output.stdout.equals(Buffer.alloc(10_000_000)))
    assert.equal(output.stderr.length, 10_000_000)
  })

  it('keeps no more than can be told, takes the rest all the same, and says so', async () => {
    const seen = { bytes: 0 }
    const onOutput = (_: string, text: string) => void (seen.bytes += text.length)
    const before = connection.run('head -c 90000000 /dev/zero; exit 3', { onOutput })
    const [outcome, next] = await Promise.allSettled([before, connection.run('echo next')])
    assert.equal(outcome.status, 'rejected')
    assert.equal(
      (outcome.reason as Error).message,
      'it printed 90.0 MB, and no more than 64.0 MB can be kept (it ended with exit code 3)',
    )
    assert.ok(seen.bytes > 60e6 && seen.bytes <= 64e6, String(seen.bytes))
    assert.equal(next.status === 'fulfilled' && String(next.value.stdout), 'next\n')
  })

  it('passes any words and any input through unchanged', async () => {
    const anything = fc.string({ unit: 'grapheme', maxLength: 40 })
    const awkward = fc.constantFrom(
      "'",
      '"',
      '$(id)',
      '`id`',
      '\\',
      '\n',
      ' ',
      '*',
      '%s',
      'é€😀',
      '-n',
      '\\0',
      '\\c',
    )
    const words = fc.array(fc.oneof(anything, awkward), { maxLength: 6 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(words, words, async (word, stdin) => {
        const argument = word.replaceAll('\0', '')
        const output = await connection.run(`printf %s ${quote(argument)}; cat`, { stdin })
        assert.equal(output.stdout.toString(), argument + stdin)
      }),
      { numRuns: 150 },
    )
  })

  it('passes large input, and input that nobody reads', async () => {
    const stdin = randomBytes(500_000).toString('hex')
    const outputs = await Promise.all([
      connection.run('sha256sum', { stdin }),
      connection.run('true', { stdin }),
      connection.run('echo next'),
    ])
    assert.match(outputs[0].stdout.toString(), /^[0-9a-f]{64}/)
    assert.deepEqual([outputs[1].code, outputs[1].stderr, outputs[2].stdout.toString()], [0, '', 'next\n'])
  })

  it('keeps scripts and input out of the list of processes', async () => {
    const secret = `s${randomBytes(8).toString('hex')}`
    const output = await connection.run(`: ${secret}; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '`, {
      stdin: secret,
    })
    assert.doesNotMatch(output.stdout.toString(), new RegExp(secret))
  })

  it('shows output while the script runs, with characters whole', async () => {
    const seen: string[] = []
    const output = await connection.run("printf '\\342'; sleep 0.1; printf '\\202\\254'; printf x >&2", {
      onOutput: (stream, part) => seen.push(`${stream}:${part}`),
    })
    assert.equal(output.stdout.toString(), '€')
    assert.deepEqual(seen.sort(), ['stderr:x', 'stdout:€'])
  })

  it('does not wait for a process left behind that keeps the output open', async () => {
    const output = await connection.run('sleep 5 & echo done')
    assert.equal(output.stdout.toString(), 'done\n')
  })

  it('keeps later scripts clear of what a process left behind writes', async () => {
    const [quiet, heard] = [`${directory.path}/quiet`, `${directory.path}/heard`]
    writeFileSync(quiet, '')
    const noise = `while [ -e ${quiet} ]; do sleep 0.02; done; while echo noise; do : > ${heard}; sleep 0.02; done`
    await connection.run(`( ${noise} ) & :`)
    rmSync(quiet)
    while (!existsSync(heard)) await delay(20)
    await delay(20)
    assert.equal(await text('sleep 0.1; echo clean'), 'clean\n')
  })

  it('ends all processes of a script when its time is over, and goes on', async () => {
    const mark = `MARK=${randomBytes(6).toString('hex')}`
    const script = `export ${mark}; echo started >&2; trap '' TERM; sleep 60 & ( sleep 60 & ) ; sleep 60; echo never`
    await assert.rejects(connection.run(script, { timeout: 0.2 }), (error) => {
      assert.ok(error instanceof CommandError)
      assert.equal(error.code, 124)
      assert.match(error.message, /0\.2 s/)
      assert.match(error.stderr, /started/)
      return true
    })
    assert.equal(await processesWith(mark), '')
    assert.equal(await text('echo on'), 'on\n')
  })

  it('leaves daemons of earlier scripts alone when it ends a later one', async () => {
    const mark = `MARK=${randomBytes(6).toString('hex')}`
    await connection.run(`export ${mark}; sleep 20 >/dev/null 2>&1 &`)
    await assert.rejects(connection.run('sleep 60', { timeout: 0.1 }), CommandError)
    assert.notEqual(await processesWith(mark), '')
    await connection.run(
      `for p in $(grep -l ${mark} /proc/[0-9]*/environ); do p=\${p#/proc/}; kill \${p%/*}; done`,
    )
  })

  it('counts the time of a script from the end of those before it', async () => {
    const outputs = await Promise.all([
      connection.run('sleep 1.2; echo a'),
      connection.run('echo b', { timeout: 1 }),
    ])
    assert.equal(outputs[1].stdout.toString(), 'b\n')
  })

  it('interrupts: the script is ended and those behind it never start', async () => {
    const control = new AbortController()
    const file = `${directory.path}/behind`
    const { signal } = control
    const running = [connection.run('sleep 60', { signal }), connection.run(`touch ${file}`, { signal })]
    setTimeout(() => control.abort(), 150)
    const results = await Promise.allSettled(running)
    for (const result of results) {
      assert.ok(result.status === 'rejected' && result.reason instanceof Interrupted)
    }
    assert.equal((await connection.run(`test -e ${file}`)).code, 1)
    await assert.rejects(connection.run(`touch ${file}`, { signal }), Interrupted)
    assert.equal((await connection.run(`test -e ${file}`)).code, 1)
  })

  it('never takes a shell that was killed for success', async () => {
    await assert.rejects(connection.run('kill -9 $$; sleep 1'), ConnectionLost)
    assert.equal(await text('echo again'), 'again\n')
  })

  it('locks the host for one connection at a time, and names the owner', async () => {
    const other = localSession()
    try {
      assert.equal(await connection.lock("ana@laptop since '14:02'"), null)
      assert.equal(await other.lock('bob'), "ana@laptop since '14:02'")
      await connection.run('sleep 20 >/dev/null 2>&1 &')
      await connection.close()
      assert.equal(await untilFree(other), null)
    } finally {
      await other.close()
    }
  })

  it('takes the lock over from a broken connection of the same run, once that has nothing to do', async () => {
    const other = localSession()
    try {
      assert.equal(await connection.lock('ana, run 7'), null)
      assert.equal(await other.lock('ana, run 7'), null)
      const control = new AbortController()
      let running: Promise<unknown> | undefined
      await new Promise<void>((resolve) => {
        const options = { signal: control.signal, onOutput: () => resolve() }
        running = other.run('echo begun; exec sleep 60', options)
      })
      assert.equal(await connection.lock('ana, run 7'), 'ana, run 7')
      control.abort()
      await assert.rejects(running!, Interrupted)
    } finally {
      await other.close()
    }
  })

  it('still holds the lock after a script was ended', async () => {
    const other = localSession()
    try {
      assert.equal(await connection.lock('ana'), null)
      const control = new AbortController()
      const running = [1, 2].map(() => connection.run('sleep 60', { signal: control.signal }))
      setTimeout(() => control.abort(), 100)
      await Promise.allSettled(running)
      await connection.run('true')
      assert.equal(await other.lock('bob'), 'ana')
    } finally {
      await other.close()
    }
  })
})

describe('scripts of root as another user', () => {
  const directory = temporary()
  let connection: Connection
  before(function () {
    if (userInfo().uid === 0) return
    console.log('      skipped: only root may become anybody without sudo')
    this.skip()
  })
  beforeEach(() => {
    connection = localSession()
  })
  afterEach(() => connection?.close())
  const as = (script: string, timeout?: number) => connection.run(script, { become: 'nobody', timeout })

  it('run as that user, in a directory it may read', async () => {
    const { stdout, code } = await as('id -un; echo $USER; pwd; touch /root/x 2>/dev/null')
    assert.deepEqual([String(stdout), code], ['nobody\nnobody\n/\n', 1])
    assert.equal(String((await connection.run('id -un')).stdout), 'root\n')
  })

  it('put files that belong to it', async () => {
    chmodSync(directory.path, 0o777)
    for (const [name, size] of Object.entries({ small: 1, large: 300_000 })) {
      const path = `${directory.path}/${name}`
      await connection.put({ path, content: { text: 'x'.repeat(size) } }, { become: 'nobody' })
      const { stdout } = await connection.run(`stat -c '%U %s' ${path}`)
      assert.equal(String(stdout), `nobody ${size}\n`)
    }
    const refused = connection.put({ path: '/etc/nobody', content: { text: '' } }, { become: 'nobody' })
    await assert.rejects(refused, /can't write \/etc\/nobody: permission denied/)
  })

  it('are ended when their time is over, and go on', async () => {
    await assert.rejects(as('sleep 60.25 & sleep 60.25', 0.2), { code: 124 })
    assert.equal((await as('pgrep -u nobody -fx "sleep 60[.]25"')).code, 1)
  })

  it('are never taken for success when the shell was killed', async () => {
    await assert.rejects(as('kill -9 $$; sleep 1'), ConnectionLost)
    assert.equal(String((await as('echo again')).stdout), 'again\n')
  })

  it('say that there is no such user', async () => {
    await assert.rejects(connection.run('true', { become: 'no-such-user' }), {
      name: 'NoSuchUser',
      message: "there is no user 'no-such-user' on here",
    })
  })
})

/** The shell of a closed connection may need a moment to end. */
async function untilFree(connection: Connection): Promise<string | null> {
  for (let look = 0; look < 100; look++) {
    const holder = await connection.lock('bob')
    if (holder === null) return null
    await delay(20)
  }
  return connection.lock('bob')
}
