import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { TaskError } from '../../src/core/errors.ts'
import { rekey } from '../../src/probe/knownhost.ts'
import known_host from '../../tasks/known_host.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtQbmPNcXyo7mPlP1mXy0dSjcG4jK4D6r0cRkS0yXvT'
const OLD = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtQbmPNcXyo7mPlP1mXy0dSjcG4jK4D6r0cRkS0yXvA'
const NAMES = ['rpi14', '16.0.0.24']
const args = { path: '/home/pi/.ssh/known_hosts', names: NAMES, key: KEY }

testTask(known_host, [
  {
    it: 'leaves a file alone that knows the key',
    args,
    facts: { file: seen({ text: `rpi14 ${KEY}\n` }) },
    changes: [],
  },
  {
    it: 'leaves a file alone that does not know the host',
    args,
    facts: { file: seen({ text: `rpi13 ${OLD}\n` }) },
    changes: [],
  },
  { it: 'makes no file', args, facts: { file: null }, changes: [] },
  {
    it: 'replaces another key and shows both fingerprints',
    args,
    facts: { file: seen({ text: `rpi13 ${OLD}\nrpi14 ${OLD}\n` }) },
    changes: [
      {
        diff: {
          title: args.path,
          before: `rpi13 ${OLD}\nrpi14 ${OLD}\n`,
          after: `rpi13 ${OLD}\nrpi14,16.0.0.24 ${KEY}\n`,
        },
      },
    ],
  },
  {
    it: 'touches no line that is for other hosts by a pattern',
    args,
    facts: { file: seen({ text: `rpi1? ${OLD}\n` }) },
    refuses: /known_hosts:1 is for rpi1\?, and so for other hosts/,
  },
])

testArguments(known_host, {
  'a pattern as a name': { ...args, names: ['rpi*'] },
  'no key': { ...args, key: 'abc' },
})

describe('the key of a host that was installed anew', () => {
  const hashed = (name: string): string => {
    const salt = Buffer.from('01234567890123456789')
    return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
  }

  it('takes the place of hashed lines, and of keys of other types', () => {
    const text = `# mine\n${hashed('rpi14')} ${OLD}\n${hashed('rpi13')} ${OLD}\n16.0.0.24 ssh-rsa AAAAB3NzaC1yc2E=\n`
    const after = rekey(text, NAMES, KEY, 'known_hosts')
    assert.equal(after.text, `# mine\n${hashed('rpi13')} ${OLD}\nrpi14,16.0.0.24 ${KEY}\n`)
    assert.deepEqual(
      after.replaced.map(({ line }) => line),
      [2, 4],
    )
  })

  it('leaves other hosts of a line theirs', () => {
    const { text } = rekey(`rpi14,other ${OLD}\n`, NAMES, KEY, 'known_hosts')
    assert.equal(text, `other ${OLD}\nrpi14,16.0.0.24 ${KEY}\n`)
  })

  it('is not written where a revoked line is all there is', () => {
    assert.equal(rekey(`@revoked rpi14 ${OLD}\n`, NAMES, KEY, 'known_hosts').replaced.length, 0)
    assert.throws(() => rekey(`* ${OLD}\n`, NAMES, KEY, 'known_hosts'), TaskError)
  })
})
