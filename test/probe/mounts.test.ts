import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fstabEntry, withEntry } from '../../src/probe/fstab.ts'
import { type MountFact, mountProbe, parseMount } from '../../src/probe/mounts.ts'
import { look } from './loop.ts'

describe('probe of mount points', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'provision mount-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  it('sees what is mounted', () => {
    const { mounted } = look<MountFact>(mountProbe('/proc'))
    assert.deepEqual([mounted?.path, mounted?.type, mounted?.root], ['/proc', 'proc', '/'])
  })

  it('knows an absent directory from an empty one', () => {
    assert.deepEqual(look(mountProbe(join(directory, 'x'))), { mounted: null, names: null })
    assert.deepEqual(look(mountProbe(directory)), { mounted: null, names: [] })
  })

  it('names what is in a directory, hidden things too, and not everything', () => {
    writeFileSync(join(directory, '.hidden'), '')
    assert.deepEqual(look(mountProbe(directory)), { mounted: null, names: ['.hidden'] })
    for (const name of ['a b', 'c', 'd', 'e']) mkdirSync(join(directory, name))
    assert.deepEqual(look<MountFact>(mountProbe(directory)).names, ['a b', 'c', 'd', 'e'])
  })

  it('reads blanks and missing optional fields', () => {
    const line = '43 27 7:0 / /mnt/a\\040b rw,noatime - ext4 /dev/loop0 rw'
    assert.deepEqual(parseMount(line), [
      {
        id: '7:0',
        root: '/',
        path: '/mnt/a b',
        options: ['rw', 'noatime'],
        type: 'ext4',
        source: '/dev/loop0',
      },
    ])
    assert.deepEqual(parseMount('no such line'), [])
  })

  it('takes the uppermost of two mounts at one path', () => {
    const line = (id: string) => `43 27 ${id} / /mnt/s rw shared:1 - ext4 /dev/x rw\n`
    const other = '44 27 8:9 / /mnt/s/below rw - ext4 /dev/y rw\n'
    const output = { code: 0, stdout: Buffer.from(line('8:1') + line('8:2') + other), stderr: '' }
    assert.equal(mountProbe('/mnt/s').parse(output).mounted?.id, '8:2')
  })
})

describe('fstab', () => {
  const entry = {
    source: 'UUID=1',
    path: '/mnt/storage',
    type: 'ext4',
    options: 'defaults,noatime',
    check: 2,
  }
  const line = 'UUID=1 /mnt/storage ext4 defaults,noatime 0 2\n'

  it('gets a new line at its end, also without a line end there', () => {
    assert.equal(withEntry('', entry), line)
    assert.equal(withEntry('proc /proc proc defaults 0 0', entry), `proc /proc proc defaults 0 0\n${line}`)
  })

  it('has the line of the same mount point replaced, and doubles removed', () => {
    const text =
      '# /mnt/storage\n/dev/sda1\t/mnt/storage\text4 defaults\nproc /proc proc\n/dev/sdb /mnt/storage xfs\n'
    assert.equal(withEntry(text, entry), `# /mnt/storage\n${line}proc /proc proc\n`)
  })

  it('is left alone where it says the same in another spelling', () => {
    const text = '  UUID=1\t/mnt/storage   ext4 noatime,defaults 0  2\n'
    assert.equal(withEntry(text, entry), text)
  })

  it('writes and reads blanks in paths', () => {
    const text = withEntry('', { ...entry, path: '/mnt/a b' })
    assert.match(text, /^UUID=1 \/mnt\/a\\040b /)
    assert.equal(fstabEntry(text, () => true)?.path, '/mnt/a b')
  })
})
