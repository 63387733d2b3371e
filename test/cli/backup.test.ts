import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { chooseBackup } from '../../src/cli/backup/choose.ts'
import { MANIFEST, type Manifest, manifestText } from '../../src/cli/backup/manifest.ts'
import { ageText } from '../../src/cli/backup/report.ts'
import { measureSealed, seal, unseal } from '../../src/cli/backup/sealed.ts'
import { listBackups } from '../../src/cli/backup/store.ts'
import { verifyBackup } from '../../src/cli/backup/verify.ts'
import { type RebuildFlags, refuseForeignFlags, type TargetKind } from '../../src/cli/rebuild/target.ts'
import { newIdentity, recipientOf } from '../../src/load/secret/secretage.ts'

const manifest: Manifest = {
  format: 1,
  taken: '2026-11-30T17:19:08.123Z',
  lab: '',
  server: 'rpi01',
  access: 'rpicloud',
  cluster: 'c',
  k3s_version: 'v1.25.4+k3s1',
  nodes: ['rpi01'],
  images: [],
  recipients: [],
  parts: [],
}

describe('backups on this machine', () => {
  let folder: string
  let identity: string
  let recipient: string
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'provision-backup-'))
    identity = await newIdentity()
    recipient = await recipientOf(identity)
  })
  after(() => rmSync(folder, { recursive: true }))

  const content = randomBytes(1_000_000)
  const sealedFile = async (name: string) => {
    const file = path.join(folder, name)
    return {
      file,
      ...(await seal(Readable.from([content.subarray(0, 7), content.subarray(7)]), file, [recipient])),
    }
  }

  function write(name: string, over: Partial<Manifest>, spoil = (text: string) => text): string {
    const at = path.join(folder, 'all', name)
    mkdirSync(at, { recursive: true })
    writeFileSync(path.join(at, MANIFEST), spoil(manifestText({ ...manifest, ...over })))
    return at
  }

  it('are encrypted piece by piece, and open to the same bytes', async () => {
    const { file, plain, sealed } = await sealedFile('whole.age')
    assert.equal(plain.size, content.length)
    assert(!readFileSync(file).includes(content.subarray(500, 600)))
    assert.deepEqual(await measureSealed(file, [identity]), { plain, sealed })
    assert.deepEqual(await measureSealed(file, undefined), { sealed })
    assert(Buffer.concat(await (await unseal(file, [identity])).toArray()).equals(content))
  })

  it('whose source ends with an error are not written as if they were whole', async () => {
    const broken = Readable.from(
      (function* () {
        yield content
        throw new Error('the connection broke')
      })(),
    )
    await assert.rejects(seal(broken, path.join(folder, 'broken.age'), [recipient]), /the connection broke/)
  })

  it('that were cut off, changed, or opened with another key are told apart from whole ones', async () => {
    const { file, plain, sealed } = await sealedFile('part.age')
    const part = {
      name: 'server' as const,
      host: 'rpi01',
      file: 'part.age',
      ...plain,
      sealed,
      fingerprint: '',
    }
    const backup = { name: 'rpi01-x', folder, manifest: { ...manifest, parts: [part] } }
    await verifyBackup(backup, [identity])
    await verifyBackup(backup, undefined)
    const bytes = readFileSync(file)
    for (const spoilt of [
      bytes.subarray(0, 500_000),
      Buffer.concat([
        bytes.subarray(0, 600_000),
        Buffer.from([bytes[600_000]! ^ 1]),
        bytes.subarray(600_001),
      ]),
      Buffer.concat([bytes, Buffer.from('more')]),
      Buffer.alloc(0),
    ]) {
      writeFileSync(file, spoilt)
      for (const keys of [[identity], undefined])
        await assert.rejects(
          verifyBackup(backup, keys),
          /the backup rpi01-x is damaged: .*part\.age is not as it was/,
        )
    }
    writeFileSync(file, bytes)
    await assert.rejects(verifyBackup(backup, [await newIdentity()]), /opens with another key than it says/)
  })

  it('are listed from the newest on, what is damaged beside them, what is unfinished not at all', async () => {
    write('rpi01-2026-11-29T000000Z', { taken: '2026-11-29T00:00:00Z' })
    write('rpi01-2026-11-30T171908Z', {})
    write('rpi09-2026-12-01T000000Z', { taken: '2026-12-01T00:00:00Z', server: 'rpi09' })
    write('rpi01-2026-12-02T000000Z', { taken: '2026-12-02T00:00:00Z' }, (text) =>
      text.replace('rpi01', 'rpi02'),
    )
    write('.rpi01-2026-12-03T000000Z.partial', {})
    const { backups, damaged } = await listBackups(path.join(folder, 'all'))
    assert.deepEqual(
      backups.map(({ name }) => name),
      ['rpi09-2026-12-01T000000Z', 'rpi01-2026-11-30T171908Z', 'rpi01-2026-11-29T000000Z'],
    )
    assert.match(damaged.join(), /rpi01-2026-12-02T000000Z is damaged: its manifest.json was changed/)
  })

  it('are chosen by server, by name or by folder; those of a lab are not for real hosts', async () => {
    const all = path.join(folder, 'all')
    write('rpi01-2026-12-04T000000Z', { taken: '2026-12-04T00:00:00Z', lab: 'mine' })
    assert.equal((await chooseBackup('rpi01', { from: all }))?.name, 'rpi01-2026-11-30T171908Z')
    const older = path.join(all, 'rpi01-2026-11-29T000000Z')
    assert.equal((await chooseBackup('rpi01', { from: older }))?.name, 'rpi01-2026-11-29T000000Z')
    assert.equal(await chooseBackup('rpi05', { from: all }), undefined)
    await assert.rejects(chooseBackup('rpi05', { from: older }), /of the server rpi01, not of rpi05/)
    const rehearsed = path.join(all, 'rpi01-2026-12-04T000000Z')
    await assert.rejects(chooseBackup('rpi01', { from: rehearsed }), /is of the lab 'mine'/)
    await assert.rejects(chooseBackup('rpi01', { from: path.join(all, 'no') }), /there is no backup in .*no/)
  })

  it('tell their age in the largest unit that says something', () => {
    const now = Date.parse(manifest.taken)
    const after = (minutes: number) => ageText(manifest, now + minutes * 60_000)
    assert.deepEqual([1, 2, 119, 120, 2879, 2880].map(after), [
      'a moment ago',
      '2 minutes ago',
      '119 minutes ago',
      '2 hours ago',
      '47 hours ago',
      '2 days ago',
    ])
  })
})

describe('the words of rebuild', () => {
  const flags = { inventory: 'inventory.yaml', data: 'keep' as const }
  const said = (kind: TargetKind, over: Partial<RebuildFlags>) => () =>
    refuseForeignFlags('rpi01', kind, { ...flags, ...over })

  it('are refused where they would say nothing', () => {
    assert.throws(said('agent', { from: 'x' }), /--from says nothing about rpi01/)
    assert.throws(said('server', { data: 'lost' }), /--data lost says nothing about rpi01/)
    assert.throws(said('access', { poweredOff: true }), /--powered-off says nothing about rpi01/)
    said('agent', { data: 'lost', acceptDataLoss: true, poweredOff: true })()
    said('server', { from: 'x' })()
  })
})
