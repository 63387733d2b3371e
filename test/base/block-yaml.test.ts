import assert from 'node:assert/strict'
import { load } from 'js-yaml'
import { blockYaml } from '../../src/base/block-yaml.ts'

describe('block YAML', () => {
  it('reads as it is written by hand', () => {
    const text = blockYaml({
      server: 'https://16.0.0.11:6443',
      disable: ['local-storage'],
      mirrors: { '127.0.0.1:5000': { endpoint: ['http://x'] } },
    })
    assert.equal(
      text,
      'server: "https://16.0.0.11:6443"\ndisable:\n  - "local-storage"\nmirrors:\n  "127.0.0.1:5000":\n    endpoint:\n      - "http://x"\n',
    )
  })

  it('means the same to a YAML parser, whatever the strings are', () => {
    const value = {
      no: 'no',
      'a: b': '# no comment',
      list: ['- x', 'line\nend', "it's", '{{ x }}', '\u00e9\u2028', ['nested', [1]], { key: [] }],
      empty: {},
      none: null,
      number: 1.5,
      deep: { deeper: { deepest: [true, false] } },
    }
    assert.deepEqual(load(blockYaml(value)), value)
  })
})
