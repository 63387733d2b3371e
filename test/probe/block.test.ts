import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TaskError } from '../../src/core/errors.ts'
import { type BlockFact, blockProbe, type Disk } from '../../src/probe/block.ts'
import { look, type Loop, makeLoop, run } from './loop.ts'

const SIZE = 64 * 2 ** 20

/** A partition table of the old kind with one Linux partition. */
function bootRecord(): Buffer {
  const sector = Buffer.alloc(512)
  sector.writeUInt8(0x83, 446 + 4)
  sector.writeUInt32LE(2048, 446 + 8)
  sector.writeUInt32LE(20480, 446 + 12)
  sector.writeUInt16BE(0x55aa, 510)
  return sector
}

describe('probe of block devices', () => {
  it('says so when there is none', () => assert.equal(look<BlockFact>(blockProbe('/dev/no such disk')), null))

  it('refuses what is no block device', () => {
    assert.throws(() => look(blockProbe('/dev/null')), TaskError)
  })

  it('raises what it could not see', () => {
    const output = {
      code: 0,
      stdout: Buffer.from('id 8:0\nmounts\nblkid\ncode 126\n'),
      stderr: 'Permission denied',
    }
    assert.throws(() => blockProbe('/dev/sda').parse(output), /can't look at \/dev\/sda: Permission denied/)
  })

  it('shows the traces of a disk that blkid finds ambiguous', () => {
    const lines = [
      'id 8:0',
      'sectors 2048',
      'mounts',
      'blkid',
      'code 8',
      'nonzero 12',
      'traces',
      'sda 0x438 ext4',
      '',
    ]
    const fact = blockProbe('/dev/sda').parse({ code: 0, stdout: Buffer.from(lines.join('\n')), stderr: '' })
    assert.deepEqual([fact?.signature, fact?.traces, fact?.nonzero], [{}, 'sda 0x438 ext4', true])
  })

  describe('on a real one', () => {
    let loop: Loop
    const disk = () => {
      const fact = look<BlockFact>(blockProbe(loop.device))
      assert.ok(fact)
      return fact as Disk
    }
    const doIt = (script: string) => assert.equal(run(script).code, 0, script)

    beforeEach(function () {
      const made = makeLoop(SIZE)
      if (made === undefined) return this.skip()
      loop = made
    })
    afterEach(() => loop?.free())

    it('sees that it is blank', () => {
      const { id, ...rest } = disk()
      assert.match(id, /^7:\d+$/)
      const blank = {
        signature: {},
        traces: '',
        nonzero: false,
        partitions: [],
        mounts: [],
        swap: false,
        holders: [],
      }
      assert.deepEqual(rest, { size: SIZE, wwid: '', ...blank })
    })

    for (const [where, offset] of Object.entries({ first: 1000, last: SIZE - 5 })) {
      it(`sees a byte in the ${where} MiB`, () => {
        doIt(`printf x | dd of=${loop.device} bs=1 seek=${offset} conv=notrunc 2>/dev/null && sync`)
        assert.equal(disk().nonzero, true)
      })
    }

    it('sees what is left of a disk of which only the beginning was erased', () => {
      const large = makeLoop(4 * 2 ** 30)
      assert.ok(large)
      const nonzero = () => (look<BlockFact>(blockProbe(large.device)) as Disk).nonzero
      try {
        assert.equal(nonzero(), false)
        doIt(`mkfs.ext4 -q -F -E offset=1048576 ${large.device} 512m 2>/dev/null`)
        doIt(`dd if=/dev/zero of=${large.device} bs=1M count=1 conv=notrunc 2>/dev/null && sync`)
        assert.equal(nonzero(), true)
        doIt(`dd if=/dev/zero of=${large.device} bs=1M count=1024 conv=notrunc 2>/dev/null && sync`)
        assert.equal(nonzero(), false)
        doIt(`printf x | dd of=${large.device} bs=1M seek=2048 conv=notrunc 2>/dev/null && sync`)
        assert.equal(nonzero(), true)
      } finally {
        large.free()
      }
    })

    it('reads a filesystem, and where it is mounted', () => {
      const path = join(loop.directory, 'a b')
      mkdirSync(path)
      doIt(`mkfs.ext4 -q -L storage-x -U 8a0c39f1-5e6c-4b1e-9d2a-0f1e2d3c4b5a ${loop.device}`)
      doIt(`mount -o noatime ${loop.device} '${path}'`)
      try {
        const { signature, mounts, id, nonzero } = disk()
        const uuid = '8a0c39f1-5e6c-4b1e-9d2a-0f1e2d3c4b5a'
        assert.deepEqual(signature, { TYPE: 'ext4', UUID: uuid, LABEL: 'storage-x', USAGE: 'filesystem' })
        assert.equal(nonzero, false)
        assert.deepEqual(
          mounts.map((one) => [one.id, one.path, one.root, one.type, one.options.includes('noatime')]),
          [[id, path, '/', 'ext4', true]],
        )
      } finally {
        doIt(`umount '${path}'`)
      }
    })

    it('sees a partition table without a filesystem', () => {
      writeFileSync(loop.device, bootRecord())
      const { signature } = disk()
      assert.equal(signature.PTTYPE, 'dos')
      assert.equal(signature.TYPE, undefined)
    })

    it('sees swap', () => {
      doIt(`mkswap ${loop.device} >/dev/null`)
      assert.equal(disk().signature.TYPE, 'swap')
    })
  })
})
