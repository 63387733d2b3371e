import assert from 'node:assert/strict'
import type { RunEvent } from '../../src/core/event.ts'
import {
  changesOf,
  eventsOf,
  failuresOf,
  fault,
  inside,
  look,
  play,
  playbook,
  provision,
  type Started,
  start,
  until,
  useSmallLab,
} from './small.ts'

/** A step that takes seconds and one behind it; both make a file of that name. */
function long(hosts: string, name: string, seconds: number, timeout: number): string {
  return `
- hosts: ${hosts}
  become: true
  tasks:
    - name: long
      command: {cmd: "sleep ${seconds}; echo done > /root/${name}", creates: /root/${name}}
      timeout: ${timeout}
    - name: after
      file: {path: /root/${name}-after}
`
}

const isLong = (host: string) => (event: RunEvent) =>
  event.type === 'step-start' && event.host === host && event.step.name === 'long'

async function mend(): Promise<void> {
  await fault('rpi01', 'heal')
  await fault('rpi02', 'boot')
  await fault('rpi02', 'thaw')
}

const isFree = async (host: string) =>
  (await inside(host, 'flock -n /run/lock/provision.lock true')).code === 0

describe('hosts that break down in the middle of a step', function () {
  this.timeout(150_000)
  this.slow(30_000)
  useSmallLab()

  let silent: Started
  before('a run whose client falls silent', async () => {
    await Promise.all(['rpi01', 'rpi02', 'rpi03'].map((host) => look(host, 'rm -rf /root/*')))
    silent = start(...playbook(long('rpi03', 'silent', 1, 60), '--output', 'json'))
    await silent.event(isLong('rpi03'))
    silent.signal('SIGSTOP')
  })
  after(() => silent?.signal('SIGKILL'))
  afterEach(mend)

  it('a frozen one is given up when its time is over, the others finish, the next run completes it', async () => {
    const words = playbook(long('rpi01,rpi02', 'freeze', 2, 3), '--output', 'json')
    const run = start(...words)
    await run.event(isLong('rpi02'))
    await fault('rpi02', 'freeze')
    const broken = await run.end
    assert.equal(broken.code, 3)
    assert.deepEqual(failuresOf(broken), ['rpi02: timed out after 3 s'])
    assert.equal(await look('rpi01', 'ls /root'), 'freeze\nfreeze-after\n')
    await mend()
    await until(() => isFree('rpi02'))
    const again = await provision(...words)
    assert.equal(again.code, 0, failuresOf(again).join('\n'))
    assert.equal(await look('rpi02', 'ls /root'), 'freeze\nfreeze-after\n')
  })

  it('one that is cut off and one without power', async () => {
    const words = playbook(long('all:!rpi03', 'cut', 3, 4), '--output', 'json')
    const run = start(...words)
    await Promise.all(['rpi01', 'rpi02', 'rpicloud'].map((host) => run.event(isLong(host))))
    await Promise.all([fault('rpi01', 'cut'), fault('rpi02', 'kill')])
    const broken = await run.end
    assert.equal(broken.code, 3)
    const [first, second, ...others] = failuresOf(broken).sort()
    assert.equal(first, 'rpi01: timed out after 4 s')
    assert.match(second!, /^rpi02: rpi02: .*Connection refused/)
    assert.deepEqual(others, [])
    assert.equal(await look('rpicloud', 'cat /root/cut'), 'done\n')
    await mend()
    assert.equal((await inside('rpi02', 'ls /root/cut')).code, 2)
    await until(() => isFree('rpi01'))
    const again = await provision(...words)
    assert.equal(again.code, 0, failuresOf(again).join('\n'))
    assert.deepEqual(
      changesOf(again).filter((change) => change.startsWith('rpicloud')),
      [],
    )
    for (const host of ['rpi01', 'rpi02']) assert.equal(await look(host, 'cat /root/cut'), 'done\n')
  })

  it('one whose connection breaks: nothing is run twice, nothing is claimed', async () => {
    const text = long('rpi01', 'broken', 3, 60)
    const run = start(...playbook(text, '--output', 'json'))
    await run.event(isLong('rpi01'))
    await until(async () => (await inside('rpi01', 'pgrep -x sleep')).code === 0)
    await look('rpi01', 'pkill -KILL -u pi sshd')
    const broken = await run.end
    assert.equal(broken.code, 3)
    assert.deepEqual(failuresOf(broken), [
      'rpi01: the connection to rpi01 broke; what was under way still runs there',
    ])
    await until(() => isFree('rpi01'))
    const again = await play(text)
    assert.equal(again.code, 0, failuresOf(again).join('\n'))
    assert.deepEqual(changesOf(again), ['rpi01: create /root/broken-after (0644, 0 bytes)'])
  })

  it('one whose client has fallen silent is not locked for ever', async () => {
    const words = playbook(long('rpi03', 'silent', 1, 60), '--output', 'json')
    const refused = await provision(...words)
    if (refused.code !== 0)
      assert.match(failuresOf(refused).join(), /another run is working on rpi03: .*process \d+/)
    let taken = refused
    await until(async () => (taken = await provision(...words)).code === 0)
    assert.deepEqual(
      eventsOf(taken.events, 'host-end').map(({ state }) => state),
      ['done'],
    )
    assert.equal(await look('rpi03', 'cat /root/silent'), 'done\n')
  })
})
