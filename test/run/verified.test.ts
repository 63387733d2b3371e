import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import command from '../../tasks/command.ts'
import copy from '../../tasks/copy.ts'
import { program, run, step, useFolder, word } from './rig.ts'

describe('a large file that was put in place', () => {
  const folder = useFolder()
  const at = (name: string): string => `${folder.path}/${name}`
  const path = process.env.PATH
  beforeEach(() => {
    mkdirSync(at('bin'))
    const count = `#!/bin/sh\necho >>${at('hashed')}\nPATH=\${PATH#*:}; exec "\${0##*/}" "$@"\n`
    for (const name of ['openssl', 'sha256sum']) writeFileSync(at(`bin/${name}`), count, { mode: 0o755 })
    process.env.PATH = `${at('bin')}:${path}`
  })
  afterEach(() => {
    process.env.PATH = path
  })

  const hashed = (): number => (existsSync(at('hashed')) ? readFileSync(at('hashed')).length : 0)

  function placing() {
    const bytes = randomBytes(2 ** 23 + 1)
    writeFileSync(at('source'), bytes)
    return { bytes, put: (number: number) => step(number, copy, { src: at('source'), dest: at('dest') }) }
  }
  const after = (number: number, script: string) => step(number, command, { cmd: script })

  it('is read once to verify it, however often it is looked at', async () => {
    const { bytes, put } = placing()
    const steps = [put(1), after(2, 'true'), put(3)]
    const { steps: ends } = await run(program([{ steps, handlers: [] }]))
    assert.deepEqual(ends, ['one copy 1 changed', 'one command 2 changed', 'one copy 3 ok'])
    assert.ok(readFileSync(at('dest')).equals(bytes))
    assert.equal(hashed(), 1)
  })

  it('is read again once the connection was lost: the host may have been restarted', async () => {
    const { put } = placing()
    const lose = step(2, word, { file: at('lost'), word: 'x', script: `printf x >${at('lost')}; kill -9 $$` })
    const { steps: ends } = await run(program([{ steps: [put(1), lose, put(3)], handlers: [] }]))
    assert.deepEqual(ends, ['one copy 1 changed', 'one word 2 changed', 'one copy 3 ok'])
    assert.equal(hashed(), 2)
  })

  it('is read again once something was written to it, though its size and time are as before', async () => {
    const { bytes, put } = placing()
    const spoil = `touch -r ${at('dest')} ${at('time')} && printf spoiled | dd of=${at('dest')} conv=notrunc 2>&1`
    const steps = [put(1), after(2, `${spoil} && touch -r ${at('time')} ${at('dest')}`), put(3)]
    const { steps: ends } = await run(program([{ steps, handlers: [] }]))
    assert.deepEqual(ends, ['one copy 1 changed', 'one command 2 changed', 'one copy 3 changed'])
    assert.ok(readFileSync(at('dest')).equals(bytes))
    // To verify it, to look at it, to refuse it as its own source by both programs, and to verify it again.
    assert.equal(hashed(), 1 + 1 + 2 + 1)
  })
})
