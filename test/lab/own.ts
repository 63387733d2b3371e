import { labDown, labUp } from '../../src/lab/lab.ts'
import { labObstacle } from '../../src/lab/requirements.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { testLab } from './names.ts'

/** To be called in a `describe`: boots an inventory in a lab that belongs to this suite alone, or skips its tests. */
export function useOwnLab(suite: string, inventory: () => string): void {
  let outer: string | undefined
  let booted = false

  before(`boot the lab ${suite}`, async function () {
    this.timeout(600_000)
    const obstacle = labObstacle()
    if (obstacle !== null) {
      console.log(`  skipped: ${obstacle}`)
      return this.skip()
    }
    outer = process.env.PROVISION_LAB
    process.env.PROVISION_LAB = testLab(suite)
    booted = true
    await labDown(() => {})
    await labUp((await loadInventory(inventory())).inventory, { say: () => {}, install: 'yes' })
  })

  after(`take the lab ${suite} down`, async function () {
    this.timeout(60_000)
    if (!booted) return
    await labDown(() => {})
    if (outer === undefined) delete process.env.PROVISION_LAB
    else process.env.PROVISION_LAB = outer
  })
}
