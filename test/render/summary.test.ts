import assert from 'node:assert/strict'
import { noColours } from '../../src/render/colour.ts'
import { foldRun, type RunReport } from '../../src/render/report.ts'
import { nextSteps } from '../../src/render/next.ts'
import { UNTOLD } from '../../src/run/outcome.ts'
import { summaryText } from '../../src/render/summary.ts'
import { refused, runEvents, type Scenario } from './fixture.ts'

const journal = '.provision/runs/20261122T183000Z-a1b2c3d4'
const fold = (scenario: Partial<Scenario>) => foldRun(runEvents({ plays: 1, steps: 4, ...scenario }))

function summary(report: RunReport, argv = ['playbooks/cluster.yaml', '--lab']): string {
  return summaryText(report, { colours: noColours, argv, journal })
}

describe('summary', () => {
  it('of a run in the lab that went well ends in three commands worth trying', () => {
    assert.equal(
      summary(fold({ hosts: 3, trouble: false })),
      `
host      ok  changed  skipped  failed   time
rpicloud   1        2        1       0  0.4 s
rpi01      1        2        1       0  0.4 s
rpi02      1        2        1       0  0.4 s

All 3 hosts are as described after 6 changes, in 0.4 s.
journal: ${journal}

Next
  # see that nothing is left to do
  provision playbooks/cluster.yaml --lab --check
  # ask all hosts something
  provision exec all --lab -- uptime
  # look around on one of them
  provision lab ssh rpi01
`,
    )
  })

  it('of a run with failures says what, why and how to go on', () => {
    const text = summary(fold({ hosts: 9 }), ['playbooks/cluster.yaml', '--lab', '-l', 'agents'])
    assert.equal(
      text,
      `
Failed
  rpi07: UNREACHABLE: connection refused by 10.0.0.7 port 22
      hint      is it powered on, and does sshd run?
  rpi03: 2/4 Install packages: apt-get install ended with code 100: a package could not be installed
      command   DEBIAN_FRONTEND=noninteractive apt-get install -y docker.io
      exit code 100
      stderr    E: Sub-process /usr/bin/dpkg returned an error code (1)
                E: Unmet dependencies
      place     playbooks/cluster.yaml:21:7
      hint      see what is wrong with: sudo dpkg --configure -a

host      ok  changed  skipped  failed   time
rpicloud   1        2        1       0  1.0 s
rpi01      1        2        1       0  1.0 s
rpi02      1        2        1       0  1.0 s
rpi03      1        0        0       1  0.5 s  FAILED
rpi04      1        2        1       0  1.0 s
rpi05      1        2        1       0  1.0 s
rpi06      1        2        1       0  1.0 s
rpi07      0        0        0       0  0.1 s  UNREACHABLE
rpi08      1        2        1       0  0.9 s

2 of 9 hosts did not make it, in 1.1 s.
journal: ${journal}

Next
  # see whether they can be reached
  provision ping rpi07 --lab
  # try again on these hosts only
  provision playbooks/cluster.yaml --lab --limit rpi03,rpi07
`,
    )
  })

  it('of a check lists each pending change once, with its hosts', () => {
    const text = summary(fold({ mode: 'check', trouble: false }), ['playbooks/cluster.yaml', '--check'])
    assert.ok(
      text.startsWith(`
Would change: 30 changes
  Play 1
    create /etc/motd (0644)  (all 15 hosts)
    set the hostname to <host>  (all 15 hosts)

host      ok  would change  skipped  failed   time
`),
      text,
    )
    assert.ok(text.includes('\n30 changes pending on 15 hosts, in '))
    assert.ok(text.endsWith('Next\n  # make these changes\n  provision playbooks/cluster.yaml\n'))
  })

  it('says when nothing was changed, when it was cut off, and shows unknown steps', () => {
    const settled = foldRun([...runEvents({ plays: 1, steps: 1, trouble: false })])
    assert.match(summary(settled), /All 15 hosts are as described; nothing was changed, in /)
    const cut = foldRun([...runEvents({ plays: 1 })].slice(0, 60))
    assert.match(
      summary(cut),
      /Interrupted after .*\n.*\n\nNext\n {2}# go on where it stopped\n {2}provision playbooks/,
    )
    assert.match(summary(cut), /rpi14 .* cut off\n/)
    const report = fold({ hosts: 1, mode: 'check', trouble: false })
    const step = { play: 0, number: 3, name: 'Join', task: 'command' }
    report.unknown.push({ host: 'rpicloud', step, message: 'docker is not there yet' })
    report.hosts.rpicloud!.unknown = 1
    assert.match(
      summary(report),
      / {4}unknown until applied: Join \(docker is not there yet\) {2}\(rpicloud\)\n/,
    )
    assert.match(summary(report), /host .* failed {2}unknown {3}time\n/)
  })

  it('says the same failure of many hosts once', () => {
    const report = fold({ hosts: 15 })
    report.failures = ['rpi01', 'rpi02', 'rpi03', 'rpi09'].map((host) => ({
      host,
      failure: { ...refused, message: `no route to ${host}` },
    }))
    assert.match(
      summary(report),
      /Failed\n {2}rpi\[01:03\], rpi09: UNREACHABLE: no route to <host>\n {6}hint[^\n]*\n\nhost/,
    )
  })
})

