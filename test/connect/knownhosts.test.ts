import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprint, hostsMatch, keyType } from '../../src/base/knownhosts.ts'
import { KnownHosts, knownName } from '../../src/connect/knownhosts.ts'
import { parseSettings } from '../../src/connect/sshconfig.ts'
import { keyIn, temporary } from './rig.ts'
import { newKey } from './server.ts'

const blobOf = (line: string) => Buffer.from(line.split(' ')[1] ?? '', 'base64')

describe('known_hosts', () => {
  const directory = temporary()
  const [first, second, third] = [newKey().public, newKey().public, newKey().public]
  const write = (text: string): string => {
    const file = join(directory.path, 'known_hosts')
    writeFileSync(file, text)
    return file
  }

  it('finds the same lines as ssh-keygen -F, hashed ones too', function () {
    const file = write(
      `${[
        `rpi01,16.0.0.11 ${first}`,
        `[rpi02]:2222 ${first}`,
        `*.lan,!bad.lan ${second}`,
        `rpi0? ${third}`,
        `@revoked rpi09 ${second}`,
        `@cert-authority *.example ${third}`,
        `RPI05 ${first} a comment`,
        '# a comment',
      ].join('\n')}\n`,
    )
    if (spawnSync('ssh-keygen', ['-H', '-f', file]).error) return this.skip()
    assert.match(readFileSync(file, 'utf8'), /^\|1\|/m)
    appendFileSync(file, 'broken line\n')
    const known = new KnownHosts([file])
    const names = [
      'rpi01',
      '16.0.0.11',
      'rpi02',
      '[rpi02]:2222',
      'x.lan',
      'bad.lan',
      'rpi05',
      'rpi10',
      'a.example',
    ]
    for (const name of names) {
      const found = spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' }).stdout
      const oracle = new Set(
        [...found.matchAll(/found: line \d+ *(REVOKED|CA)?$/gm)].filter((match) => !match[1]).length
          ? ['ssh-ed25519']
          : [],
      )
      assert.deepEqual(new Set(known.types(name)), oracle, name)
    }
  })

  it('tells known, unknown, changed and revoked keys apart', () => {
    const file = write(
      `a ${first}\na ${second}\n@revoked * ${third}\n@cert-authority *.ca ${second}\n[p]:22 ${first}\np ${first}\n`,
    )
    const known = new KnownHosts([file, join(directory.path, 'absent')])
    const state = (name: string, key: string) => known.check(name, blobOf(key)).state
    assert.deepEqual(
      [
        state('a', first),
        state('a', second),
        state('b', first),
        state('b', third),
        state('a', newKey().public),
      ],
      ['known', 'known', 'unknown', 'revoked', 'changed'],
    )
    assert.equal(state('[p]:2222', first), 'known')
    assert.equal(state('[p]:2222', second), 'unknown')
    const vouched = known.check('x.ca', blobOf(first))
    assert.equal(vouched.state === 'unknown' && vouched.authority?.line, 4)
  })

  it('appends to a file that does not end with a newline, and knows the key from then on', () => {
    const file = write(`a ${first}`)
    const known = new KnownHosts([file])
    known.add('b', blobOf(second))
    assert.equal(known.check('b', blobOf(second)).state, 'known')
    assert.equal(new KnownHosts([file]).check('a', blobOf(first)).state, 'known')
    assert.equal(new KnownHosts([file]).check('b', blobOf(second)).state, 'known')
  })

  it('prints fingerprints as ssh-keygen does', function () {
    const key = keyIn(directory.path)
    const { error, stdout } = spawnSync('ssh-keygen', ['-l', '-f', `${key.path}.pub`], { encoding: 'utf8' })
    if (error) return this.skip()
    assert.ok(stdout.includes(fingerprint(blobOf(key.public))))
    assert.equal(keyType(blobOf(key.public)), 'ssh-ed25519')
  })

  it('names hosts as the client does', () => {
    assert.deepEqual([knownName('RPI01', 22), knownName('::1', 2222)], ['rpi01', '[::1]:2222'])
    assert.equal(hostsMatch('a.b', 'axb'), false)
  })
})

describe("the user's SSH configuration", () => {
  it('is read from what ssh -G prints', () => {
    const settings = parseSettings(
      [
        'user ana',
        'hostname 10.0.0.1',
        'port 2222',
        'identityfile ~/.ssh/a key',
        'identityfile ~/.ssh/b',
        'identityagent none',
        'identitiesonly yes',
        'proxyjump cloud',
        'proxycommand none',
      ].join('\n'),
    )
    assert.deepEqual(settings, {
      hostname: '10.0.0.1',
      user: 'ana',
      port: 2222,
      identityFiles: ['~/.ssh/a key', '~/.ssh/b'],
      identityAgent: 'none',
      identitiesOnly: true,
      proxyJump: 'cloud',
      proxyCommand: undefined,
      hostKeyAlias: undefined,
    })
  })
})
