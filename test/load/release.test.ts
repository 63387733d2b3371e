import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { LocalFile } from '../../src/core/task.ts'
import { givenRelease, present, publishedReleases, releaseSource } from '../../src/load/file/release.ts'

const VERSION = 'v1.25.4+k3s1'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

describe('releases of k3s', () => {
  let cache: string
  let asked: string[]
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'provision-release-'))
    asked = []
  })
  afterEach(() => rmSync(cache, { recursive: true }))

  const fetch = (address: string, path: string) => {
    asked.push(address)
    mkdirSync(dirname(path), { recursive: true })
    const names = ['k3s-airgap-images-arm64.tar', 'k3s', 'k3s-arm64', 'k3s-armhf']
    writeFileSync(path, names.map((name) => `${sha256(name)}  ${name}\n`).join(''))
  }

  it('are described by their checksums alone, fetched once', () => {
    const { binaries, problem } = publishedReleases(cache, fetch).release(VERSION)
    const base = 'https://github.com/k3s-io/k3s/releases/download/v1.25.4%2Bk3s1'
    assert.equal(problem, undefined)
    assert.deepEqual(binaries.armhf, {
      path: join(cache, VERSION, 'k3s-armhf'),
      size: 0,
      sha256: sha256('k3s-armhf'),
      text: null,
      origin: `${base}/k3s-armhf`,
    })
    assert.equal(binaries.amd64?.sha256, sha256('k3s'))
    assert.deepEqual(
      asked,
      ['amd64', 'arm64', 'arm'].map((arch) => `${base}/sha256sum-${arch}.txt`),
    )
    publishedReleases(cache, fetch).release(VERSION)
    assert.equal(asked.length, 3)
  })

  it('say why they can not be had, without asking again and again', () => {
    const refuse = (address: string): never => {
      asked.push(address)
      throw new Error(`${address} can't be fetched: no network`)
    }
    const source = publishedReleases(cache, refuse)
    source.release(VERSION)
    const { binaries, problem } = source.release(VERSION)
    assert.deepEqual(binaries, {})
    assert.match(problem ?? '', /sha256sum-amd64\.txt can't be fetched: no network/)
    assert.equal(asked.length, 1)
  })

  it('do not keep a list of checksums that is none', () => {
    const html = (_: string, path: string) => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, '<html>log in first</html>')
    }
    assert.match(publishedReleases(cache, html).release(VERSION).problem ?? '', /holds no checksum of k3s/)
    assert.deepEqual(readdirSync(join(cache, VERSION)), [])
  })

  it('may be one given file', () => {
    const path = join(cache, 'my k3s')
    writeFileSync(path, 'binary')
    const { binaries } = releaseSource({ PROVISION_K3S: path }).release(VERSION)
    assert.deepEqual(binaries.arm64, { path, size: 6, sha256: sha256('binary'), text: null })
    assert.match(
      givenRelease(join(cache, 'none')).release(VERSION).problem ?? '',
      /none can't be read: ENOENT/,
    )
  })

  describe('when one is needed', () => {
    const wanted = (content: string): LocalFile => ({
      path: join(cache, 'v1', 'k3s'),
      size: 0,
      sha256: sha256(content),
      text: null,
      origin: 'https://example.invalid/k3s',
    })
    const deliver = (content: string) => async (address: string, path: string) => {
      asked.push(address)
      await Promise.resolve()
      writeFileSync(path, content)
    }

    it('fetch it once for all who ask, and tell its size', async () => {
      const both = await Promise.all([1, 2].map(() => present(wanted('binary'), deliver('binary'))))
      assert.deepEqual(
        both.map((file) => file.size),
        [6, 6],
      )
      assert.deepEqual(asked, ['https://example.invalid/k3s'])
      assert.equal(readFileSync(wanted('').path, 'utf8'), 'binary')
    })

    it('refuse what has another checksum, and leave nothing behind', async () => {
      await assert.rejects(present(wanted('binary2'), deliver('something else')), /has the checksum .*, not /)
      assert.equal(existsSync(wanted('').path), false)
      assert.deepEqual(readdirSync(dirname(wanted('').path)), [])
    })

    it('replace a copy in the cache that was damaged', async () => {
      mkdirSync(join(cache, 'v1'))
      writeFileSync(wanted('').path, 'damaged')
      assert.equal((await present(wanted('binary3'), deliver('binary3'))).size, 7)
      assert.deepEqual(readdirSync(join(cache, 'v1')), [basename(wanted('').path)])
    })

    it('take a file without an origin as it is', async () => {
      const file = { path: '/x', size: 1, sha256: '', text: null }
      assert.equal(await present(file), file)
    })
  })
})
