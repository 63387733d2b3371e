import assert from 'node:assert/strict'
import type { Change, Run } from '../../src/core/task.ts'
import { aptScript } from '../../src/probe/apt.ts'
import pkg from '../../tasks/package.ts'
import { testArguments, testTask } from './law.ts'

const meaning = {
  100: 'apt-get could not do it: an unknown package or version, no package source in reach, or a broken package',
}
const run = (script: string): Run => ({ do: 'run', script, timeout: 3600, meaning, atomic: true })
const install = (words: string, update = 86400): Partial<Change> => ({
  actions: [run(aptScript(`install -- ${words}`, update))],
  opaque: true,
})

testTask(pkg, [
  { it: 'is content', args: { name: 'curl' }, facts: { curl: { version: '7.88' } }, changes: [] },
  {
    it: 'installs all that is missing at once',
    args: { name: ['curl', 'jq', 'tree'] },
    facts: { curl: null, jq: { version: '1.6' }, tree: null },
    changes: [{ summary: 'install curl, tree', ...install('curl tree') }],
  },
  {
    it: 'installs the version asked for',
    args: { name: 'docker.io=20.10.24*', update: 0 },
    facts: { 'docker.io=20.10.24*': { version: '20.10.5+dfsg1' } },
    changes: [
      { summary: 'install docker.io=20.10.24* (was 20.10.5+dfsg1)', ...install("'docker.io=20.10.24*'", 0) },
    ],
  },
  {
    it: 'knows a version by its beginning',
    args: { name: 'docker.io=20.10.24*' },
    facts: { 'docker.io=20.10.24*': { version: '20.10.24+dfsg1-1' } },
    changes: [],
  },
  {
    it: 'tells versions that begin alike apart',
    args: { name: 'jq=1.6' },
    facts: { 'jq=1.6': { version: '1.6-2' } },
    changes: [{ summary: 'install jq=1.6 (was 1.6-2)', ...install('jq=1.6') }],
    result: { versions: { jq: '1.6-2' } },
  },
  {
    it: 'removes only what is there',
    args: { name: ['nano', 'vim'], state: 'absent' },
    facts: { nano: { version: '7' }, vim: null },
    changes: [{ summary: 'remove nano', actions: [run(aptScript('remove -- nano'))], opaque: true }],
  },
  {
    it: 'has nothing to remove',
    args: { name: 'nano', state: 'absent' },
    facts: { nano: null },
    changes: [],
  },
])

testArguments(pkg, {
  'an option in place of a name': { name: '--allow-unauthenticated' },
  'a command in place of a name': { name: 'a; reboot' },
  'an empty list': { name: [] },
  'a state of another tool': { name: 'curl', state: 'latest' },
})

describe('task package', () => {
  it('asks for a package by its name without the version', () => {
    assert.deepEqual(
      Object.values(pkg.probes({ name: ['a=1', 'b'], state: 'present', update: 0 })).map(({ key }) => key),
      ['package:a', 'package:b'],
    )
  })
})
