import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { UsageError } from '../core/errors.ts'
import { run, succeeds } from './command.ts'
import { locked } from './lock.ts'

/** The lists of apt are not waited for by apt itself. */
const INSTALLING = '/run/provision-lab.packages.lock'

export type Install = 'ask' | 'yes' | 'no'

/** A file each Debian package brings. */
const PACKAGES: [name: string, file: string][] = [
  ['systemd-container', '/usr/bin/systemd-nspawn'],
  ['mmdebstrap', '/usr/bin/mmdebstrap'],
  ['debian-archive-keyring', '/usr/share/keyrings/debian-archive-keyring.gpg'],
  ['iproute2', '/sbin/ip'],
  ['util-linux', '/usr/bin/nsenter'],
  ['mount', '/sbin/losetup'],
  ['e2fsprogs', '/sbin/mkfs.ext4'],
  ['openssh-client', '/usr/bin/ssh-keygen'],
]

/** Makes sure that a lab can run here. Throws UsageError with one sentence saying why it can't. */
export async function requireLab(install: Install, say: (text: string) => void): Promise<void> {
  const reason = labObstacle()
  if (reason !== null) throw new UsageError(reason)
  const waiting = (pid: number): void => say(`waiting for process ${pid}, which is installing packages`)
  if (missingPackages().length > 0) await locked(INSTALLING, waiting, () => installPackages(install, say))
  await requireKernel()
}

/** Why no lab can run on this machine, whatever is installed; null when one can. */
export function labObstacle(): string | null {
  if (process.platform !== 'linux') return `the lab needs Linux; this is ${process.platform}`
  if (process.getuid?.() !== 0)
    return "the lab needs root: it makes namespaces, loop devices and mounts (try 'sudo')"
  if (!existsSync('/dev/loop-control')) return 'the lab needs loop devices; /dev/loop-control is missing here'
  return cgroupObstacle()
}

function cgroupObstacle(): string | null {
  if (existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes')) {
    return existsSync('/sys/fs/cgroup/devices/devices.allow')
      ? null
      : "the lab needs the devices cgroup controller: without it a node could write this machine's disks"
  }
  if (!existsSync('/sys/fs/cgroup/cgroup.controllers'))
    return 'the lab needs control groups mounted at /sys/fs/cgroup'
  return existsSync('/run/systemd/system')
    ? null
    : 'the lab needs systemd as process 1 here: with cgroup v2 it is what keeps nodes from the disks of this machine'
}

/** Names of the Debian packages that are not installed. */
function missingPackages(): string[] {
  return PACKAGES.filter(([, file]) => !existsSync(file)).map(([name]) => name)
}

async function installPackages(install: Install, say: (text: string) => void): Promise<void> {
  const missing = missingPackages()
  if (missing.length === 0) return
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`
  const sentence = `the lab needs ${missing.join(', ')}`
  if (!existsSync('/usr/bin/apt-get')) throw new UsageError(`${sentence}, and this machine has no apt-get`)
  if (install === 'no' || (install === 'ask' && !(await agreed(`${sentence}. Install now?`)))) {
    throw new UsageError(sentence, `run '${command}', or give --yes`)
  }
  say(`installing ${missing.join(', ')}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const argv = command.split(' ')
  // Lists may be absent or out of date on a fresh machine; the second try is the one whose errors count.
  if (!(await succeeds(['env', 'DEBIAN_FRONTEND=noninteractive', ...argv]))) {
    await run(['apt-get', 'update'], { env, onLine: say })
    await run(argv, { env, onLine: say })
  }
  const still = missingPackages()
  if (still.length > 0) throw new UsageError(`${still.join(', ')} did not bring what the lab needs`)
}

async function agreed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^(y|yes|)$/i.test((await prompt.question(`${question} [Y/n] `)).trim())
  } finally {
    prompt.close()
  }
}

/** Modules are loaded where they are not built in; what then still lacks is named. */
async function requireKernel(): Promise<void> {
  if (
    !readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n') &&
    !(await succeeds(['modprobe', 'overlay']))
  )
    throw new UsageError('the lab needs the overlay filesystem, which this kernel lacks')
  const probe = ['unshare', '--net', 'sh', '-c']
  if (
    !(await succeeds([
      ...probe,
      'ip link add name v0 type veth peer name v1 && ip link add name b0 type bridge',
    ]))
  )
    throw new UsageError(
      'the lab needs network namespaces with veth and bridge, which this kernel lacks or forbids',
    )
}
