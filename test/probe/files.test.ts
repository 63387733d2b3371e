import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { STAMP } from '../../src/base/sha256.ts'
import { TaskError } from '../../src/core/errors.ts'
import type { Output, Probe } from '../../src/core/task.ts'
import { planAttributes, planFile } from '../../src/probe/filechange.ts'
import { cleanPath, type FileFact, fileProbe } from '../../src/probe/files.ts'
import { fileSurvey } from '../../src/probe/filesurvey.ts'
import { runHere } from './here.ts'

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')

describe('file probe', () => {
  let dir: string
  before(() => {
    dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'files-')))
  })
  after(() => rmSync(dir, { recursive: true }))

  function look(...paths: string[]): FileFact[] {
    const probes = paths.map((one) => fileProbe(one))
    const output = runHere(fileSurvey.script(paths.map(cleanPath)))
    return probes.map((probe) => probe.parse(output))
  }

  it('computes nothing of a file so large that the look would not end', () => {
    const [huge, small] = ['huge', 'small beside it'].map((name) => path.join(dir, name)) as [string, string]
    writeFileSync(huge, '')
    truncateSync(huge, 2 ** 40)
    writeFileSync(small, 'x')
    const [first, second] = look(huge, small)
    assert.deepEqual([first?.size, first?.sha256, second?.sha256], [2 ** 40, null, sha256('x')])
    const wanted = { path: huge, content: { text: 'y' } }
    assert.throws(() => planFile(wanted, first!), /has 1\.1 TB, too much to be compared/)
    assert.match(planAttributes(huge, { mode: '0600' }, first!)[0]?.summary ?? '', /^make .* 0600/)
  })

  it('reads all kinds of names and contents in one look', () => {
    const names = [
      'plain',
      'a b',
      "it's",
      'new\nline',
      '==> x <==',
      'é',
      '-rf',
      '$(x)`y`',
      '\\n',
      '*',
      '"',
      'tab\t',
    ]
    const contents = [
      '',
      'x',
      '\n',
      'no end',
      '==> other <==\n',
      '\n==> plain <==\nfake\n',
      'é\n',
      '\0',
      'a\r\n',
      '0'.repeat(66),
    ]
    const files = names.map(
      (name, at) => [path.join(dir, name), contents[at % contents.length] as string] as const,
    )
    for (const [file, content] of files) writeFileSync(file, content)
    const facts = look(...files.map(([file]) => file))
    for (const [at, [file, content]] of files.entries()) {
      assert.equal(facts[at]?.sha256, sha256(content), file)
      assert.equal(facts[at]?.size, Buffer.byteLength(content), file)
      assert.equal(facts[at]?.text, content.includes('\0') ? null : content, file)
    }
  })

  it('tells the kinds of things apart', () => {
    mkdirSync(path.join(dir, 'd'), { mode: 0o700 })
    symlinkSync('no where', path.join(dir, 'l'))
    const [directory, link, device] = look(`${dir}/d/`, `${dir}//l`, '/dev/null')
    const { username } = userInfo()
    assert.deepEqual(
      [directory?.type, directory?.mode, directory?.owner, directory?.size],
      ['directory', '0700', username, 0],
    )
    assert.deepEqual([link?.type, link?.target, link?.sha256], ['link', 'no where', null])
    assert.equal(device?.type, 'other')
  })

  it('says absent only when the host does', () => {
    writeFileSync(`${dir}/file`, '')
    const paths = ['none', "no\nne'", 'no/such/dir', 'file/below', 'é \\x'].map((one) => path.join(dir, one))
    assert.deepEqual(
      look(...paths, `${dir}/file`).map((fact) => fact?.type),
      [...paths.map(() => undefined), 'file'],
    )
  })

  it('reads up to 64 KiB as text, and only the hash of what is larger or binary', () => {
    const [exact, larger, binary] = ['x'.repeat(65536), 'x'.repeat(65537), Buffer.from([0xff, 0xfe, 10])]
    writeFileSync(`${dir}/exact`, exact)
    writeFileSync(`${dir}/larger`, larger)
    writeFileSync(`${dir}/binary`, binary)
    const facts = look(`${dir}/larger`, `${dir}/exact`, `${dir}/binary`)
    assert.deepEqual(
      facts.map((fact) => fact?.text),
      [null, exact, null],
    )
    assert.deepEqual(
      facts.map((fact) => fact?.sha256),
      [larger, exact, binary].map(sha256),
    )
  })

  it('hashes a large file by openssl, and by sha256sum when openssl is not there or makes no sense', () => {
    const [large, larger] = [`${dir}/it's large`, `${dir}/9 MB\n`]
    const bytes = Buffer.alloc(2 ** 23 + 1, 'x')
    const longer = Buffer.concat([bytes, Buffer.from('y')])
    writeFileSync(large, bytes)
    writeFileSync(larger, longer)
    const bin = `${dir}/bin`
    mkdirSync(bin)
    const probes = [large, larger].map((one) => fileProbe(one))
    const hashes = (program: string) => {
      writeFileSync(`${bin}/openssl`, `#!/bin/sh\necho . >>${dir}/asked\n${program}\n`, { mode: 0o755 })
      const output = runHere(`PATH=${bin}:$PATH; ${fileSurvey.script([large, larger])}`)
      return probes.map((probe) => probe.parse(output)?.sha256)
    }
    const answers = ['exec /usr/bin/openssl "$@"', 'exit 127', 'echo deadbeef', `echo '${'g'.repeat(64)}'`]
    for (const answer of answers) assert.deepEqual(hashes(answer), [sha256(bytes), sha256(longer)], answer)
    assert.equal(readFileSync(`${dir}/asked`, 'utf8'), '.\n'.repeat(2 * answers.length))
    assert.deepEqual(hashes(`echo '${'ab'.repeat(32)} *stdin'`), ['ab'.repeat(32), 'ab'.repeat(32)])
  })

  it('does not read a large file that was verified, as long as it is the very same', () => {
    const large = `${dir}/verified`
    const bytes = Buffer.alloc(2 ** 23 + 1, 'v')
    writeFileSync(large, bytes)
    const stampOf = () => runHere(`stat -c '${STAMP}' ${large}`).stdout.toString().trim()
    const said = 'ab'.repeat(32)
    const verified = new Map([
      ['0:0 0 0.0 0.0', 'cd'.repeat(32)],
      [stampOf(), said],
    ])
    const hash = (script = fileSurvey.script([large], verified)) =>
      fileProbe(large).parse(runHere(script))?.sha256
    assert.equal(hash(), said)
    const { atime, mtime } = statSync(large)
    const changes = [
      () => writeFileSync(large, Buffer.alloc(bytes.length, 'w')),
      () => copyFileSync(large, `${large}.new`) ?? renameSync(`${large}.new`, large),
      () => utimesSync(large, atime, mtime),
    ]
    for (const change of changes) {
      const before = stampOf()
      change()
      verified.set(before, said)
      assert.notEqual(stampOf(), before)
      assert.equal(hash(), sha256(readFileSync(large)))
    }
  })

  it('is not led astray by files whose size says nothing', () => {
    writeFileSync(`${dir}/after`, 'after\n')
    const [version, after] = look('/proc/version', `${dir}/after`)
    assert.match(version?.text ?? '', /^Linux version/)
    assert.equal(after?.text, 'after\n')
  })

  it('is not led astray by a file that grew while it was read', () => {
    writeFileSync(`${dir}/log`, 'one\n')
    writeFileSync(`${dir}/next`, 'next\n')
    const paths = [`${dir}/log`, `${dir}/next`]
    const stats = runHere(fileSurvey.script(paths)).stdout
    appendFileSync(`${dir}/log`, 'two\n')
    const contents = runHere(fileSurvey.script(paths)).stdout
    const cut = (bytes: Buffer) => bytes.indexOf('==> ')
    const stdout = Buffer.concat([stats.subarray(0, cut(stats)), contents.subarray(cut(contents))])
    const output: Output = { code: 0, stdout, stderr: '' }
    assert.deepEqual(
      paths.map((one) => fileProbe(one).parse(output)?.text),
      ['one\ntwo\n', 'next\n'],
    )
  })

  it('names the path that may not be looked at, and leaves the others alone', () => {
    const seen = runHere(fileSurvey.script(['/etc/passwd'])).stdout
    const stderr =
      "find: '/root/it\\'s \\303\\251': Permission denied\nfind: '/none': No such file or directory\n"
    const output: Output = { code: 1, stdout: seen, stderr }
    const parse = (file: string) => (fileProbe(file) as Probe<FileFact>).parse(output)
    assert.equal(parse('/etc/passwd')?.type, 'file')
    assert.equal(parse('/none'), null)
    assert.throws(
      () => parse("/root/it's é"),
      (error: TaskError) =>
        error.message === "can't look at /root/it's é: Permission denied" && /become/.test(error.hint ?? ''),
    )
  })

  it('takes no answer for no answer', () => {
    const output: Output = { code: 127, stdout: Buffer.alloc(0), stderr: 'sh: 1: find: not found\n' }
    assert.throws(() => fileProbe('/x').parse(output), /find: not found/)
    const cut = runHere(fileSurvey.script(['/etc/passwd'])).stdout.subarray(0, 20)
    assert.throws(() => fileProbe('/etc/passwd').parse({ code: 0, stdout: cut, stderr: '' }), TaskError)
  })

  it('may not read what is not its own: the file is there, its content is not known', function () {
    if (userInfo().uid !== 0) this.skip()
    writeFileSync(`${dir}/secret`, 'x', { mode: 0o600 })
    writeFileSync(`${dir}/open`, 'open')
    runHere(`chmod 755 ${dir}`)
    writeFileSync(`${dir}/large secret`, Buffer.alloc(2 ** 23 + 1), { mode: 0o600 })
    const stamp = runHere(`stat -c '${STAMP}' '${dir}/large secret'`).stdout.toString().trim()
    const paths = [`${dir}/secret`, `${dir}/open`, `${dir}/large secret`]
    const output = runHere(
      `setpriv --reuid=65534 --regid=65534 --clear-groups sh -s`,
      fileSurvey.script(paths, new Map([[stamp, 'ab'.repeat(32)]])),
    )
    const [secret, open, large] = paths.map((one) => fileProbe(one).parse(output))
    assert.deepEqual([secret?.mode, secret?.sha256, secret?.text], ['0600', null, null])
    assert.equal(open?.text, 'open')
    assert.deepEqual([large?.mode, large?.sha256], ['0600', null])
  })
})
