import assert from 'node:assert/strict'
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs'
import { PASSWORD } from '../../src/lab/lab.ts'
import { labPlaces } from '../../src/lab/places.ts'
import {
  answerOf,
  type Ended,
  eventsOf,
  failuresOf,
  fault,
  inside,
  inventoryWith,
  journals,
  look,
  play,
  playbook,
  provision,
  SECRET,
  stepsOf,
  sudoAsks,
  useSmallLab,
  withoutPrivilege,
  write,
} from './small.ts'

const TOUCH = `
- hosts: all
  become: true
  tasks:
    - name: mark
      file: {path: /root/reached, mode: "0600"}
`

/** Exit code, what ended hosts, and the hosts that made it. */
function fate(ended: Ended): { code: number | null; lost: string; done: string[] } {
  const done = eventsOf(ended.events, 'host-end').filter(({ state }) => state === 'done')
  return { code: ended.code, lost: failuresOf(ended).join('\n'), done: done.map(({ host }) => host).sort() }
}

describe('hosts that do not let us in', function () {
  this.timeout(120_000)
  this.slow(10_000)
  useSmallLab()

  for (const [name, content, why] of [
    ['does not exist', undefined, 'it does not exist'],
    ['is no key', 'this is no key\n', 'Unsupported key format'],
    ['may not be read', 'whatever\n', 'permission denied'],
  ] as const) {
    it(`a key file that ${name}`, async () => {
      const key = content === undefined ? '/nonexistent/id_ed25519' : write('key', content)
      if (name === 'may not be read') {
        chownSync(key, 65534, 65534)
        chmodSync(key, 0o600)
      }
      const words = playbook(
        TOUCH,
        '--output',
        'json',
        '--limit',
        'rpi01,rpi02',
        ...inventoryWith('rpi01', { key }),
      )
      const { code, lost, done } = fate(await withoutPrivilege(...words))
      assert.equal(code, 4)
      assert.deepEqual(done, ['rpi02'])
      assert(lost.toLowerCase().includes(`can't use the key ${key}: ${why}`.toLowerCase()), lost)
    })
  }

  it('a key that the host does not accept', async () => {
    await look('rpi01', 'mv /home/pi/.ssh/authorized_keys /home/pi/.ssh/aside')
    try {
      const ended = await play(TOUCH, '--limit', 'rpi01,rpi02')
      const { code, lost, done } = fate(ended)
      assert.equal(code, 4)
      assert.deepEqual(done, ['rpi02'])
      assert.match(lost, /^rpi01: rpi01: permission denied for user pi.*: tried key .*id_ed25519/)
      // Trying the same keys again would change nothing, and get us banned.
      assert.deepEqual(eventsOf(ended.events, 'host-retry'), [])
    } finally {
      await look('rpi01', 'mv /home/pi/.ssh/aside /home/pi/.ssh/authorized_keys')
    }
  })

  it('a host key that has changed', async () => {
    await play(TOUCH, '--limit', 'rpi02')
    const { knownHostsFile } = labPlaces()
    const before = readFileSync(knownHostsFile, 'utf8')
    const lines = before.split('\n')
    const [at, other] = ['16.0.0.12 ', '16.0.0.10 '].map((name) =>
      lines.findIndex((line) => line.startsWith(name)),
    )
    lines[at!] = lines[other!]!.replace('16.0.0.10', '16.0.0.12')
    writeFileSync(knownHostsFile, lines.join('\n'))
    try {
      const words = playbook(TOUCH, '--limit', 'rpi01,rpi02')
      const { code, stdout } = await provision(...words)
      assert.equal(code, 4)
      assert.match(stdout, /the host key of 16\.0\.0\.12 has changed/)
      assert(stdout.includes(`${knownHostsFile}:${at! + 1} has ssh-ed25519 SHA256:`), stdout)
      assert.equal(new Set(stdout.match(/SHA256:\S{43}/g)).size, 2)
      assert(stdout.includes(`ssh-keygen -R '16.0.0.12' -f ${knownHostsFile}`), stdout)
      assert.equal(readFileSync(knownHostsFile, 'utf8'), lines.join('\n'), 'nothing replaces a key by itself')
    } finally {
      writeFileSync(knownHostsFile, before)
    }
  })

  describe('sudo that wants a password', () => {
    before(() => sudoAsks('rpi01', true))
    after(() => sudoAsks('rpi01', false))

    it('and gets none', async () => {
      const { code, lost, done } = fate(await play(TOUCH, '--limit', 'rpi01,rpi02'))
      assert.equal(code, 4)
      assert.deepEqual(done, ['rpi02'])
      assert.match(lost, /^rpi01: rpi01: sudo refused: .*password is required/)
    })

    it('and gets a wrong one', async () => {
      const inventory = inventoryWith('rpi01', { become_password: SECRET })
      const { code, lost } = fate(await play(TOUCH, '--limit', 'rpi01,rpi02', ...inventory))
      assert.equal(code, 4)
      assert.match(lost, /^rpi01: rpi01: sudo did not accept the password/)
      assert(!journals().includes(SECRET))
    })

    it('and gets the right one', async () => {
      const inventory = inventoryWith('rpi01', { become_password: PASSWORD })
      const ended = await play(TOUCH, '--limit', 'rpi01', ...inventory)
      assert.equal(ended.code, 0, JSON.stringify(failuresOf(ended)))
      assert(!(ended.stdout + ended.stderr + journals()).includes(PASSWORD))
      const { stdout } = await inside('rpi01', `grep -rls ${PASSWORD} /tmp /run /var/log /var/lib/provision`)
      assert.equal(stdout, '', 'it is nowhere on the host')
    })

    it('does not matter where nothing is done as root', async () => {
      const ended = await play('- hosts: rpi01\n  tasks:\n    - file: {path: /tmp/as-pi}\n')
      assert.equal(ended.code, 0, ended.stdout)
    })
  })

  it('a host that is cut off: the others finish', async () => {
    await fault('rpi03', 'cut')
    await look('rpicloud', 'ip neigh flush all')
    try {
      const ended = await play(TOUCH)
      const { code, lost, done } = fate(ended)
      assert.equal(code, 4)
      assert.deepEqual(done, ['rpi01', 'rpi02', 'rpicloud'])
      assert.match(lost, /^rpi03: rpi03: jump host rpicloud can't reach 16\.0\.0\.13:22: No route to host$/)
      const retries = eventsOf(ended.events, 'host-retry')
      assert.deepEqual(
        retries.map(({ host, attempt }) => `${host} ${attempt}`),
        ['rpi03 1', 'rpi03 2', 'rpi03 3'],
      )
    } finally {
      await fault('rpi03', 'heal')
    }
    const { code } = await play(TOUCH, '--limit', 'rpi03')
    assert.equal(code, 0)
  })

  it('hosts behind a jump host that is cut off', async () => {
    await fault('rpicloud', 'cut')
    await answerOf('ip', ['-n', labPlaces().laptop, 'neigh', 'flush', 'all'])
    try {
      const { code, lost, done } = fate(await play(TOUCH, '--limit', 'nodes'))
      assert.equal(code, 4)
      assert.deepEqual(done, [])
      assert.deepEqual(lost.split('\n').length, 3)
      for (const host of ['rpi01', 'rpi02', 'rpi03'])
        assert(lost.includes(`${host}: ${host}: jump host rpicloud can't be reached: 16.0.0.10:22`), lost)
    } finally {
      await fault('rpicloud', 'heal')
    }
    const ended = await play(TOUCH)
    assert.deepEqual(stepsOf(ended).length, 4)
    assert.equal(ended.code, 0)
  })
})
