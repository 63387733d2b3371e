import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { labPlaces, namespacePath } from '../../src/lab/places.ts'
import {
  answerOf,
  changesOf,
  eventsOf,
  failuresOf,
  look,
  play,
  playbook,
  start,
  until,
  useSmallLab,
  write,
} from './small.ts'

const NODES = ['rpi01', 'rpi02', 'rpi03']
const SIZE = 20_000_000

/** From now on each use of a program that hashes leaves a line. */
const COUNT_HASHES = `install -m 666 /dev/null /run/hashed; cd /usr/local/bin
for name in openssl sha256sum; do
  printf '#!/bin/sh\necho . >>/run/hashed; exec /usr/bin/%s "$@"\n' $name >$name; chmod 755 $name
done`

describe('a large file for the nodes', function () {
  this.timeout(180_000)
  this.slow(20_000)
  useSmallLab()

  const put = (name: string, hosts: string): string =>
    `- hosts: ${hosts}\n  become: true\n  tasks:\n    - copy: { src: ${name}, dest: /opt/${name}, mode: "0755" }\n`

  function content(name: string): string {
    const bytes = randomBytes(SIZE)
    write(name, bytes)
    return createHash('sha256').update(bytes).digest('hex')
  }

  const sumOf = async (host: string, name: string): Promise<string> =>
    (await look(host, `sha256sum </opt/${name}`)).slice(0, 64)

  /** What the jump host still keeps or runs of what it handed on. */
  const left = (): Promise<string> =>
    look(
      'rpicloud',
      'ls -A /home/pi/.cache/provision 2>/dev/null; pgrep -af "[s]shd -D -e"; ls -d /tmp/tmp.* 2>/dev/null; :',
    )

  it('crosses the uplink once, is hashed once where it arrives, and leaves nothing on the jump host', async () => {
    const sum = content('once')
    const everywhere = ['rpicloud', ...NODES]
    for (const host of everywhere) await look(host, COUNT_HASHES)
    const before = await sent()
    const run = await play(put('once', 'all'))
    assert.deepEqual(failuresOf(run), [])
    assert.equal(changesOf(run).length, 4)
    const hashed = await Promise.all(everywhere.map((host) => look(host, 'cat /run/hashed')))
    assert.deepEqual(hashed, ['.\n.\n', '.\n', '.\n', '.\n'])
    for (const host of everywhere) await look(host, 'cd /usr/local/bin && rm openssl sha256sum')
    for (const host of everywhere) assert.equal(await sumOf(host, 'once'), sum, host)
    const bytes = (await sent()) - before
    assert.ok(bytes < 1.3 * SIZE, `${bytes} bytes left the laptop for ${SIZE}`)
    assert.equal(await left(), '')
  })

  it('is there on the others when one has no space, which gets it later from the jump host', async () => {
    const sum = content('later')
    await look('rpi02', 'mount -t tmpfs -o size=1m none /opt')
    try {
      const [failure, ...more] = failuresOf(await play(put('later', 'all:!rpicloud')))
      assert.match(failure!, /^rpi02: can't write \/opt\/later: no space left on device$/)
      assert.deepEqual(more, [])
      for (const host of ['rpi01', 'rpi03']) assert.equal(await sumOf(host, 'later'), sum, host)
    } finally {
      await look('rpi02', 'umount /opt')
    }
    const before = await sent()
    await look('rpi01', 'rm /opt/later')
    assert.deepEqual(failuresOf(await play(put('later', 'all:!rpicloud'))), [])
    assert.equal(await sumOf('rpi02', 'later'), sum)
    assert.ok((await sent()) - before < SIZE / 5, 'it was sent again')
    assert.equal(await left(), '')
  })

  it('is nowhere half-written when the program is killed on the way, and goes on from there', async () => {
    const sum = content('killed')
    const run = start(...playbook(put('killed', 'all:!rpicloud'), '--output', 'json'))
    await run.event((event) => event.type === 'step-output' && /^sent 1\d\./.test(event.text))
    run.signal('SIGKILL')
    await run.end.catch(() => undefined)
    for (const host of NODES) {
      const there = await look(
        host,
        'for i in $(seq 50); do ls /opt/.killed* >/dev/null 2>&1 || break; sleep 0.2; done; ls -A /opt',
      )
      assert.doesNotMatch(there, /\.killed|^killed/m, host)
    }
    // sshd there has to learn of it first.
    await until(async () => new RegExp(`^${sum}(\\.part)?\n$`).test(await left()))
    const before = await sent()
    assert.deepEqual(failuresOf(await play(put('killed', 'all:!rpicloud'))), [])
    for (const host of NODES) assert.equal(await sumOf(host, 'killed'), sum, host)
    assert.ok((await sent()) - before < 0.8 * SIZE, 'it began anew')
    assert.equal(await left(), '')
  })

  it('goes to each of them from here when they can not log in to the jump host, which is told once', async () => {
    const sum = content('closed')
    for (const host of NODES) await look(host, 'mv /usr/bin/ssh /usr/bin/ssh.away')
    try {
      const run = await play(put('closed', 'all:!rpicloud'))
      assert.deepEqual(failuresOf(run), [])
      assert.equal(run.stderr.match(/can't fetch large files from rpicloud/g)?.length, 1, run.stderr)
      assert.equal(eventsOf(run.events, 'host-end').length, 3)
    } finally {
      for (const host of NODES) await look(host, 'mv /usr/bin/ssh.away /usr/bin/ssh')
    }
    for (const host of NODES) assert.equal(await sumOf(host, 'closed'), sum, host)
  })
})

/** Bytes that have left the laptop so far. */
async function sent(): Promise<number> {
  const script = 'cat /proc/net/dev'
  const { stdout } = await answerOf('nsenter', [
    `--net=${namespacePath(labPlaces().laptop)}`,
    'sh',
    '-c',
    script,
  ])
  const lines = stdout.split('\n').filter((line) => /^\s*(?!lo:)\S+:/.test(line))
  return lines.reduce((sum, line) => sum + Number(line.split(':')[1]!.trim().split(/\s+/)[8]), 0)
}
