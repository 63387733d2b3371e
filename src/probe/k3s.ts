import { SUM_OF_F } from '../base/sha256.ts'
import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'
import { propertyOf, unitAnswer, unitName, unitScript } from './units.ts'

export const K3S_BINARY = '/usr/local/bin/k3s'
/** Remembers what the binary was when we put it there: inode, size, time of change, checksum, version. */
const STAMP = '/etc/rancher/k3s/.binary'
const TOKEN = '/var/lib/rancher/k3s/server/node-token'

/** How k3s stands on a host. */
export type K3sFact = {
  /** As k3s names it: amd64, arm64, armhf; else what the kernel says. */
  arch: string
  /** Null when there is none. The version is null where the binary would not tell it. */
  binary: { sha256: string; version: string | null } | null
  /** State of the unit as in systemd; "inactive" when there is no unit. */
  active: string
  enabled: boolean
  /** The service runs, but was started before these files were written. */
  newer: string[]
}

/** Looks at k3s as the unit of that name, started with these files. */
export function k3sProbe(name: string, files: string[]): Probe<K3sFact> {
  const unit = unitName(name)
  return {
    key: `k3s:${name}`,
    script: unitScript(unit, k3sScript(files)),
    parse: (output) => k3sFact(unit, output),
  }
}

/** Remembers the binary that was just put in place, so that 60 MB need not be hashed at each look. */
export function stampScript(sha256: string, version: string): string {
  return (
    sh`set -- $(stat -Lc '%i %s %Z' ${K3S_BINARY}) && ` +
    sh`printf '%s %s %s %s %s\n' "$@" ${sha256} ${version} > ${STAMP}`
  )
}

/** The token that agents join with; null before the server's first start. */
export const tokenProbe: Probe<string | null> = {
  key: 'k3s-token',
  script: sh`[ -e ${TOKEN} ] || exit 0; cat ${TOKEN}`,
  parse({ code, stdout, stderr }) {
    if (code !== 0) throw new TaskError(`can't read the token of the k3s server: ${stderr.trim()}`)
    return stdout.toString().trim() || null
  },
  secret: true,
}

// /proc/self was made just now, so its time is the clock of the host without a process of its own.
function k3sScript(files: string[]): string {
  return [
    'read -r arch 2>/dev/null < /proc/sys/kernel/arch || arch=$(uname -m)',
    sh`b=${K3S_BINARY}; set --; for f in "$b" ${files}; do [ -e "$f" ] && set -- "$@" "$f"; done`,
    // A mode may change without a restart, so the time of the content is compared.
    'set -- $(stat -Lc \'%i %s %Z %Y %n\' /proc/self/stat "$@")',
    'read -r up rest < /proc/uptime',
    'echo "arch $arch"; echo "uptime $up"; echo "times $*"',
    'if [ -e "$b" ]; then',
    sh`read -r i s z sum version 2>/dev/null < ${STAMP}`,
    'if [ "$6 $7 $8" != "$i $s $z" ]; then',
    `f=$b; { ${SUM_OF_F}; } || exit`,
    'v=$("$b" --version 2>/dev/null); v=${v#k3s version }; version=${v%% *}; fi',
    'echo "binary $sum $version"; fi',
  ].join('\n')
}

const ARCHITECTURES: [RegExp, string][] = [
  [/^x86_64$/, 'amd64'],
  [/^aarch64$/, 'arm64'],
  [/^arm/, 'armhf'],
]

/** Seconds by which times of different clocks may seem apart. */
const BLUR = 2

function k3sFact(unit: string, output: Output): K3sFact {
  const property = propertyOf(unit, output)
  const text = unitAnswer(unit, output).beside
  const get = (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
  const [sha256 = '', version] = get('binary').split(' ')
  const machine = get('arch')
  const active = property('ActiveState')
  return {
    arch: ARCHITECTURES.find(([form]) => form.test(machine))?.[1] ?? machine,
    binary: sha256 === '' ? null : { sha256, version: version || null },
    active,
    enabled: property('UnitFileState') === 'enabled',
    newer: isRunning(active)
      ? writtenSinceStart(get('times'), get('uptime'), property('ExecMainStartTimestampMonotonic'))
      : [],
  }
}

export function isRunning(active: string): boolean {
  return active === 'active' || active === 'activating' || active === 'reloading'
}

/** The boot is reckoned from the clock as it is now: a Pi without a clock chip sets it long after k3s may have started. */
function writtenSinceStart(times: string, uptime: string, startMicroseconds: string): string[] {
  const [self, ...files] = (times.match(/\S+ \S+ \S+ \S+ \S+/g) ?? []).map((one) => one.split(' '))
  const started = Number(self?.[3] ?? 0) - Number(uptime) + Number(startMicroseconds) / 1e6
  if (Number(startMicroseconds) === 0) return []
  return files.filter((file) => Number(file[3]) > started + BLUR).map((file) => file[4] ?? '')
}
