import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

/** Keeps so many objects for a while that what V8 has for young ones grows; tells how large it is then, in MB. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8'
import { optimiseLess } from './src/cli/optimising.ts'
optimiseLess(Number(process.argv[1]))
let kept = []
for (let i = 0; i < 500_000; i++) {
  kept.push({ i })
  if (kept.length > 100_000) kept = []
}
const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
console.log(young.space_size / 2 ** 20)`

function youngMegabytes(hosts: number, env: NodeJS.ProcessEnv = {}): number {
  const words = ['--import', 'tsx', '--input-type=module', '-e', PROGRAM, String(hosts)]
  const { stdout, stderr } = spawnSync(process.execPath, words, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  assert.match(stdout, /^\d+(\.\d+)?\n$/, stderr)
  return Number(stdout)
}

describe('V8 in a run', () => {
  let few: number
  before(() => (few = youngMegabytes(15)))

  it('has no more room for young objects on a few hosts', () => {
    assert.ok(youngMegabytes(1000) >= 2 * few)
  })

  it('keeps its flags while the code cache is written, which would be refused with others', () => {
    assert.ok(youngMegabytes(15, { PROVISION_WRITE_CODE_CACHE: '1' }) >= 2 * few)
  })
})
