import { sh } from '../base/shell.ts'
import type { Output, Probe } from '../core/task.ts'

export type CgroupFact = {
  /** The kernel has the memory controller and it is switched on. */
  memory: boolean
  kernel: string
  /** The kernel's command line as it is written for the next boot; null when no such file was found. */
  file: { path: string; text: string } | null
}

/** Where the boot loader of a Pi may have it, the newest place first. */
export const COMMAND_LINES = [
  '/boot/firmware/cmdline.txt',
  '/boot/firmware/current/cmdline.txt',
  '/boot/cmdline.txt',
]

/** What the running kernel says counts, whatever the file looks like: only newer kernels list it in the first place. */
export const cgroupProbe: Probe<CgroupFact> = {
  key: 'cgroup-memory',
  script: [
    'for f in /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers; do',
    'read -r all 2>/dev/null < $f && case " $all " in *" memory "*) echo memory; exit;; esac; done',
    'while read -r name _ _ on; do [ "$name $on" = "memory 1" ] && { echo memory; exit; }; done < /proc/cgroups',
    'echo "kernel $(uname -r)"',
    sh`for f in ${COMMAND_LINES}; do [ -r $f ] && grep -q '\(^\| \)root=' $f && echo "path $f" && cat $f && break; done; :`,
  ].join('\n'),
  parse: cgroupFact,
}

function cgroupFact({ stdout }: Output): CgroupFact {
  const text = stdout.toString()
  if (text === 'memory\n') return { memory: true, kernel: '', file: null }
  const [, kernel = ''] = /^kernel (.*)$/m.exec(text) ?? []
  const [, path, content = ''] = /^path (.*)\n([^]*)$/m.exec(text) ?? []
  return { memory: false, kernel, file: path === undefined ? null : { path, text: content } }
}
