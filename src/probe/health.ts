import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'
import { K3S_BINARY } from './k3s.ts'
import { type Mounted, parseMount } from './mounts.ts'

/** How a host is, at a glance. Sizes are in bytes. */
export type HealthFact = {
  boot_id: string
  /** In seconds. */
  uptime: number
  k3s: K3sHealth
  root: { writable: boolean } & Space
  /** Null where the inventory gives no mount point, or nothing is mounted there. */
  storage: ({ device: string; device_size: number } & Space) | null
  /** Null in a container, which sees that of its machine. */
  memory: { size: number; available: number } | null
  /** In degrees Celsius; null where nothing tells. */
  temperature: number | null
  /** Bits of `vcgencmd get_throttled`; null on what is no Raspberry Pi. */
  throttled: number | null
  /** Null where the inventory names no registry. `status` is 0 when nothing answers. */
  registry: { status: number; images: number | null } | null
}

/** Of a filesystem; all 0 when it would not say. */
type Space = { size: number; free: number; use_percent: number }

export type K3sHealth = {
  /** By its unit; null when there is none. */
  role: 'server' | 'agent' | null
  /** State of the unit as in systemd. */
  active: string
  /** Of the binary; null when there is none. */
  version: string | null
  simulated: boolean
}

/** What the inventory says of a host that can be looked at. */
export interface HealthSubjects {
  /** Mount point of the SSD. */
  mount?: string
  /** Address and port. */
  registry?: string
}

/** Looks at a host in one script of a few short processes. */
export function healthProbe(subjects: HealthSubjects): Probe<HealthFact> {
  return {
    key: `health:${subjects.mount ?? ''} ${subjects.registry ?? ''}`,
    script: healthScript(subjects),
    parse: (output) => healthOf(subjects, output),
  }
}

function healthScript({ mount = '', registry }: HealthSubjects): string {
  return [
    'read -r boot < /proc/sys/kernel/random/boot_id; echo "boot $boot"',
    // A container was booted when its first process began, in hundredths of a second after its machine.
    'read -r up _ < /proc/uptime; read -r first < /proc/1/stat; set -- ${first##*)}; shift 19; echo "uptime $up $1"',
    'systemctl show -p Id,LoadState,ActiveState k3s.service k3s-agent.service 2>/dev/null',
    sh`[ ! -x ${K3S_BINARY} ] || ${K3S_BINARY} --version 2>/dev/null`,
    'set -f; while read -r line; do set -- $line',
    sh`case $5 in /|${mount}) echo "mount $line"; read -r sectors 2>/dev/null < "/sys/dev/block/$3/size" && echo "sectors $5 $sectors";; esac`,
    'done < /proc/self/mountinfo; set +f',
    // A disk that has dropped out keeps whoever asks it waiting.
    sh`timeout 10 df -PB1 -- / ${mount || '/'} 2>/dev/null | while read -r _ size _ free used at; do echo "space $at $size $free $used"; done`,
    '[ ! -e /run/systemd/container ] || container=1',
    '[ $container ] || while read -r name size _; do case $name in MemTotal:|MemAvailable:) echo "$name $size";; esac; done < /proc/meminfo',
    POWER,
    ...(registry === undefined ? [] : [registryScript(registry)]),
    ':',
  ].join('\n')
}

/** By the firmware's own command, else by what the kernel has of it. */
const POWER = `if command -v vcgencmd >/dev/null 2>&1; then vcgencmd measure_temp; vcgencmd get_throttled
elif [ ! $container ]; then
read -r milli 2>/dev/null < /sys/class/thermal/thermal_zone0/temp && echo "millidegrees $milli"
read -r bits 2>/dev/null < /sys/devices/platform/soc/soc:firmware/get_throttled && echo "throttled=0x$bits"
fi`

function registryScript(registry: string): string {
  const url = `http://${registry}/v2/_catalog?n=1000`
  return sh`echo registry; curl -s -m 5 --noproxy ${'*'} -w ${'\\n%{http_code}\\n'} ${url} 2>/dev/null`
}

