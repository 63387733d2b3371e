import assert from 'node:assert/strict'
import { nearest } from '../../src/base/suggest.ts'

describe('the name that may be meant', () => {
  const table: [string, string[], string | undefined][] = [
    ['pacakge', ['package', 'file'], 'package'],
    ['env', ['environment', 'when'], 'environment'],
    ['re', ['register'], undefined],
    ['fact', ['facts_a_host_tells', 'facts_of_another'], undefined],
    ['stie.yaml', ['tab.yaml', 'x.yaml'], undefined],
    ['stie.yaml', ['tab.yaml', 'site.yaml'], 'site.yaml'],
    ['extar.yaml', ['main.yml', 'extra.yml'], 'extra.yml'],
    ['web1.exmaple', ['web2.example', 'web1.example'], 'web1.example'],
  ]
  for (const [word, known, expected] of table)
    it(`${word}: ${expected}`, () => assert.equal(nearest(word, known), expected))
})
