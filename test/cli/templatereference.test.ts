import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { FILTER_EXAMPLES, TEST_ALIASES, TEST_EXAMPLES } from '../../src/cli/templateexamples.ts'
import { templateReference } from '../../src/cli/templatereference.ts'
import { CONDITIONS } from '../../src/load/conditions.ts'
import { evaluate } from '../../src/load/template/evaluate.ts'
import { FILTERS } from '../../src/load/template/filters.ts'
import { parseTemplate } from '../../src/load/template/template.ts'
import { Undefined } from '../../src/load/template/templateerror.ts'

describe('the reference of templates', () => {
  it('knows every filter and test', () => {
    assert.deepEqual(Object.keys(FILTER_EXAMPLES).sort(), Object.keys(FILTERS).sort())
    assert.deepEqual([...Object.keys(TEST_EXAMPLES), ...TEST_ALIASES].sort(), Object.keys(CONDITIONS).sort())
  })

  it('has examples that give what it says', () => {
    const names = { get: (name: string) => new Undefined(`'${name}' is not defined`) }
    for (const [, example, gives] of [...Object.values(FILTER_EXAMPLES), ...Object.values(TEST_EXAMPLES)])
      assert.deepEqual(evaluate(parseTemplate(`{{ ${example} }}`), names), gives, example)
  })

  it('is up to date', () =>
    assert.equal(readFileSync('docs/templates.md', 'utf8'), templateReference(), 'run: npm run docs'))
})
