import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Ended,
  failuresOf,
  inside,
  look,
  play,
  playbook,
  type Started,
  start,
  stepsOf,
  useSmallLab,
  workplace,
} from './small.ts'

const HOSTS = ['rpi01', 'rpi02']

const steps = (hosts: string, text: string): string =>
  `- hosts: ${hosts}\n  become: true\n  tasks:\n${text.replaceAll(/^/gm, '    ')}\n`

/** A number of seconds by which the sleeping process can be told from others. */
const LONG = 86_123
const sleeps = steps('rpi01,rpi02', `- command: {cmd: sleep ${LONG}}\n- file: {path: /root/behind}`)

async function untilAsleep(run: Started, hosts: string[], seconds = LONG): Promise<void> {
  let over = false
  void run.end.finally(() => (over = true)).catch(() => {})
  for (const host of hosts) {
    while ((await inside(host, `pgrep -f '^sleep ${seconds}'`)).code !== 0) {
      if (over) assert.fail(JSON.stringify(await run.end))
      await pause(100)
    }
  }
}

describe('interruption', function () {
  this.timeout(60_000)
  this.slow(15_000)
  useSmallLab()

  before(() => Promise.all(HOSTS.map((host) => look(host, 'rm -rf /root/*'))))

  it('ends what runs on the hosts, exits 130 and says how to go on', async () => {
    const words = playbook(sleeps)
    const run = start(...words)
    await untilAsleep(run, HOSTS)
    run.signal('SIGINT')
    const { code, stdout, stderr } = await run.end
    assert.equal(code, 130)
    assert.match(stderr, /Press Ctrl-C again/)
    assert.match(stdout, /Interrupted after/)
    assert(stdout.includes(`provision ${words.join(' ')}`), stdout)
    for (const host of HOSTS) {
      assert.equal((await inside(host, `pgrep -f '[s]leep ${LONG}'`)).stdout, '', 'nothing is left')
      assert.equal((await inside(host, 'ls /root/behind')).code, 2)
      await look(host, 'flock -w 5 /run/lock/provision.lock true')
    }
    const journal = /journal: (\S+)/.exec(stdout)?.[1]
    assert(existsSync(path.join(workplace(), journal!, 'summary.json')))
  })

  it('ends what only looks, too', async () => {
    const run = start(...playbook(steps('rpi01', `- command: {cmd: sleep ${LONG}, changes: false}`)))
    await untilAsleep(run, ['rpi01'])
    run.signal('SIGINT')
    assert.equal((await run.end).code, 130)
    assert.equal((await inside('rpi01', `pgrep -f '[s]leep ${LONG}'`)).stdout, '')
  })

  it('a second time stops at once', async () => {
    const text = steps('rpi01', `- command: {cmd: 'trap "" TERM; sleep ${LONG}; sleep ${LONG}'}`)
    const run = start(...playbook(text))
    await untilAsleep(run, ['rpi01'])
    run.signal('SIGINT')
    await run.warning('Press Ctrl-C again')
    run.signal('SIGINT')
    assert.equal((await run.end).code, 130)
    // What was to end it there may never have come that far, and then the second sleep follows the first.
    const isFree = 'flock -n /run/lock/provision.lock true'
    await look('rpi01', `until ${isFree}; do pkill -KILL -f '[s]leep ${LONG}'; sleep 0.2; done`)
  })

  it('lets an atomic action come to its end', async () => {
    // The package's own script takes a while; cut short it would be left half installed.
    await look(
      'rpi01',
      `dpkg --purge slow-one 2> /dev/null; cd /tmp && mkdir -p slow/DEBIAN && cd slow
      printf 'Package: slow-one\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: slow\\n' > DEBIAN/control
      printf '#!/bin/sh\\nsleep 3.14\\n' > DEBIAN/postinst && chmod 755 DEBIAN/postinst
      dpkg-deb -b . ../slow-one.deb > /dev/null && mkdir -p /tmp/repo && mv ../slow-one.deb /tmp/repo
      cd /tmp/repo && { dpkg-deb -f slow-one.deb; echo 'Filename: ./slow-one.deb'; echo "Size: $(stat -c %s slow-one.deb)"; echo "SHA256: $(sha256sum slow-one.deb | cut -d' ' -f1)"; } > Packages
      echo 'deb [trusted=yes] file:/tmp/repo ./' > /etc/apt/sources.list.d/slow.list && apt-get -qq update`,
    )
    const run = start(
      ...playbook(steps('rpi01', '- package: {name: slow-one}\n- file: {path: /root/behind}')),
    )
    await untilAsleep(run, ['rpi01'], 3.14)
    run.signal('SIGINT')
    assert.equal((await run.end).code, 130)
    assert.equal(await look('rpi01', "dpkg-query -W -f '${db:Status-Abbrev}' slow-one"), 'ii ')
    assert.equal((await inside('rpi01', 'ls /root/behind')).code, 2)
    await look('rpi01', 'rm /etc/apt/sources.list.d/slow.list; apt-get -qq update; dpkg --purge slow-one')
  })
})

