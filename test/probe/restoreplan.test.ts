import assert from 'node:assert/strict'
import type { Disk } from '../../src/probe/block.ts'
import { type BackupView, judgeRestore, type ServerSeen } from '../../src/probe/restoreplan.ts'
import type { ServerMachine } from '../../src/probe/servermachine.ts'

const wish = { host: 'rpi01', address: '16.0.0.11', device: '/dev/sda', size: '1TB', mount: '/mnt/storage' }
const backup: BackupView = {
  name: 'rpi01-2026-11-30T171908Z',
  age: '3 hours ago',
  taken: '2026-11-30T17:19:08.123Z',
  k3s_version: 'v1.25.4+k3s1',
  nodes: ['rpi01', 'rpi02'],
  images: [],
}
const fresh: ServerMachine = {
  machine_id: 'a1',
  hostname: 'rpi01',
  well: false,
  datastore: false,
  restored: '',
  agent: false,
  mounted: false,
}
const ssd: Disk = {
  id: '8:0',
  size: 1e12,
  wwid: '',
  signature: { TYPE: 'ext4', LABEL: 'storage-rpi01' },
  traces: '',
  nonzero: false,
  partitions: [],
  mounts: [],
  swap: false,
  holders: [],
}
const seen = (machine: Partial<ServerMachine>, block: ServerSeen['block'] = ssd): ServerSeen => ({
  machine: { ...fresh, ...machine },
  block,
})
const refusals = (...args: Parameters<typeof judgeRestore>) =>
  judgeRestore(...args).refusals.map(({ message }) => message)

describe('the judgement of a server to be restored', () => {
  it('says what a fresh machine gets, what is kept, and what is lost since when', () => {
    const verdict = judgeRestore(seen({}), backup, wish)
    assert.deepEqual([verdict.healthy, verdict.refusals], [false, []])
    assert.match(verdict.steps.join('\n'), /rpi01-2026-11-30T171908Z in place\nstart k3s v1\.25\.4\+k3s1/)
    assert.match(verdict.lost.join('\n'), /since 2026-11-30 17:19 UTC \(3 hours ago\)/)
    assert.match(
      verdict.found[0]!,
      /fresh, without a datastore; \/dev\/sda carries ext4 labelled storage-rpi01/,
    )
  })

  it('finds nothing to do where the server is well, with or without a backup', () => {
    const well = { well: true, datastore: true, mounted: true }
    assert.equal(judgeRestore(seen(well), undefined, wish).healthy, true)
    assert.equal(judgeRestore(seen({ ...well, mounted: false }), backup, wish).healthy, false)
    assert.equal(judgeRestore(seen({ ...well, restored: backup.name }), backup, wish).healthy, false)
  })

  it('goes on with a restore that has begun, and with no other', () => {
    const begun = seen({ datastore: true, restored: backup.name })
    assert.deepEqual(refusals(begun, backup, wish), [])
    assert.deepEqual(
      refusals(seen({ datastore: true, restored: 'rpi01-2026-01-01T000000Z' }), backup, wish),
      ['a restore from rpi01-2026-01-01T000000Z has begun on rpi01'],
    )
  })

  it('never puts a backup over a datastore, on an agent, or without one', () => {
    assert.match(
      refusals(seen({ datastore: true }), backup, wish).join(),
      /^rpi01 has a datastore, newer than any/,
    )
    assert.match(
      refusals(seen({ agent: true }), backup, wish).join(),
      /^the machine at 16.0.0.11 runs k3s as an agent/,
    )
    assert.match(
      refusals(seen({}), undefined, wish).join(),
      /^rpi01 is the k3s server: .* there is no backup/,
    )
  })

  it('wants the SSD of this host, and formats none', () => {
    assert.match(refusals(seen({}, null), backup, wish).join(), /^rpi01 has no \/dev\/sda/)
    assert.match(refusals(seen({}, { ...ssd, signature: {} }), backup, wish).join(), /is blank/)
    const other = { ...ssd, signature: { TYPE: 'ext4', LABEL: 'storage-rpi02' } }
    assert.match(refusals(seen({}, other), backup, wish).join(), /labelled storage-rpi02 .* never formatted/)
    assert.deepEqual(refusals(seen({}, null), backup, { ...wish, device: '', mount: '' }), [])
  })

  it('refuses nothing of a machine that nobody has seen', () => {
    const verdict = judgeRestore(null, backup, wish)
    assert.deepEqual(
      [verdict.healthy, verdict.refusals, verdict.found[0]],
      [false, [], 'machine    not looked at'],
    )
  })
})