function healthOf({ mount, registry }: HealthSubjects, { code, stdout, stderr }: Output): HealthFact {
  const [text = '', catalogue = ''] = stdout.toString().split(/^registry\n/m)
  const get = (name: string) => new RegExp(`^${name} *(.*)$`, 'm').exec(text)?.[1] ?? ''
  const [up, first] = get('uptime').split(' ').map(Number)
  if (code !== 0 || up === undefined || first === undefined)
    throw new TaskError(`can't look at the host: ${stderr.trim() || `exit code ${code}`}`)
  const size = get('MemTotal:')
  const throttled = /^throttled=(0x[0-9a-f]+)/m.exec(text)?.[1]
  return {
    boot_id: get('boot'),
    uptime: Math.max(0, Math.floor(up - first / 100)),
    k3s: k3sOf(text),
    root: { writable: !(mountedAt(text, '/')?.options ?? []).includes('ro'), ...spaceOf(text, '/') },
    storage: mount === undefined ? null : storageOf(text, mount),
    memory: size === '' ? null : { size: kibibytes(size), available: kibibytes(get('MemAvailable:')) },
    temperature: temperatureOf(text),
    throttled: throttled === undefined ? null : Number(throttled),
    registry: registry === undefined ? null : registryOf(catalogue),
  }
}

function k3sOf(text: string): K3sHealth {
  const units = text.matchAll(/^(?:(?:Id|LoadState|ActiveState)=.*\n?)+/gm)
  const known = [...units].map(([unit]) => ({
    role: unit.includes('Id=k3s-agent.service') ? ('agent' as const) : ('server' as const),
    loaded: /^LoadState=loaded$/m.test(unit),
    active: /^ActiveState=(.*)$/m.exec(unit)?.[1] ?? '',
  }))
  const unit = known.find(({ loaded }) => loaded)
  return {
    role: unit?.role ?? null,
    active: unit?.active ?? 'inactive',
    version: /^k3s version (\S+)/m.exec(text)?.[1] ?? null,
    simulated: /SIMULATED/.test(text),
  }
}

function mountedAt(text: string, path: string): Mounted | undefined {
  const mounts = [...text.matchAll(/^mount (.*)$/gm)].flatMap(([, line = '']) => parseMount(line))
  return mounts.findLast((mount) => mount.path === path)
}

function spaceOf(text: string, path: string): Space {
  const lines = text.matchAll(/^space (\S+) (\d+) (\d+) (\d+)%$/gm)
  const [, , size = 0, free = 0, used = 0] = [...lines].find(([, at]) => at === path) ?? []
  return { size: Number(size), free: Number(free), use_percent: Number(used) }
}

function storageOf(text: string, path: string): HealthFact['storage'] {
  const mounted = mountedAt(text, path)
  if (mounted === undefined) return null
  const sectors = [...text.matchAll(/^sectors (\S+) (\d+)$/gm)].findLast(([, at]) => at === path)?.[2]
  return { device: mounted.source, device_size: Number(sectors ?? 0) * 512, ...spaceOf(text, path) }
}

function kibibytes(text: string): number {
  return Number(text) * 1024
}

function temperatureOf(text: string): number | null {
  const told = /^temp=([\d.]+)/m.exec(text)?.[1]
  if (told !== undefined) return Number(told)
  const milli = /^millidegrees (\d+)$/m.exec(text)?.[1]
  return milli === undefined ? null : Math.round(Number(milli) / 100) / 10
}

function registryOf(answer: string): { status: number; images: number | null } {
  const [, body = '', status = '0'] = /^([^]*)\n(\d+)\n$/.exec(answer) ?? []
  if (status !== '200') return { status: Number(status), images: null }
  const images = /"repositories":\[([^\]]*)\]/.exec(body.replaceAll(/\s/g, ''))?.[1]
  return { status: 200, images: images === undefined ? null : images.split(',').filter(Boolean).length }
}
