import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import type { Output, Survey } from '../../src/core/task.ts'
import { passwordProbe, userProbe } from '../../src/probe/accounts.ts'
import { authorizedKeysProbe } from '../../src/probe/authorizedkeys.ts'
import { liveHostname, rebootRequired, sysctlProbe } from '../../src/probe/kernel.ts'
import { packageProbe } from '../../src/probe/packages.ts'
import { unitName, unitProbe } from '../../src/probe/units.ts'
import command from '../../tasks/command.ts'
import waitFor from '../../tasks/wait_for.ts'
import { completion } from '../tasks/law.ts'
import { lookHere, runHere } from './here.ts'

const told = (stdout: string, code = 0, stderr = ''): Output => ({
  code,
  stdout: Buffer.from(stdout),
  stderr,
})
const isDebian = existsSync('/usr/bin/dpkg-query')

describe('package probe', () => {
  it('asks for all packages at once', function () {
    if (!isDebian) this.skip()
    const facts = lookHere({
      dash: packageProbe('dash'),
      none: packageProbe('no-such-package'),
      libc: packageProbe('libc6'),
    })
    assert.match(facts.dash?.version ?? '', /^\d/)
    assert.match(facts.libc?.version ?? '', /^\d/)
    assert.equal(facts.none, null)
  })

  it('sees the same where dpkg has not brought its file up to date yet', function () {
    if (!isDebian) this.skip()
    const names = ['dash', 'no-such-package', 'libc6']
    const { survey } = packageProbe('dash').script as { survey: Survey }
    const seen = (script: string) => names.map((name) => packageProbe(name).parse(runHere(script)))
    const script = survey.script(names)
    assert.deepEqual(seen(script.replace('/var/lib/dpkg/updates', '/etc')), seen(script))
  })

  it('takes only what is installed for installed', () => {
    const stanza = (name: string, architecture: string, status: string, version: string) =>
      `Package: ${name}\nStatus: install ok ${status}\nArchitecture: ${architecture}\nVersion: ${version}\nDepends: b\n`
    const output = told(
      [
        `${stanza('a', 'amd64', 'config-files', '1')}\nPackage: aa\nStatus: install ok installed\n--\n`,
        stanza('b', 'amd64', 'half-configured', '2'),
        stanza('c', 'arm64', 'installed', '3'),
        stanza('c', 'amd64', 'installed', '4'),
      ].join('\n'),
      1,
    )
    const versions = ['a', 'b', 'c', 'c:amd64', 'c:i386'].map(
      (name) => packageProbe(name).parse(output)?.version,
    )
    assert.deepEqual(versions, [undefined, undefined, '3', '4', undefined])
  })

  it('does not call a host without dpkg bare', () => {
    assert.throws(
      () => packageProbe('a').parse(told('', 127, 'sh: 1: dpkg-query: not found')),
      /dpkg-query: not found/,
    )
  })
})

