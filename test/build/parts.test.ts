import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The files whose modules are in a part of the built program. */
function modules(part: string): string[] {
  const text = readFileSync(fileURLToPath(new URL(`../../dist/${part}.cjs`, import.meta.url)), 'utf8')
  return [...text.matchAll(/"((?:src|tasks|node_modules)\/[^"()]+)"\(/g)].map(([, file]) => file!)
}

describe('the parts of the program', () => {
  const [every, few] = [modules('provision'), modules('rare')]
  const within = (files: string[], folder: string): string[] =>
    files.filter((file) => file.startsWith(folder))

  for (const library of ['age-encryption', '@noble', 'ajv/dist/compile', 'bcrypt-pbkdf', 'tweetnacl', 'zx']) {
    it(`${library} is in that of few runs only`, () => {
      const folder = `node_modules/${library}/`
      assert.deepEqual(within(every, folder), [])
      assert.notDeepEqual(within(few, folder), [])
    })
  }

  it('have nothing of ssh2 that nobody uses', () => {
    const unused = /\/(server|keygen|http-agents|SFTP|poly1305)\.js$/
    assert.notDeepEqual(within(every, 'node_modules/ssh2/'), [])
    assert.deepEqual(
      within([...every, ...few], 'node_modules/ssh2/').filter((file) => unused.test(file)),
      [],
    )
  })

  it('share their modules: none is in both', () => {
    assert.deepEqual(
      few.filter((file) => every.includes(file)),
      [],
    )
  })
})