describe('two runs at once', function () {
  this.timeout(60_000)
  this.slow(15_000)
  useSmallLab()

  it('the second one is told who is working there; a check is let in', async () => {
    const text = steps('rpi01', `- command: {cmd: sleep ${LONG}}`)
    const first = start(...playbook(text, '--output', 'json'))
    await untilAsleep(first, ['rpi01'])
    try {
      const second = await play(steps('rpi01,rpi02', '- file: {path: /root/second}'))
      assert.equal(second.code, 3)
      assert.match(
        failuresOf(second).join(),
        /^rpi01: another run is working on rpi01: \S+@\S+, process \d+, since 2/,
      )
      assert.deepEqual(stepsOf(second), ['rpi02: file /root/second changed'])
      assert.equal((await inside('rpi01', 'ls /root/second')).code, 2)
      const check = await play(steps('rpi01', '- file: {path: /root/second}'), '--check')
      assert.equal(check.code, 2, failuresOf(check).join())
    } finally {
      first.signal('SIGINT')
    }
    assert.equal((await first.end).code, 130)
  })
})

describe('what somebody has put in the place of the lock', function () {
  this.timeout(60_000)
  this.slow(15_000)
  useSmallLab()

  const lock = '/run/lock/provision.lock'
  for (const [what, make] of Object.entries({ pipe: `mkfifo ${lock}`, link: `ln -s /etc/fstab ${lock}` }))
    it(`is not touched: a ${what}`, async () => {
      await look('rpi01', `rm -f ${lock}; runuser -u nobody -- ${make}; sha256sum /etc/fstab > /root/before`)
      try {
        const run = await play(steps('rpi01', '- file: {path: /root/never}'))
        assert.equal(run.code, 3)
        assert.deepEqual(failuresOf(run), [
          `rpi01: can't take the lock: ${lock} is in the way: it is no file, or may not be read; remove it`,
        ])
        await look('rpi01', 'sha256sum -c --quiet /root/before; ! [ -e /root/never ]')
      } finally {
        await look('rpi01', `rm -f ${lock} /root/before`)
      }
    })
})

describe('handlers', function () {
  this.timeout(60_000)
  this.slow(15_000)
  useSmallLab()

  const book = `
- hosts: rpi01
  become: true
  tasks:
    - name: settings
      copy: {dest: /root/settings, content: "one\\n"}
      notify: restart
    - name: may fail
      command: {cmd: test -e /root/allowed, changes: false}
  handlers:
    - name: restart
      command: {cmd: echo restarted >> /root/log}
`
  const status = (ended: Ended) => [ended.code, ...stepsOf(ended).map((line) => line.replace('rpi01: ', ''))]

  before(() => look('rpi01', 'rm -rf /root/* /var/lib/provision'))

  it('outlast a run that fails after the change: the next one completes them, once', async () => {
    assert.deepEqual(status(await play(book)), [3, 'settings changed', 'may fail failed'])
    assert.equal((await inside('rpi01', 'ls /root/log')).code, 2)
    await look('rpi01', 'touch /root/allowed')
    const check = await play(book, '--check')
    assert.deepEqual(status(check), [2, 'settings ok', 'may fail ok', 'restart changed'])
    assert.deepEqual(status(await play(book)), [0, 'settings ok', 'may fail ok', 'restart changed'])
    assert.equal(await look('rpi01', 'cat /root/log'), 'restarted\n')
    assert.deepEqual(status(await play(book)), [0, 'settings ok', 'may fail ok'])
  })

  it('outlast an interruption', async () => {
    await look('rpi01', 'echo other > /root/settings; rm /root/log')
    const slow = book.replace(
      '{cmd: test -e /root/allowed, changes: false}',
      `{cmd: sleep ${LONG}, creates: /root/awake}`,
    )
    const run = start(...playbook(slow, '--output', 'json'))
    await untilAsleep(run, ['rpi01'])
    run.signal('SIGINT')
    assert.deepEqual(status(await run.end), [130, 'settings changed', 'may fail failed'])
    await look('rpi01', 'touch /root/awake')
    assert.deepEqual(status(await play(slow)), [0, 'settings ok', 'may fail ok', 'restart changed'])
    assert.equal(await look('rpi01', 'cat /root/log'), 'restarted\n')
  })
})
