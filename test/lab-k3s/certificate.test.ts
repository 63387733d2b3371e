import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { makeAuthority, makeLeaf } from '../../src/lab/k3s/crypto/certificate.ts'

describe('certificates of the simulated k3s', () => {
  const name = 'k3s-server-ca@1'
  const pair = makeAuthority(name)
  const authority = new X509Certificate(pair.certificate)

  it('an authority signs itself and may sign others', () => {
    assert.equal(authority.ca, true)
    assert.equal(authority.verify(authority.publicKey), true)
  })

  it('a server certificate holds for its names and addresses and for no others', () => {
    const order = {
      subject: { name: 'k3s', group: 'k3s' },
      use: 'server',
      names: ['rpi01', '16.0.0.11'],
    } as const
    const leaf = makeLeaf({ ...pair, subject: { name } }, { ...order, names: [...order.names] })
    const certificate = new X509Certificate(leaf.certificate)
    assert.equal(certificate.verify(authority.publicKey), true)
    assert.equal(certificate.checkIssued(authority), true)
    assert.equal(certificate.checkHost('rpi01'), 'rpi01')
    assert.equal(certificate.checkIP('16.0.0.11'), '16.0.0.11')
    assert.equal(certificate.checkIP('16.0.0.12'), undefined)
    assert.equal(certificate.ca, false)
  })

  it('a client certificate carries the user and its group', () => {
    const subject = { name: 'system:admin', group: 'system:masters' }
    const leaf = makeLeaf({ ...pair, subject: { name } }, { subject, use: 'client' })
    assert.equal(new X509Certificate(leaf.certificate).subject, 'O=system:masters\nCN=system:admin')
  })
})
