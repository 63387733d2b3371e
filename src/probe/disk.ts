import { parseSize, sizeText } from '../base/bytes.ts'
import { TaskError } from '../core/errors.ts'
import type { BlockFact, Disk } from './block.ts'
import type { MountFact } from './mounts.ts'

/** What is known of the disk that is to be mounted at `path`. */
export interface WantedDisk {
  path: string
  /** Type of the filesystem; ext4 when absent. */
  fstype?: string
  label?: string
  /** E.g. "1TB". */
  size?: string
  format?: 'never' | 'if-blank'
}

/** Throws TaskError unless the device is the one that is meant and either holds the filesystem or may be formatted. */
export function examineDisk(
  args: WantedDisk,
  device: string,
  block: BlockFact,
  { mounted, names }: MountFact,
): Disk {
  const { path } = args
  if (block === null)
    throw new TaskError(`there is no ${device}`, 'is the disk plugged in? lsblk shows what is there')
  requireSize(args, device, block)
  if (mounted !== null && mounted.id !== block.id) {
    const part = block.partitions.includes(mounted.source)
    const hint = part
      ? `that is a part of it: if it is the right one, write device: ${mounted.source}`
      : undefined
    throw new TaskError(`${path} is the mount point of ${mounted.source} already, not of ${device}`, hint)
  }
  if (mounted === null && names !== null && names.length > 0) {
    const some = names.slice(0, 3).join(', ')
    throw new TaskError(
      `${path} is not mounted, but not empty (${some}${names.length > 3 ? ', …' : ''}): a mount would hide that`,
      'it was probably written while the disk was missing; move it away first',
    )
  }
  if (mounted === null) refuseUsed(device, block)
  if (block.signature.TYPE === undefined) requireBlank(args, device, block)
  else requireFilesystem(args, device, block.signature, mounted !== null)
  return block
}

function requireSize({ size }: WantedDisk, device: string, block: Disk): void {
  const wanted = size === undefined ? undefined : parseSize(size)
  if (wanted === undefined || Math.abs(block.size - wanted) <= wanted / 10) return
  throw new TaskError(`${device} has ${sizeText(block.size)}, not ${size}`, 'is it the right disk?')
}

/** A disk that carries the system, or is in use in any other way. */
function refuseUsed(device: string, block: Disk): void {
  const mounts = block.mounts.map((mount) => mount.path)
  if (mounts.length > 0) throw new TaskError(`${device} is mounted at ${mounts.join(' and ')}`)
  if (block.swap) throw new TaskError(`${device} is in use as swap`)
  if (block.holders.length > 0) throw new TaskError(`${device} is part of ${block.holders.join(', ')}`)
}

function requireBlank({ format }: WantedDisk, device: string, block: Disk): void {
  const { signature, partitions, traces, nonzero } = block
  if (signature.PTTYPE !== undefined || partitions.length > 0) {
    const list = partitions.length > 0 ? `partitions ${partitions.join(', ')}` : 'no partition'
    throw new TaskError(
      `${device} has a partition table (${signature.PTTYPE ?? 'unknown'}) with ${list}; refusing to format`,
      `to mount a partition, name it: device: ${partitions[0] ?? `${device}1`}`,
    )
  }
  if (traces !== '')
    throw new TaskError(`${device} holds traces of other data; refusing to format:\n${traces}`)
  if (nonzero) throw new TaskError(`${device} holds data of a kind unknown to blkid; refusing to format`)
  if (format === 'if-blank') return
  throw new TaskError(`${device} is blank`, "set 'format: if-blank' to have a filesystem made on it")
}

function requireFilesystem(
  args: WantedDisk,
  device: string,
  signature: Record<string, string>,
  isInUse: boolean,
): void {
  const { fstype = 'ext4', label } = args
  const { TYPE: found = '', UUID: uuid, LABEL: has = '' } = signature
  const name = `${device} carries ${/^[aeiou]/.test(found) ? 'an' : 'a'} ${found} filesystem`
  if (found !== fstype) {
    const labelled = has === '' ? '' : ` labelled '${has}'`
    throw new TaskError(`${name}${labelled}, not ${fstype}; refusing to format`)
  }
  if (uuid === undefined)
    throw new TaskError(`${name} without a UUID`, `give it one: tune2fs -U random ${device}`)
  // One that is mounted there is the right disk, and only has no label yet.
  if (label === undefined || label === has || (isInUse && has === '')) return
  throw new TaskError(
    `${name} labelled '${has}', not '${label}'`,
    `is it the right disk? If so: e2label ${device} ${label}`,
  )
}
