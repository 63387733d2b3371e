import assert from 'node:assert/strict'
import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { connect } from 'node:net'
import ssh2 from 'ssh2'
import { exchangePlainKeys, type KeyExchange } from '../../src/connect/keyexchange.ts'
import { takeShortcuts } from '../../src/connect/shortcuts.ts'
import { newKey, startServer, type TestServer } from './server.ts'

/** What comes before the 32 bytes of a key in its document. */
const HEAD = Buffer.from('302a300506032b656e032100', 'hex')

function exchange(): KeyExchange {
  const made: KeyExchange = {
    _keys: null,
    generateKeys: () => (made._keys ??= generateKeyPairSync('x25519')),
  }
  exchangePlainKeys(made)
  return made
}

describe('an exchange of plain keys', () => {
  it('gives both sides what OpenSSL makes of the documents, as positive numbers', () => {
    for (let round = 0; round < 1000; round++) {
      const [one, other] = [exchange(), exchange()]
      const theirs = other.getPublicKey!()
      const key = createPublicKey({ key: Buffer.concat([HEAD, theirs]), format: 'der', type: 'spki' })
      one.generateKeys!()
      const shared = diffieHellman({ privateKey: one._keys!.privateKey, publicKey: key })
      const secret = one.computeSecret!(theirs) as Buffer
      assert.deepEqual(other.computeSecret!(one.getPublicKey!()), secret)
      assert.equal(BigInt(`0x${secret.toString('hex')}`), BigInt(`0x${shared.toString('hex')}`))
      assert.ok(secret[0]! < 0x80 && (secret[0] !== 0 || secret[1]! >= 0x80))
    }
  })

  it('refuses what is no key, and one that gives the secret away', () => {
    for (const theirs of [Buffer.alloc(31, 1), Buffer.alloc(0), Buffer.alloc(32)])
      assert.ok(exchange().computeSecret!(theirs) instanceof Error)
  })

  it('leaves other exchanges alone', () => {
    const other = { generateKeys() {} }
    exchangePlainKeys(other)
    assert.deepEqual(Object.keys(other), ['generateKeys'])
  })
})

describe('the exchange of a login', () => {
  let server: TestServer
  const user = newKey()
  before(async () => (server = await startServer({ allow: [user.public] })))
  after(() => server.close())

  it('is of plain keys', async () => {
    const client = new ssh2.Client()
    await new Promise<void>((resolve, reject) => {
      client.once('ready', resolve).once('error', reject)
      client.connect({ sock: connect(server.port, '127.0.0.1'), username: 'pi', privateKey: user.private })
      takeShortcuts(client)
    })
    const { _protocol: protocol } = client as unknown as { _protocol: { _kex: KeyExchange } }
    assert.ok(Object.hasOwn(protocol._kex, 'computeSecret'))
    client.end()
  })
})
