import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  type Benchmark,
  benchmarkProbe,
  benchmarkResult,
  endedScript,
  flawOf,
  setAsideScript,
  startScript,
} from '../../src/probe/ycsb.ts'

const RESULT = [
  'Command line: -db site.ycsb.db.CassandraCQLClient',
  '2023-01-12 10:11:12:123 10 sec: 1234 operations; 123.4 current ops/sec; est completion in 2 minutes',
  '[OVERALL], RunTime(ms), 81035',
  '[OVERALL], Throughput(ops/sec), 123.4',
  '[TOTAL_GCs], Count, 12',
  '[READ], Operations, 4986',
  '[READ], 99thPercentileLatency(us), 21023',
  '[READ], AverageLatency(us), NaN',
  '[READ], Return=OK, 4986',
  '[INSERT], Return=OK, 100',
  '',
].join('\n')

describe('a result of YCSB', () => {
  it('is good when it is whole and nothing failed', () => {
    assert.equal(flawOf(RESULT, {}), undefined)
    assert.equal(flawOf(RESULT, { INSERT: 100 }), undefined)
  })

  it('is judged by what it says, for YCSB ends with 0 whatever happened', () => {
    assert.equal(flawOf(RESULT, { INSERT: 101 }), '100 of 101 INSERT operations succeeded')
    assert.match(flawOf('10 sec: 3 operations\n', {}) ?? '', /cut off/)
    assert.match(
      flawOf(`x\njava.net.ConnectException: refused\n${RESULT}`, {}) ?? '',
      /ConnectException: refused/,
    )
    assert.match(flawOf(`${RESULT}[READ-FAILED], Operations, 3\n`, {}) ?? '', /READ-FAILED/)
  })

  it('is told by the names of YCSB', () => {
    const result = benchmarkResult({ state: 'ended', text: RESULT }, 'out.txt')
    assert.equal(result.throughput, 123.4)
    assert.equal(result.runtime, 81035)
    assert.deepEqual(result.operations, {
      READ: {
        Operations: 4986,
        '99thPercentileLatency(us)': 21023,
        'AverageLatency(us)': 'NaN',
        'Return=OK': 4986,
      },
      INSERT: { 'Return=OK': 100 },
    })
  })
})

describe('a benchmark in its pod', () => {
  let folder = ''
  let benchmark: Benchmark
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'provision-ycsb-'))
    const script = path.join(folder, 'run it.sh')
    writeFileSync(
      script,
      `#!/bin/sh\necho "10 sec: 5 operations" > "${folder}/out.txt"\nread line < "${folder}/gate"\necho "$@ $line" >> "${folder}/out.txt"\n`,
    )
    chmodSync(script, 0o755)
    spawnSync('mkfifo', [path.join(folder, 'gate')])
    benchmark = {
      pod: 'p',
      namespace: 'n',
      outputs: folder,
      file: 'out.txt',
      command: [script, 'a b', '1'],
      expected: {},
    }
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** kubectl exec POD -n NS -- sh -c SCRIPT, on this machine. */
  const run = (script: string) => {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', `k() { shift 5; "$@"; }\n${script}`], {
      encoding: 'utf8',
    })
    return { code: status ?? 1, stdout, stderr }
  }
  const look = () => {
    const probe = benchmarkProbe(benchmark)
    const ask = (probe.script as string).split('\n').slice(2).join('\n')
    const { code, stdout, stderr } = run(ask)
    return probe.parse({ code, stdout: Buffer.from(stdout), stderr }).found as {
      state: string
      text: string
    }
  }

  it('is started apart, seen while it runs, and seen when it has ended', () => {
    assert.deepEqual(look(), { state: 'none', text: '' })
    assert.equal(run(startScript(benchmark)).code, 0)
    while (!existsSync(path.join(folder, 'out.txt'))) spawnSync('sleep', ['0.05'])
    assert.equal(look().state, 'running')
    const { code } = run(endedScript(benchmark))
    assert.equal(code, 1)
    writeFileSync(path.join(folder, 'gate'), 'go\n')
    while (run(endedScript(benchmark)).code !== 0) spawnSync('sleep', ['0.05'])
    assert.deepEqual(look(), { state: 'ended', text: '10 sec: 5 operations\na b 1 go\n' })
  })

  it('says how far it is', () => {
    run(startScript(benchmark))
    while (
      !existsSync(path.join(folder, 'out.txt')) ||
      readFileSync(path.join(folder, 'out.txt'), 'utf8') === ''
    )
      spawnSync('sleep', ['0.05'])
    assert.match(run(endedScript(benchmark)).stderr, /^10 sec: 5 operations/)
    writeFileSync(path.join(folder, 'gate'), 'go\n')
  })

  it('is not taken for another process that has got its number', () => {
    writeFileSync(path.join(folder, '.out.txt.pid'), `${process.pid}\n`)
    assert.equal(look().state, 'none')
  })

  it('keeps a former result under another name', () => {
    writeFileSync(path.join(folder, 'out.txt'), 'old')
    assert.equal(run(setAsideScript(benchmark)).code, 0)
    const [kept] = readdirSync(folder).filter((name) => /^out\.txt\.\d{14}$/.test(name))
    assert.ok(kept)
    assert.equal(readFileSync(path.join(folder, kept), 'utf8'), 'old')
    assert.equal(existsSync(path.join(folder, 'out.txt')), false)
  })
})
