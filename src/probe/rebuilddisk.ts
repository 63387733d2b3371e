import { parseSize, sizeText } from '../base/bytes.ts'
import type { BlockFact } from './block.ts'
import type { NodeView } from './nodeview.ts'
import type { MachineView, Wish } from './rebuildwish.ts'

type DiskState = 'absent' | 'blank' | 'foreign' | 'data' | 'without'

/** What the SSD is to this node: it carries the volumes' data, is the node's but without them, or is none of its. */
export function diskOf({ volumes }: NodeView, { machine, block }: MachineView, wish: Wish): DiskState {
  const state = ownershipOf(block, wish)
  if (state !== 'own') return state
  return volumes.every(({ path }) => machine.directories.includes(path)) ? 'data' : 'without'
}

/** Whose a disk is, by what it carries. */
export function ownershipOf(
  block: BlockFact,
  { host, size }: Pick<Wish, 'host' | 'size'>,
): 'absent' | 'blank' | 'foreign' | 'own' {
  if (block === null) return 'absent'
  const { TYPE, LABEL = '', PTTYPE } = block.signature
  const used = PTTYPE !== undefined || block.partitions.length > 0 || block.traces !== '' || block.nonzero
  if (TYPE === undefined) return used ? 'foreign' : 'blank'
  const wanted = parseSize(size ?? '')
  if (wanted !== undefined && Math.abs(block.size - wanted) > wanted / 10) return 'foreign'
  return TYPE !== 'ext4' || (LABEL !== '' && LABEL !== `storage-${host}`) ? 'foreign' : 'own'
}

export function diskText(state: DiskState, block: BlockFact): string {
  if (block === null) return 'is not there'
  const { TYPE = block.signature.PTTYPE ?? 'something', LABEL } = block.signature
  const what = `${TYPE}${LABEL === undefined ? '' : ` labelled ${LABEL}`}, ${sizeText(block.size)}`
  const texts = {
    absent: 'is not there',
    blank: `is blank (${sizeText(block.size)})`,
    foreign: `is not this node's: it carries ${what}`,
    data: `carries its volumes (${what})`,
    without: `is this node's, but its volumes are not on it (${what})`,
  }
  return texts[state]
}
