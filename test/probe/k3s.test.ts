import assert from 'node:assert/strict'
import type { Survey } from '../../src/core/task.ts'
import { type K3sFact, k3sProbe, tokenProbe } from '../../src/probe/k3s.ts'
import { unitProbe } from '../../src/probe/units.ts'
import { run } from './loop.ts'

const probe = k3sProbe('k3s-agent', ['/etc/rancher/k3s/config.yaml'])

function fact(...lines: string[]): K3sFact {
  const isProperty = (line: string) => line.includes('=')
  const beside = ['==> k3s-agent.service', ...lines.filter((line) => !isProperty(line))]
  const text = [...beside, '==> units', 'ssh.service k3s-agent.service ', 'ActiveState=failed', '']
  const stdout = Buffer.from(`${[...text, ...lines.filter(isProperty)].join('\n')}\n`)
  return probe.parse({ code: 0, stdout, stderr: '' })
}

describe('probe of k3s', () => {
  const sum = 'a'.repeat(64)
  /** The clock shows 10000, the host has run for 1000 s, the service for 900, its files changed when told. */
  const running = (...changed: number[]) =>
    fact(
      'arch aarch64',
      'uptime 1000.25',
      `times 1 0 10000 10000 /proc/self/stat ${changed.map((time, at) => `7 60000000 1 ${time} /f${at}`).join(' ')}`,
      `binary ${sum} v1.25.4+k3s1`,
      'ActiveState=active',
      'ExecMainStartTimestampMonotonic=100000000',
      'UnitFileState=enabled',
    )

  it('sees a service that runs with its files as they are', () => {
    assert.deepEqual(running(9000, 9099), {
      arch: 'arm64',
      binary: { sha256: sum, version: 'v1.25.4+k3s1' },
      active: 'active',
      enabled: true,
      newer: [],
    })
  })

  it('sees one that was started before a file changed', () =>
    assert.deepEqual(running(9000, 9500).newer, ['/f1']))

  it('does not take a start within the same moments for one before the change', () => {
    assert.deepEqual(running(9101).newer, [])
  })

  it('sees a host without k3s', () => {
    const bare = fact(
      'arch armv7l',
      'uptime 5',
      'times 1 0 10000 10000 /proc/self/stat',
      'ActiveState=inactive',
      'UnitFileState=',
    )
    assert.deepEqual(bare, { arch: 'armhf', binary: null, active: 'inactive', enabled: false, newer: [] })
  })

  it('keeps an architecture that k3s does not know, and a binary that does not tell its version', () => {
    const odd = fact(
      'arch riscv64',
      'uptime 5',
      'times 1 0 9 9 /proc/self/stat',
      `binary ${sum} `,
      'ActiveState=inactive',
    )
    assert.deepEqual([odd.arch, odd.binary], ['riscv64', { sha256: sum, version: null }])
  })

  it('runs where there is neither k3s nor its files', () => {
    const { survey, subject } = probe.script as { survey: Survey; subject: string }
    const script = `systemctl() { echo ActiveState=inactive; echo UnitFileState=; }\n${survey.script([subject])}`
    const output = run(script)
    assert.deepEqual([output.code, output.stderr], [0, ''])
    const { arch, ...rest } = probe.parse(output)
    assert.match(arch, /^(amd64|arm64|armhf)$/)
    assert.equal(rest.active, 'inactive')
  })

  it('shares one systemctl with other units', () => {
    const subjects = [unitProbe('docker'), probe].map(({ script }) => (script as { subject: string }).subject)
    const { survey } = probe.script as { survey: Survey }
    const script = survey.script(subjects)
    assert.equal(script.split('systemctl').length, 2)
    const state = (active: string) => `echo LoadState=loaded; echo ActiveState=${active}; echo`
    const output = run(`systemctl() { ${state('failed')}; ${state('active')}; }\n${script}`)
    assert.equal(unitProbe('docker').parse(output)?.active, 'failed')
    assert.equal(probe.parse(output).active, 'active')
  })

  it('raises what it could not see', () => {
    const output = { code: 1, stdout: Buffer.from(''), stderr: 'no bus' }
    assert.throws(() => probe.parse(output), /can't look at unit k3s-agent\.service: no bus/)
  })

  it('reads the token as a secret', () => {
    const parse = (text: string, code = 0) =>
      tokenProbe.parse({ code, stdout: Buffer.from(text), stderr: 'denied' })
    assert.equal(parse('K10a::server:b\n'), 'K10a::server:b')
    assert.equal(parse(''), null)
    assert.throws(() => parse('', 1), /can't read the token of the k3s server: denied/)
    assert.equal(tokenProbe.secret, true)
  })
})
