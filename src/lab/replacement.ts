import { existsSync, renameSync } from 'node:fs'
import { UsageError } from '../core/errors.ts'
import { run } from './command.ts'
import type { Injection } from './injection.ts'
import { makeSparse, stopNode } from './node.ts'
import { nodePlaces } from './places.ts'
import { boot } from './power.ts'

/** The argument that takes the part in again which was there before. */
const BACK = 'back'

export async function swapDisk(injection: Injection): Promise<void> {
  const { lab, node, argument, say } = injection
  if (!node.disk) throw new UsageError(`${node.name} has no disk in the inventory`)
  const { disk } = nodePlaces(lab, node.name)
  await exchange(injection, disk, 'disk')
  if (argument === BACK) say('the disk before is in it again')
  else {
    makeSparse(disk, node.disk.size)
    if (argument !== undefined) await run(['mkfs.ext4', '-q', '-E', 'nodiscard', '-L', argument, disk])
    say(`its disk is replaced by ${argument === undefined ? 'a blank one' : `one labelled ${argument}`}`)
  }
  await boot(injection)
}

export async function reimage(injection: Injection): Promise<void> {
  const { lab, node, argument, say } = injection
  if (argument !== undefined && argument !== BACK)
    throw new UsageError(`reimage takes 'back' or nothing, not '${argument}'`)
  await exchange(injection, nodePlaces(lab, node.name).card, 'SD card')
  say(argument === BACK ? 'the SD card before is in it again' : 'its SD card is flashed anew')
  await boot(injection)
}

/** Takes a part out of a node without power and keeps it; the one that was kept until then goes in, or is thrown away. */
async function exchange({ lab, node, argument }: Injection, part: string, what: string): Promise<void> {
  const kept = `${part}.before`
  if (argument === BACK && !existsSync(kept))
    throw new UsageError(`${node.name} has had no other ${what} before`)
  await stopNode(lab, node.name)
  const out = `${part}.out`
  renameSync(part, out)
  if (argument === BACK) renameSync(kept, part)
  renameSync(out, kept)
}
