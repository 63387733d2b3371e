import path from 'node:path'
import type { Plugin } from 'esbuild'

/** Parts of ssh2 that the program has no use for: what they load and their own text would be in memory on every run. */
const UNUSED = ['http-agents.js', 'server.js', 'keygen.js', 'SFTP.js']

/**
 * ssh2 readies a WebAssembly module for one part of one cipher before the first connection; its 16 MB of address space
 * make V8 collect garbage early. tweetnacl can do it too, and is in the bundle for keys with a passphrase.
 */
const POLY1305 = `
const output = new Uint8Array(16)
function authenticate(_place, length, lengthSize, payload, payloadSize, key) {
  const packet = new Uint8Array(lengthSize + payloadSize)
  packet.set(length.subarray(0, lengthSize))
  packet.set(payload.subarray(0, payloadSize), lengthSize)
  require('tweetnacl').lowlevel.crypto_onetimeauth(output, 0, packet, 0, packet.length, key)
}
module.exports = async () => ({ HEAPU8: output, _malloc: () => 0, cwrap: () => authenticate })
`

/** Needed for keys with a passphrase only. */
const BCRYPT = `exports.pbkdf = (...words) => require('bcrypt-pbkdf/index.js').pbkdf(...words)`

/** The reader of keys uses no more of it, and Node's takes longer to load than a key to read. */
const ASSERT = `exports.ok = (value) => {
  if (!value) throw new TypeError('malformed ASN.1')
}
exports.equal = (one, other) => exports.ok(one === other)`

/** What of ssh2 goes into the bundle. */
export const leanSsh2: Plugin = {
  name: 'lean-ssh2',
  setup(building) {
    const namespace = 'lean-ssh2'
    const contents = new Map([
      ['crypto/poly1305.js', POLY1305],
      ['bcrypt-pbkdf', BCRYPT],
      ['assert', ASSERT],
      ...UNUSED.map((name): [string, string] => [name, 'module.exports = {}']),
    ])
    building.onResolve(
      { filter: /^\.\.?\/|^(bcrypt-pbkdf|assert)$/ },
      ({ path: name, importer, resolveDir }) => {
        if (!/\/node_modules\/(ssh2|asn1)\//.test(importer)) return undefined
        const known = [...contents.keys()].find((one) => name === one || name.endsWith(`/${one}`))
        return known === undefined ? undefined : { path: known, namespace, pluginData: resolveDir }
      },
    )
    building.onLoad({ filter: /.*/, namespace }, ({ path: name, pluginData }) => ({
      contents: contents.get(name),
      resolveDir: pluginData as string,
    }))
    // Natively compiled parts are tried first; without them it is as fast for us, and each failed try would cost start-up.
    building.onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path: name }) => ({
      path: path.basename(name),
      namespace: 'absent',
    }))
    building.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: 'throw new Error("not bundled")',
    }))
  },
}
