import assert from 'node:assert/strict'
import {
  compareK3sVersions,
  explainSkew,
  explainUpgrade,
  type K3sVersion,
  parseK3sVersion,
  withdrawn,
} from '../../src/base/k3s-version.ts'

function version(text: string): K3sVersion {
  const parsed = parseK3sVersion(text)
  assert.ok(parsed, text)
  return parsed
}

describe('k3s versions', () => {
  it('are ordered by every part, the build included', () => {
    const inOrder = [
      'v1.9.0+k3s1',
      'v1.25.4+k3s1',
      'v1.25.5-rc1+k3s1',
      'v1.25.5-rc2+k3s1',
      'v1.25.5+k3s1',
      'v1.25.5+k3s2',
      'v1.25.5+k3s10',
      'v1.25.16+k3s4',
      'v2.0.0+k3s1',
    ]
    const shuffled = [...inOrder].reverse().sort((a, b) => compareK3sVersions(version(a), version(b)))
    assert.deepEqual(shuffled, inOrder)
    assert.equal(compareK3sVersions(version('v1.25.4+k3s1'), version('v1.25.4+k3s1')), 0)
  })

  for (const text of ['1.25.4+k3s1', 'v1.25.4', 'v1.25+k3s1', 'latest', 'v1.25.4+k3s1\n', '']) {
    it(`does not take ${JSON.stringify(text)} for a version`, () =>
      assert.equal(parseK3sVersion(text), undefined))
  }

  it('knows the withdrawn one', () => {
    assert.match(withdrawn('v1.25.5+k3s1') ?? '', /restarts all pods/)
    assert.equal(withdrawn('v1.25.5+k3s2'), undefined)
  })

  const upgrades: [string, string, RegExp | undefined][] = [
    ['v1.25.4+k3s1', 'v1.25.4+k3s1', undefined],
    ['v1.25.4+k3s1', 'v1.25.5+k3s2', undefined],
    ['v1.25.4+k3s1', 'v1.26.0+k3s1', undefined],
    ['v1.25.5+k3s2', 'v1.25.5+k3s1', /downgraded/],
    ['v1.25.4+k3s1', 'v1.27.0+k3s1', /skip a minor/],
    ['v1.25.4+k3s1', 'v2.0.0+k3s1', /skip a minor/],
  ]
  for (const [from, to, why] of upgrades) {
    it(`${from} to ${to} is ${why ? 'refused' : 'fine'}`, () => {
      const said = explainUpgrade(version(from), version(to))
      if (why) assert.match(said ?? '', why)
      else assert.equal(said, undefined)
    })
  }

  const pairs: [string, string, RegExp | undefined][] = [
    ['v1.25.5+k3s2', 'v1.25.4+k3s1', undefined],
    ['v1.25.4+k3s1', 'v1.28.1+k3s1', undefined],
    ['v1.25.4+k3s1', 'v1.29.1+k3s1', /4 minor versions older than its server; at most 3/],
    ['v1.24.4+k3s1', 'v1.27.1+k3s1', /3 minor versions older than its server; at most 2/],
    ['v1.26.0+k3s1', 'v1.25.4+k3s1', /newer than its server/],
  ]
  for (const [agent, server, why] of pairs) {
    it(`an agent of ${agent} under a server of ${server} is ${why ? 'refused' : 'fine'}`, () => {
      const said = explainSkew(version(agent), version(server))
      if (why) assert.match(said ?? '', why)
      else assert.equal(said, undefined)
    })
  }
})
