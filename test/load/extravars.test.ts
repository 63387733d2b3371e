import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '../../src/core/errors.ts'
import { parseExtraVars, readExtraVars } from '../../src/load/extravars.ts'

describe('extra variables', () => {
  it('are text when written as name=value, but for whole numbers, true and false', async () => {
    const list = [
      'a=1',
      'b=x=y z',
      'c=',
      'd=true',
      'e=-20',
      'f=1.10',
      'g=007',
      'h=True',
      'i="12"',
      "j='false'",
    ]
    const text = { b: 'x=y z', c: '', f: '1.10', g: '007', h: 'True', i: '12', j: 'false' }
    assert.deepEqual(await parseExtraVars(list), { a: 1, d: true, e: -20, ...text })
  })
  it('are data when written as YAML or in a file; later ones win', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'vars-')), 'v.yaml')
    await writeFile(file, 'a: 1\nb: [2]\n')
    assert.deepEqual(await parseExtraVars([`@${file}`, '{a: 5, c: true}']), { a: 5, b: [2], c: true })
  })
  it('may be several in one, quoted or not; a value may hold blanks', async () => {
    const list = [`a=1 b='x y' c="z"`, 'd=good morning', `e={"k": 1}`, "f=it's"]
    const expected = { a: 1, b: 'x y', c: 'z', d: 'good morning', e: '{"k": 1}', f: "it's" }
    assert.deepEqual(await parseExtraVars(list), expected)
  })
  it('come from the environment, too, where they are weaker', async () => {
    const environment = { PROVISION_VAR_a: '1', PROVISION_VAR_b: '1', OTHER: 'x' }
    assert.deepEqual(await parseExtraVars(['a=2'], environment), { a: 2, b: 1 })
    await assert.rejects(parseExtraVars([], { PROVISION_VAR_hosts: 'x' }), /'hosts' is a reserved name/)
  })
  it('know where they are written', async () => {
    const layers = await readExtraVars(['a=1 b=2', '{c: 3}'], { PROVISION_VAR_d: '4' })
    const places = layers.flatMap((layer) =>
      Object.keys(layer.vars).map((name) => [
        name,
        layer.title,
        Object.values(layer.placeOf(name)).join(':'),
      ]),
    )
    assert.deepEqual(places, [
      ['d', 'in the environment', 'PROVISION_VAR_d:1:1'],
      ['a', 'on the command line', '-e #1:1:3'],
      ['b', 'on the command line', '-e #1:1:7'],
      ['c', 'on the command line', '-e #2:1:5'],
    ])
  })
  it('are refused all at once', async () => {
    const error = await parseExtraVars(['x', 'a-b=1', '@/nowhere', '{a', 'hosts=x', '{[1]: 2}']).catch(
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof UsageError, String(error))
    assert.equal(error.diagnostics.length, 6)
  })
})
