import assert from 'node:assert/strict'
import { kindNamed } from '../../src/lab/k3s/api/kinds.ts'
import { jsonPatch, mergePatch, strategicPatch } from '../../src/lab/k3s/api/patch.ts'

const schema = kindNamed('deployments.apps')!.schema
const containers = (...list: unknown[]) => ({ spec: { template: { spec: { containers: list } } } })

describe('patches of the simulated API', () => {
  it('merge patch: null deletes, lists are replaced', () => {
    assert.deepEqual(mergePatch({ a: 1, b: { c: 1, d: 2 }, e: [1] }, { a: null, b: { c: 3 }, e: [] }), {
      b: { c: 3, d: 2 },
      e: [],
    })
  })

  it('JSON patch: add, replace, remove, move, test, escaped names', () => {
    const target = { list: [1, 2], 'a/b': 1, x: { y: 1 } }
    const operations = [
      { op: 'add', path: '/list/-', value: 3 },
      { op: 'add', path: '/list/0', value: 0 },
      { op: 'replace', path: '/a~1b', value: 2 },
      { op: 'move', from: '/x/y', path: '/z' },
      { op: 'test', path: '/z', value: 1 },
      { op: 'remove', path: '/x' },
    ]
    assert.deepEqual(jsonPatch(target, operations), { list: [0, 1, 2, 3], 'a/b': 2, z: 1 })
    assert.deepEqual(target.list, [1, 2], 'the target itself is left alone')
  })

  it('JSON patch: what is missing or differs is an error', () => {
    assert.throws(() => jsonPatch({}, [{ op: 'remove', path: '/a' }]), /path \/a does not exist/)
    assert.throws(
      () => jsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }]),
      /testing value \/a failed/,
    )
  })

  it('strategic merge patch: containers are merged by name', () => {
    const target = containers({ name: 'a', image: '1', args: ['x'] }, { name: 'b', image: '1' })
    const patch = containers({ name: 'b', image: '2' }, { name: 'c', image: '3' })
    assert.deepEqual(
      strategicPatch(target, patch, schema),
      containers(
        { name: 'a', image: '1', args: ['x'] },
        { name: 'b', image: '2' },
        { name: 'c', image: '3' },
      ),
    )
  })

  it('strategic merge patch: $patch deletes an item, $setElementOrder sorts, $retainKeys clears', () => {
    const target = containers({ name: 'a' }, { name: 'b' }, { name: 'c' })
    const patch = {
      spec: {
        strategy: { $retainKeys: ['type'], type: 'Recreate' },
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }],
            containers: [{ name: 'b', $patch: 'delete' }],
          },
        },
      },
    }
    const before = { spec: { ...target.spec, strategy: { type: 'RollingUpdate', rollingUpdate: {} } } }
    assert.deepEqual(strategicPatch(before, patch, schema), {
      spec: { ...containers({ name: 'c' }, { name: 'a' }).spec, strategy: { type: 'Recreate' } },
    })
  })
})
