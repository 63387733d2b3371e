import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'

/** In what condition a host is, as far as k3s and its disks care. */
export type ConditionFact = {
  /** It shares kernel, disks and clock with its machine, which are that machine's concern. */
  container: boolean
  machineId: string
  /** Bits of `vcgencmd get_throttled`; null where there is no such command. */
  throttled: number | null
  /** Whether the root filesystem can be written to. */
  writable: boolean
  /** Free bytes by path; absent where there is no such path. */
  free: Record<string, number>
  /** Kernel modules that are not to be had. */
  missingModules: string[]
  /** Swap that is not compressed memory. */
  swap: string[]
  /** What smartctl says of disks: "/dev/sda: FAILED!". Null where it is not installed. */
  disks: string[] | null
  /** Errors of disks in the kernel's log since the boot, the last ones. */
  errors: string[]
  /** USB bridges of disks that are driven by UAS, as "152d:0578". */
  uas: string[]
  /** Of the programs, as Debian calls it, and of the kernel. */
  architecture: { programs: string; kernel: string }
  /** Seconds by which the host's clock is ahead of the controller's; negative when behind. */
  skew: number
}

const MODULES = ['overlay', 'br_netfilter', 'vxlan']

/** What disks, cables and power supplies that fail make the kernel say. */
const TROUBLE =
  'I/O error|EXT4-fs error|Remounting filesystem read-only|uas_eh_abort_handler|reset SuperSpeed.*USB|HC died|mmc.*(timeout|error -)'

/** Looks at the condition of a host and at the free space under some paths; no more than seven processes. */
export function conditionProbe(paths: string[]): Probe<ConditionFact> {
  return { key: `condition:${paths.join(':')}`, script: conditionScript(paths), parse: conditionOf }
}

function conditionScript(paths: string[]): string {
  return [
    'read -r id 2>/dev/null < /etc/machine-id; echo "id $id"',
    'date "+now %s.%N"',
    'while read -r _ _ _ _ at options _; do [ "$at" = / ] && root=$options; done < /proc/self/mountinfo; echo "root $root"',
    sh`df -PB1 -- ${paths} 2>/dev/null | while read -r _ _ _ free _ _; do echo "free $free"; done`,
    sh`for path in ${paths}; do [ -e "$path" ] && echo "path $path"; done`,
    'command -v vcgencmd >/dev/null 2>&1 && vcgencmd get_throttled 2>/dev/null',
    'echo "programs $(dpkg --print-architecture 2>/dev/null)"; echo "kernel $(uname -m)"',
    '[ -e /run/systemd/container ] && { echo container; exit 0; }',
    // The vendor stands with the device, of which the driver has a part.
    'for part in /sys/bus/usb/drivers/uas/*:*; do [ -e "$part" ] && read -r vendor < "$part/../idVendor" &&',
    'read -r product < "$part/../idProduct" && echo "uas $vendor:$product"; done',
    'while read -r file kind _; do case $file in Filename|/dev/zram*) ;; *) echo "swap $file";; esac; done < /proc/swaps',
    sh`for m in ${MODULES}; do [ -e "/sys/module/$m" ] || modprobe -n -q "$m" 2>/dev/null || echo "module $m"; done`,
    sh`dmesg 2>/dev/null | grep -E -i ${TROUBLE} | tail -n 3 | while read -r line; do echo "error $line"; done`,
    'if command -v smartctl >/dev/null 2>&1; then echo smart; for d in /sys/block/sd* /sys/block/nvme*n1; do',
    '[ -e "$d" ] || continue; d=/dev/${d##*/}',
    'smartctl -H "$d" 2>/dev/null | while IFS=: read -r name value; do case $name in',
    '*"self-assessment test result"|"SMART Health Status") echo "disk $d:$value";; esac; done; done; fi; :',
  ].join('\n')
}

function conditionOf({ code, stdout, stderr, at }: Output): ConditionFact {
  const lines = stdout.toString().split('\n')
  const all = (name: string) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
  const now = Number(all('now')[0])
  if (code !== 0 || Number.isNaN(now))
    throw new TaskError(`can't look at the host's condition: ${stderr.trim()}`)
  const throttled = lines.find((line) => line.startsWith('throttled='))?.slice('throttled='.length)
  // The first line of df is its heading; a path that is not there has none.
  const free = all('free').slice(1).map(Number)
  return {
    container: lines.includes('container'),
    machineId: all('id')[0] ?? '',
    throttled: throttled === undefined ? null : Number(throttled),
    writable: !(all('root')[0] ?? '').split(',').includes('ro'),
    free: Object.fromEntries(all('path').map((path, index) => [path, free[index] ?? 0])),
    missingModules: all('module'),
    swap: all('swap'),
    disks: lines.includes('smart') ? all('disk') : null,
    errors: all('error'),
    uas: [...new Set(all('uas'))],
    architecture: { programs: all('programs')[0] ?? '', kernel: all('kernel')[0] ?? '' },
    skew: at === undefined ? 0 : Math.round(now - at / 1000),
  }
}