describe('account probes', () => {
  it('sees users with their groups', () => {
    const facts = lookHere({ root: userProbe('root'), none: userProbe('no_such_user') })
    assert.deepEqual([facts.root?.uid, facts.root?.group, facts.root?.home], [0, 'root', '/root'])
    assert.equal(facts.none, null)
  })

  it('sorts the other groups and leaves out the primary one', () => {
    const passwd = 'pi:x:1000:1000:A, B:/home/pi:/bin/bash\npin:x:1:1::/:/x\n'
    const output = told(`${passwd}\nsudo:x:27:pin,pi\nadm:x:4:pi\npi:x:1000:pi\nx:x:9:pin\n`)
    assert.deepEqual(userProbe('pi').parse(output), {
      uid: 1000,
      group: 'pi',
      groups: ['adm', 'sudo'],
      comment: 'A, B',
      home: '/home/pi',
      shell: '/bin/bash',
    })
  })

  it('does not take a failure for nobody', () => {
    assert.throws(() => userProbe('pi').parse(told('', 127, 'getent: not found')), /getent: not found/)
  })

  it('reads password hashes as root only, and as secrets', function () {
    assert.equal(passwordProbe('root').secret, true)
    assert.throws(
      () => passwordProbe('pi').parse(told('', 1, '/etc/shadow may not be read')),
      /may not be read/,
    )
    if (userInfo().uid !== 0) this.skip()
    assert.equal(typeof lookHere({ root: passwordProbe('root') }).root, 'string')
    assert.equal(lookHere({ none: passwordProbe('no_such_user') }).none, null)
  })

  it('finds the keys of a user wherever his home is', () => {
    const facts = lookHere({
      me: authorizedKeysProbe(userInfo().username),
      none: authorizedKeysProbe('no_such_user'),
    })
    assert.equal(facts.me?.home, userInfo().homedir)
    assert.equal(
      facts.me?.directory?.type ?? null,
      existsSync(`${userInfo().homedir}/.ssh`) ? 'directory' : null,
    )
    assert.equal(facts.none, null)
  })

  it('does not take a home that is not there for one without keys', () => {
    const output = told('home=/home/pi\n', 2, "sh: 1: cd: can't cd to /home/pi")
    assert.throws(() => authorizedKeysProbe('pi').parse(output), /can't look at the SSH keys in \/home\/pi/)
  })
})

describe('unit probe', () => {
  const block = (load: string, active: string, more = '') =>
    `LoadState=${load}\nActiveState=${active}\nSubState=x\nUnitFileState=enabled\nNeedDaemonReload=no\nFragmentPath=/a=b\n${more}`

  it('gives each unit its own answer, by the order they were asked in', () => {
    const output = told(
      `==> units\na.service b.timer c.service \n${[block('loaded', 'active'), block('not-found', 'inactive'), block('not-found', 'active')].join('\n')}`,
    )
    const [a, b, c] = ['a', 'b.timer', 'c'].map((name) => unitProbe(name).parse(output))
    assert.deepEqual(a, {
      load: 'loaded',
      active: 'active',
      sub: 'x',
      enabled: 'enabled',
      needsReload: false,
      path: '/a=b',
    })
    assert.equal(b, null)
    assert.equal(c?.load, 'not-found')
  })

  it('says where there is no systemd', () => {
    const stderr = "System has not been booted with systemd as init system (PID 1). Can't operate.\n"
    assert.throws(
      () => unitProbe('ssh').parse(told('==> units\nssh.service \n', 1, stderr)),
      /can't look at unit ssh\.service: System has not/,
    )
    assert.throws(
      () => unitProbe('ssh').parse(told('==> units\nssh.service \n', 127, 'sh: 1: systemctl: not found\n')),
      /not found/,
    )
  })

  it('means a service when nothing else is said', () => {
    assert.deepEqual(['ssh', 'ssh.socket', 'a.b', 'x@1.service'].map(unitName), [
      'ssh.service',
      'ssh.socket',
      'a.b.service',
      'x@1.service',
    ])
  })
})

describe('kernel probes', () => {
  it('read what the kernel shows', () => {
    const facts = lookHere({
      name: liveHostname,
      memory: sysctlProbe('net.ipv4.tcp_rmem'),
      slashes: sysctlProbe('net/ipv4/tcp_rmem'),
      none: sysctlProbe('net.no.such'),
      reboot: rebootRequired,
    })
    assert.equal(facts.name, hostname())
    assert.equal(
      facts.memory,
      readFileSync('/proc/sys/net/ipv4/tcp_rmem', 'utf8').trim().split(/\s+/).join(' '),
    )
    assert.equal(facts.slashes, facts.memory)
    assert.equal(facts.none, null)
    assert.equal(facts.reboot, existsSync('/run/reboot-required'))
  })

  it('do not take what may not be read for absent', () => {
    assert.throws(() => liveHostname.parse(told('', 2, 'cannot open')), /can't look at the host name/)
  })
})

describe('what tasks run while they look', () => {
  const reads = (args: Record<string, unknown>) =>
    lookHere(command.probes(completion(command)(args) as never))

  it('reads with directory and input, and eats nobody else his input', () => {
    assert.deepEqual(
      reads({ cmd: 'pwd; cat; echo e >&2; exit 3', chdir: '/usr', stdin: "it's\n%s", changes: false })
        .printed,
      {
        rc: 3,
        stdout: "/usr\nit's\n%s",
        stderr: 'e\n',
      },
    )
  })

  it('looks at guards in the same directory', () => {
    const { unless, only_if: onlyIf } = reads({
      cmd: 'x',
      chdir: '/usr',
      unless: '[ -d bin ]',
      only_if: 'exit 3',
    })
    assert.deepEqual([unless, onlyIf], [true, false])
  })

  const holds = (args: Record<string, unknown>) =>
    lookHere(waitFor.probes(completion(waitFor)(args) as never)).holds

  it('sees paths and commands', () => {
    assert.deepEqual(
      [
        holds({ path: '/etc' }),
        holds({ path: "/no it's" }),
        holds({ command: 'true\ntrue' }),
        holds({ command: 'exit 3' }),
      ],
      [true, false, true, false],
    )
  })

  it('does not give up a command that says 3, only what can never be', () => {
    const { actions } = waitFor.plan(completion(waitFor)({ command: 'exit 3' }) as never, {
      holds: false,
    })[0]!
    assert.equal(runHere((actions[0] as { script: string }).script).code, 1)
  })

  it('sees ports and addresses that answer', async function () {
    if (spawnSync('curl', ['--version']).status !== 0) this.skip()
    // A process of its own, for looking blocks this one.
    const script = `require('http').createServer((asked, answer) => answer.writeHead(asked.url === '/' ? 401 : 302).end())
      .listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
    const server = spawn(process.execPath, ['-e', script])
    const [printed] = (await once(server.stdout, 'data')) as [Buffer]
    const port = Number(printed.toString())
    const url = `http://127.0.0.1:${port}/`
    const asked = [
      { port },
      { url },
      { url, status: [200, 401] },
      { url: `${url}x` },
      { url: `${url}x`, status: [200] },
    ]
    assert.deepEqual(asked.map(holds), [true, false, true, true, false])
    server.kill()
    await once(server, 'exit')
    assert.deepEqual([holds({ port }), holds({ url })], [false, false])
  })
})
