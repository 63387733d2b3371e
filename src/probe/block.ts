import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'
import { type Mounted, parseMount } from './mounts.ts'

/** A block device and what it holds. */
export type Disk = {
  /** Major and minor number, e.g. "8:0". */
  id: string
  /** In bytes. */
  size: number
  /** The disk's own name, where it tells one. */
  wwid: string
  /** What blkid reads from the device itself, e.g. TYPE, UUID, LABEL, PTTYPE. Empty: it recognises nothing. */
  signature: Record<string, string>
  /** What wipefs finds where blkid finds nothing or too much. */
  traces: string
  /** There are bytes other than zero where one looks; looked at only where blkid recognises nothing. */
  nonzero: boolean
  partitions: string[]
  /** Where it, or a partition of it, is mounted. */
  mounts: Mounted[]
  /** It, or a partition of it, is in use as swap. */
  swap: boolean
  /** Device mapper, RAID and other devices that are built upon it. */
  holders: string[]
}

/** Null when there is no such device. */
export type BlockFact = Disk | null

/** Looks at a block device by its path; links are followed. Needs root. */
export function blockProbe(path: string): Probe<BlockFact> {
  return { key: `block:${path}`, script: blockScript(path), parse: (output) => blockFact(path, output) }
}

/** In MiB: what is looked at of the beginning of a disk, and in how many places a MiB is looked at behind it. */
const [BEGINNING, PLACES] = [64, 64]

/**
 * Prints how many bytes are not zero at the beginning of a disk, in places spread over it, and in its last MiB;
 * `$sectors` is the size in 512 bytes. Whoever has erased the first MiB alone still has his filesystem behind it.
 */
export function nonzeroScript(device: string): string {
  return [
    sh`{ dd if=${device} bs=1M count=${BEGINNING}; place=0; while [ $((place += 1)) -lt ${PLACES} ]; do`,
    sh`dd if=${device} bs=1M count=1 skip=$((sectors / 2048 * place / ${PLACES})); done;`,
    sh`dd if=${device} bs=512 count=2048 skip=$((sectors > 2048 ? sectors - 2048 : 0));`,
    `} 2>/dev/null | tr -d '\\000' | wc -c`,
  ].join(' ')
}

// sysfs is asked by number: the name of a device node need not be the kernel's name for it.
function blockScript(path: string): string {
  return [
    sh`d=${path}`,
    '[ -e "$d" ] || { echo absent; exit 0; }',
    '[ -b "$d" ] || { echo other; exit 0; }',
    'set -- $(stat -Lc "%t %T" -- "$d") && id=$((0x$1)):$((0x$2)) && s=/sys/dev/block/$id || exit',
    'read -r sectors < "$s/size" || exit',
    'echo "id $id"; echo "sectors $sectors"',
    'for f in "$s/device/wwid" "$s/wwid"; do [ -r "$f" ] && read -r w < "$f" && echo "wwid $w" && break; done',
    'for h in "$s"/holders/*; do [ -e "$h" ] && echo "holder ${h##*/}"; done',
    'set -- -e " $id "; parts=',
    'for p in "$s"/*/partition; do [ -e "$p" ] || continue; p=${p%/partition}; read -r dev < "$p/dev"',
    'set -- "$@" -e " $dev "; parts="$parts /dev/${p##*/}"; echo "partition /dev/${p##*/}"; done',
    'while read -r file rest; do for one in "$d" $parts; do',
    '[ "$file" -ef "$one" ] && echo swap; done; done < /proc/swaps',
    'echo mounts; grep -F "$@" /proc/self/mountinfo',
    'echo blkid; blkid -p -o export -- "$d"; code=$?; echo "code $code"',
    `case $code in 2|8) echo "nonzero $(${nonzeroScript(path)})"; echo traces; wipefs -n -- "$d";; esac; :`,
  ].join('\n')
}

function blockFact(path: string, { code, stdout, stderr }: Output): BlockFact {
  const text = stdout.toString()
  if (text === 'absent\n') return null
  if (text === 'other\n') throw new TaskError(`${path} is not a block device`)
  const parts = /^([^]*?)^mounts\n([^]*?)^blkid\n([^]*?)^code (\d+)\n([^]*)$/m.exec(text)
  const [, head = '', mounts = '', blkid = '', status = '', tail = ''] = parts ?? []
  if (code !== 0 || !['0', '2', '8'].includes(status)) {
    throw new TaskError(`can't look at ${path}: ${stderr.trim() || `exit code ${code}`}`, ROOT_HINT)
  }
  return {
    id: first(head, 'id'),
    size: Number(first(head, 'sectors')) * 512,
    wwid: first(head, 'wwid'),
    signature: status === '0' ? signatureOf(blkid) : {},
    traces: (tail.split(/^traces\n/m)[1] ?? '').trim(),
    nonzero: Number(first(tail, 'nonzero') || '0') > 0,
    partitions: all(head, 'partition'),
    mounts: mounts.split('\n').flatMap(parseMount),
    swap: /^swap$/m.test(head),
    holders: all(head, 'holder'),
  }
}

const ROOT_HINT = "set 'become: true' to look as root"
const TOLD = ['TYPE', 'UUID', 'LABEL', 'PTTYPE', 'PTUUID', 'USAGE']

function signatureOf(blkid: string): Record<string, string> {
  const lines = blkid.split('\n').map((line) => /^(\w+)=(.*)$/.exec(line))
  const pairs = lines.flatMap((line) => (line && TOLD.includes(line[1] ?? '') ? [[line[1], line[2]]] : []))
  return Object.fromEntries(pairs)
}

function all(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].map((line) => line[1] ?? '')
}

function first(text: string, name: string): string {
  return all(text, name)[0] ?? ''
}
