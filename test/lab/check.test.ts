import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { labPlaces, nodePlaces } from '../../src/lab/places.ts'
import {
  answerOf,
  changesOf,
  type Ended,
  eventsOf,
  failuresOf,
  inside,
  journals,
  look,
  play,
  playbook,
  provision,
  SECRET,
  useSmallLab,
  write,
} from './small.ts'

const HOSTS = ['rpi02', 'rpi03']

/** Of every kind of task that changes a host, one step or two; later ones build on what earlier ones make. */
const BOOK = `
- hosts: rpi02,rpi03
  become: true
  vars:
    greeting: hello
  tasks:
    - file: {path: /opt/check, state: directory, mode: "0750"}
    - copy: {dest: /opt/check/copy, content: "text\\n", mode: "0640", owner: pi}
    - template: {src: check.j2, dest: /opt/check/template}
    - line: {path: /opt/check/lines, line: another, create: true}
    - file: {path: /opt/check/link, state: link, target: copy}
    - user: {name: checker, comment: made by a test, password_hash: "{{ hash }}"}
    - authorized_key: {user: checker, key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKsR/s4qRIZ0yhKZmO2eyd1TbKqTf9ULDXJJSeMRpRDe nobody"}
    - hosts_file: {entries: {192.0.2.7: check-host}, block: check}
    - sysctl: {name: vm.swappiness, value: 11, file: /etc/sysctl.d/91-check.conf}
    - systemd:
        unit: check-noise
        content: |
          [Service]
          ExecStart=/bin/sleep infinity
          [Install]
          WantedBy=multi-user.target
        enabled: true
        state: started
      notify: told
    - package: {name: jq}
    - command: {cmd: jq -n 1 > /opt/check/command, creates: /opt/check/command}
    - command: {cmd: cat /etc/debian_version, changes: false}
  handlers:
    - name: told
      file: {path: /opt/check/told}
`

const UNDO = `
  systemctl disable --now check-noise; rm -f /etc/systemd/system/check-noise.service; systemctl daemon-reload
  userdel -r checker; dpkg --purge jq; rm -rf /opt/check /etc/sysctl.d/91-check.conf /var/lib/provision
  sed -i '/BEGIN.*check/,/END.*check/d' /etc/hosts; rm -f /run/lock/provision.lock
  :`

const extra = ['-e', `hash=$6$${SECRET}`]

/** Everything on the node's card and in its /run, with checksums; but for what logging in leaves by itself. */
async function everything(host: string): Promise<string[]> {
  const { pid, directory } = nodePlaces(labPlaces(), host)
  const list = `cd '${directory}/card' && find upper docker rancher kubelet \\( -path upper/var/log -o -path upper/var/lib/systemd/timers \\) -prune -o \\
    -printf '%y %m %U:%G %s %T@ %C@ %p %l\\n' | LC_ALL=C sort
    find upper -path upper/var/log -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum`
  const card = await answerOf('nsenter', [
    '-m',
    '-t',
    readFileSync(pid, 'utf8').trim(),
    '/bin/sh',
    '-c',
    list,
  ])
  assert.equal(card.code, 0, card.stderr)
  const own = '/run/systemd /run/user /run/sudo /run/log /run/utmp /run/motd.dynamic'
    .split(' ')
    .map((path) => `-path ${path}`)
  const volatile = await look(
    host,
    `find /run -mindepth 1 \\( ${own.join(' -o ')} \\) -prune -o -printf '%y %m %U:%G %s %T@ %p\\n' | sort`,
  )
  return `${card.stdout}${volatile}`.split('\n')
}

const code = (ended: Ended): number | null => {
  if (ended.code !== 0 && ended.code !== 2) assert.fail(failuresOf(ended).join('\n') + ended.stderr)
  return ended.code
}
const roundTrips = ({ events }: Ended) => eventsOf(events, 'run-end')[0]?.roundTrips

describe('check and apply', function () {
  this.timeout(120_000)
  this.slow(20_000)
  useSmallLab()

  let planned: string[]
  before(async () => {
    write('check.j2', '{{ greeting }} from {{ inventory_hostname }}\n')
    await Promise.all(HOSTS.map((host) => inside(host, UNDO)))
  })

  it('a check leaves no trace on a host', async () => {
    // The first login of all makes what any login makes once.
    await provision('exec', 'nodes', '--become', '-i', playbook('')[2]!, '--lab', '--', 'true')
    const before = await Promise.all(HOSTS.map(everything))
    const check = await play(BOOK, '--check', '--diff', ...extra)
    assert.equal(code(check), 2)
    planned = changesOf(check).sort()
    const after = await Promise.all(HOSTS.map(everything))
    for (const [at, lines] of before.entries()) {
      assert(lines.length > 100)
      assert.deepEqual(
        after[at]!.filter((line) => !lines.includes(line)),
        [],
      )
      assert.deepEqual(
        lines.filter((line) => !after[at]!.includes(line)),
        [],
      )
    }
  })

  it('an apply makes exactly what the check has listed', async () => {
    const applied = await play(BOOK, ...extra)
    assert.equal(code(applied), 0)
    assert.deepEqual(changesOf(applied).sort(), planned)
    assert(planned.length >= 2 * 12, planned.join('\n'))
    assert.equal(
      await look('rpi02', 'cat /opt/check/template /opt/check/link /opt/check/lines /opt/check/command'),
      'hello from rpi02\ntext\nanother\n1\n',
    )
    assert.equal(
      await look('rpi03', 'systemctl is-active check-noise; id -un checker; ls /opt/check/told'),
      'active\nchecker\n/opt/check/told\n',
    )
  })

  it('a second apply makes nothing, in one round trip per host', async () => {
    const again = await play(BOOK, ...extra)
    assert.deepEqual([code(again), changesOf(again)], [0, []])
    assert.deepEqual(roundTrips(again), { rpi02: 1, rpi03: 1 })
  })

  it('and then a check has nothing to list', async () => {
    const check = await play(BOOK, '--check', ...extra)
    assert.deepEqual([code(check), changesOf(check)], [0, []])
    assert.deepEqual(roundTrips(check), { rpi02: 1, rpi03: 1 })
  })

  it('what was undone by hand is found, and nothing else', async () => {
    await look('rpi03', 'rm /opt/check/template; systemctl stop check-noise')
    const check = await play(BOOK, '--check', ...extra)
    assert.equal(code(check), 2)
    assert.deepEqual(
      changesOf(check).map((change) => change.replace(/ \(.*/, '')),
      ['rpi03: create /opt/check/template', 'rpi03: start check-noise.service'],
    )
    const applied = await play(BOOK, ...extra)
    assert.deepEqual(changesOf(applied), changesOf(check))
  })

  it('neither shows a secret, nor does the journal', () => {
    assert(journals().includes('checker'))
    assert(!journals().includes(SECRET))
  })
})