describe('summary of little', () => {
  it('does not call a run on no host a success, nor name a host to look at', () => {
    const report = { ...fold({ lab: 'lab', trouble: false }), hosts: {}, changes: [] }
    const text = summary(report)
    assert.match(text, /^There was no host to work on, in /m)
    assert.doesNotMatch(text, /as described|lab ssh/)
  })

  it('says that a check with nothing but unknown steps can not tell', () => {
    const step = { play: 0, number: 1, name: 'Answers', task: 'assert' }
    const message = `${UNTOLD} (now: no answer)`
    const report = {
      ...fold({ hosts: 1, mode: 'check', trouble: false }),
      changes: [],
      unknown: [{ host: 'rpicloud', step, message }],
    }
    const text = summary({ ...report, exitCode: 0 })
    assert.match(
      text,
      /^Unknown until applied\n {2}Play 1\n {4}unknown until applied: Answers \(now: no answer\) {2}/m,
    )
    assert.match(text, /^The host is as described, as far as a check can tell, in /m)
    assert.doesNotMatch(text, /0 changes/)
  })
})

describe('next steps', () => {
  const commands = (report: RunReport, argv: string[]) => nextSteps(report, argv).map((step) => step.command)

  it('repeat what the user typed, without check, with another limit', () => {
    const check = fold({ mode: 'check', trouble: false })
    assert.deepEqual(commands(check, ['a b.yaml', '--dry-run', '--diff', '-t', 'x']), [
      "provision 'a b.yaml' --diff -t x",
    ])
    assert.deepEqual(commands(check, ['p.yaml', '-CDv', '-f', '3']), ['provision p.yaml -Dv -f 3'])
    assert.deepEqual(commands(check, ['p.yaml', '-C']), ['provision p.yaml'])
    const argv = ['p.yaml', '--limit=agents', '-i', 'hosts.yaml', '-l', 'x', '--forks', '3']
    assert.deepEqual(commands(fold({}), argv), [
      'provision ping rpi07 -i hosts.yaml',
      'provision p.yaml -i hosts.yaml --forks 3 --limit rpi03,rpi07',
    ])
  })

  it('name no hosts when all of them failed', () => {
    const report = fold({ hosts: 15 })
    for (const host of Object.values(report.hosts)) host.state = 'unreachable'
    assert.deepEqual(commands(report, ['p.yaml', '--lab', '-l', 'all']), [
      "provision ping 'rpicloud,rpi[01:14]' --lab",
      'provision p.yaml --lab -l all',
    ])
  })

  it('in the lab look at the same hosts with the same variables', () => {
    const report = fold({ lab: 'lab', trouble: false })
    assert.deepEqual(commands(report, ['p.yaml', '--lab', '-i', 'h.yaml', '-l', 'rpi01', '-e', '@v.yaml']), [
      'provision p.yaml --lab -i h.yaml -l rpi01 -e @v.yaml --check',
      'provision exec all --lab -i h.yaml -- uptime',
      'provision lab ssh rpi01',
    ])
  })

  it('call the program as the user does', () => {
    const steps = nextSteps(fold({ mode: 'check', trouble: false }), ['p.yaml', '--check'], 'npx provision')
    assert.deepEqual(
      steps.map(({ command }) => command),
      ['npx provision p.yaml'],
    )
  })

  it('never show the value of a variable', () => {
    const [, again] = commands(fold({}), [
      'p.yaml',
      '-e',
      'token=geheim',
      '-e',
      '@vars.yaml',
      '--extra-vars=a=geheim',
    ])
    assert.equal(again, 'provision p.yaml -e token=... -e @vars.yaml --extra-vars a=... --limit rpi03,rpi07')
  })

  it('are none after success outside the lab', () => {
    assert.deepEqual(commands(fold({ lab: undefined, trouble: false }), ['p.yaml']), [])
  })
})
