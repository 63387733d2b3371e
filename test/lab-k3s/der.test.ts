import assert from 'node:assert/strict'
import { integer } from '../../src/lab/k3s/crypto/der.ts'

describe('an integer of a certificate', () => {
  const encoded = (...bytes: number[]): number[] => [...integer(Buffer.from(bytes))]

  it('has no zeros in front, but for one that keeps it positive', () => {
    assert.deepEqual(encoded(0x12, 0x00), [2, 2, 0x12, 0x00])
    assert.deepEqual(encoded(0x00, 0x12), [2, 1, 0x12])
    assert.deepEqual(encoded(0x00, 0x80), [2, 2, 0x00, 0x80])
    assert.deepEqual(encoded(0xff), [2, 2, 0x00, 0xff])
    assert.deepEqual(encoded(0, 0), [2, 1, 0])
  })
})
