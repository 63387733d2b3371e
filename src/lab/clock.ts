import { UsageError } from '../core/errors.ts'
import { run } from './command.ts'
import { LAB_HOME } from './image/files.ts'
import type { Injection } from './injection.ts'
import { leaderOf } from './processes.ts'

const PLACE = '/run/provision-lab-clock'
const SUDO_ENVIRONMENT = '/etc/sudoers.d/provision-lab-clock'

/**
 * The clock is the kernel's, and shared: programs are made to see another time. It is so for services that start from
 * now on and for everybody who logs in; the bind mounts end with the node's boot, and with them the fault.
 */
export async function clock({ lab, node, argument = '1000', say }: Injection): Promise<void> {
  if (!/^\d+$/.test(argument)) throw new UsageError(`clock takes days, not '${argument}'`)
  const leader = leaderOf(lab, node.name)
  if (leader === null) throw new UsageError(`${node.name} is off`, 'its clock is right after its boot')
  const script = [RIGHT, ...(argument === '0' ? [] : [wrongBy(Number(argument))])].join('\n')
  await run(['nsenter', '-t', String(leader), '-a', '/bin/sh', '-c', script])
  say(argument === '0' ? 'its clock is right' : `its clock is ${argument} days behind`)
}

const RIGHT = `for file in /etc/environment ${SUDO_ENVIRONMENT}; do if mountpoint -q "$file"; then umount "$file"; fi; done
systemctl unset-environment LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC`

function wrongBy(days: number): string {
  return `set -e
mkdir -p ${PLACE}
cd ${PLACE}
dpkg-deb --fsys-tarfile ${LAB_HOME}/apt/libfaketime_*.deb | tar -xf - --wildcards --transform 's,.*/,,' '*/libfaketimeMT.so.1'
cat > environment <<END
LD_PRELOAD=${PLACE}/libfaketimeMT.so.1
FAKETIME=-${days}d
FAKETIME_DONT_FAKE_MONOTONIC=1
END
echo 'Defaults env_file=${PLACE}/environment' > sudo
touch /etc/environment ${SUDO_ENVIRONMENT}
mount --bind environment /etc/environment
mount --bind sudo ${SUDO_ENVIRONMENT}
systemctl set-environment $(cat environment)`
}
