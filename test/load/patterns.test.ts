import assert from 'node:assert/strict'
import { UsageError } from '../../src/core/errors.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { select } from '../../src/load/inventory/patterns.ts'
import type { Inventory } from '../../src/load/program.ts'

const nodes = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `rpi${String(from + index).padStart(2, '0')}`)

describe('patterns', () => {
  let inventory: Inventory
  before(async () => {
    inventory = (await loadInventory('inventory.yaml')).inventory
  })

  const table: [string, string[]][] = [
    ['all', ['rpicloud', ...nodes(1, 14)]],
    ['*', ['rpicloud', ...nodes(1, 14)]],
    ['agents', ['rpicloud', ...nodes(2, 14)]],
    ['rpi0*', nodes(1, 9)],
    ['rpi?4', ['rpi04', 'rpi14']],
    ['rpi14,rpi13', ['rpi13', 'rpi14']],
    ['rpi14:rpi13', ['rpi13', 'rpi14']],
    [' rpi14 , rpi13 ', ['rpi13', 'rpi14']],
    ['all:!rpicloud', nodes(1, 14)],
    ['!rpicloud', nodes(1, 14)],
    ['!rpicloud:all', nodes(1, 14)],
    ['agents:&storage', nodes(2, 14)],
    ['&access', ['rpicloud']],
    ['storage:&agents:!rpi1*', nodes(2, 9)],
    ['rpi[01:05]', nodes(1, 5)],
    ['rpi[01:05],!rpi[02:04]', ['rpi01', 'rpi05']],
    ['agents[0]', ['rpicloud']],
    ['agents[-1]', ['rpi14']],
    ['agents[0:2]', ['rpicloud', 'rpi02', 'rpi03']],
    ['storage[12:]', ['rpi13', 'rpi14']],
    ['storage[:1]', ['rpi01', 'rpi02']],
    ['rpi*[0:1]', ['rpicloud', 'rpi01']],
    ['~rpi0[1-3]', nodes(1, 3)],
    ['~(server|access)', ['rpicloud', 'rpi01']],
    ['rpi0[13]', ['rpi01', 'rpi03']],
    ['ser*', ['rpi01']],
    ['rpi01:!all', []],
  ]
  for (const [pattern, expected] of table)
    it(`${pattern}`, () => assert.deepEqual(select(inventory, pattern), expected))

  const mistakes: [string, RegExp, RegExp?][] = [
    ['agnets', /there is no host or group 'agnets'/, /did you mean 'agents'/],
    ['all:!rpicluod', /there is no host or group 'rpicluod'/, /did you mean 'rpicloud'/],
    ['rpi[13:15]', /there is no host or group 'rpi15'/],
    ['agents[20]', /out of range/, /the last one is \[13\]/],
    ['agents[20:]', /means no host/],
    ['rpx*', /no host or group matches/],
    ['~nothing', /no host or group matches/],
    ['~cloud', /no host or group matches/],
    ['rpi.[0-9]', /no host or group matches/],
    ['rpi[z-a]', /no host or group matches/],
    ['~(', /is not a regular expression/],
    ['', /names no hosts/],
    [' , ', /names no hosts/],
    ['rpi[05:01]', /ends before it begins/],
  ]
  for (const [pattern, message, hint] of mistakes)
    it(`refuses '${pattern}'`, () =>
      assert.throws(
        () => select(inventory, pattern),
        (error: unknown) => {
          assert.ok(error instanceof UsageError)
          assert.match(error.message, message)
          if (hint) assert.match(error.diagnostics[0]?.hint ?? '', hint)
          return true
        },
      ))
})
