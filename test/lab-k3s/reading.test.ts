import assert from 'node:assert/strict'
import { parseImage } from '../../src/lab/k3s/agent/images.ts'
import { ageOf } from '../../src/lab/k3s/api/columns.ts'
import { kindNamed } from '../../src/lab/k3s/api/kinds.ts'
import { decodeProtobuf, isProtobuf } from '../../src/lab/k3s/api/protobuf.ts'
import { amount } from '../../src/lab/k3s/api/quantity.ts'
import { findMistakes } from '../../src/lab/k3s/api/schema.ts'
import { fieldMatch, labelMatch } from '../../src/lab/k3s/api/selectors.ts'
import { parseTarget } from '../../src/lab/k3s/api/target.ts'

const labelled = (labels: Record<string, string>) => ({ metadata: { name: 'x', labels } }) as never

describe('what the simulated k3s reads', () => {
  const selections: [string, Record<string, string>, boolean][] = [
    ['app=web', { app: 'web' }, true],
    ['app==web,tier!=db', { app: 'web' }, true],
    ['app in (a, b),x', { app: 'b', x: '' }, true],
    ['app notin (a,b)', { app: 'b' }, false],
    ['!old', { old: '1' }, false],
    ['', {}, true],
  ]
  for (const [selector, labels, expected] of selections) {
    it(`selector '${selector}' against ${JSON.stringify(labels)}`, () =>
      assert.equal(labelMatch(selector)(labelled(labels)), expected))
  }

  it('field selectors look anywhere in the object', () => {
    const pod = { metadata: { name: 'p' }, spec: { nodeName: 'rpi01' } } as never
    assert.equal(fieldMatch('spec.nodeName=rpi01,metadata.name!=q')(pod), true)
    assert.equal(fieldMatch('spec.nodeName=rpi02')(pod), false)
  })

  it('quantities', () => {
    assert.deepEqual(['128Gi', '250m', '1', '1e3', '2k'].map(amount), [128 * 2 ** 30, 0.25, 1, 1000, 2000])
    assert.ok(Number.isNaN(amount('many')))
  })

  it('paths of the API', () => {
    const { kind, ...rest } = parseTarget('/apis/apps/v1/namespaces/n/statefulsets/s/scale')
    assert.equal(kind.kind, 'StatefulSet')
    assert.deepEqual(rest, { namespace: 'n', name: 's', subresource: 'scale' })
    assert.equal(parseTarget('/api/v1/namespaces/n').kind.kind, 'Namespace')
    assert.equal(parseTarget('/api/v1/namespaces/n/status').subresource, 'status')
    assert.throws(() => parseTarget('/apis/nothing/v1/things'), /could not find the requested resource/)
  })

  it('image names', () => {
    const read = (image: string) => Object.values(parseImage(image)).join(' ')
    assert.equal(read('cassandra:4'), 'docker.io library/cassandra 4')
    assert.equal(read('rancher/x'), 'docker.io rancher/x latest')
    assert.equal(read('127.0.0.1:5000/ycsb-benchmark'), '127.0.0.1:5000 ycsb-benchmark latest')
    assert.equal(read('registry.local:5000/a/b:1'), 'registry.local:5000 a/b 1')
  })

  it('ages as kubectl writes them', () => {
    const ago = (seconds: number) => ageOf(new Date(Date.now() - seconds * 1000).toISOString())
    assert.deepEqual([45, 200, 4200, 4 * 86400 + 14 * 3600].map(ago), ['45s', '3m20s', '70m', '4d14h'])
  })

  it('unknown fields and wrong types, with their path', () => {
    const { schema } = kindNamed('pods')!
    const spec = { containers: [{ name: 'a', imge: 'x', ports: 'none' }], volumes: [] }
    assert.deepEqual(findMistakes({ spec }, schema), {
      unknown: ['spec.containers[0].imge'],
      wrong: ['spec.containers[0].ports: expected list, got string'],
    })
  })

  it("kubectl's protobuf: `kubectl create namespace lab`", () => {
    const body = Buffer.concat([
      Buffer.from('k8s\0'),
      Buffer.from('0a0f0a02763112094e616d657370616365', 'hex'),
      Buffer.from('120f0a0b0a036c6162120022002a00321a00'.slice(0, 34), 'hex'),
    ])
    assert.equal(isProtobuf(body), true)
    const { apiVersion, kind, metadata } = decodeProtobuf(body)
    assert.deepEqual(
      { apiVersion, kind, name: metadata.name },
      { apiVersion: 'v1', kind: 'Namespace', name: 'lab' },
    )
  })
})
