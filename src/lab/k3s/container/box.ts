import { quote } from '../../../base/shell.ts'

/** A directory or file of the node that a container sees. */
export interface Bind {
  from: string
  to: string
  readOnly?: boolean
}

export interface Box {
  /** Of this container alone, on the node. */
  directory: string
  /** Files laid into the container by their path in it. */
  files: string
  binds: Bind[]
  hostname: string
  workingDir: string
  argv: string[]
}

/**
 * Script that becomes the first process of a container: a tree of its own with the node's programs read-only, the
 * volumes and nothing else of the node. The first process's id on the node is written once everything is in place.
 */
export function boxScript({ directory, files, binds, hostname, workingDir, argv }: Box): string {
  return `set -eu
read -r pid rest < /proc/self/stat
exec 9> ${quote(`${directory}/pid`)}
mkdir -p ${quote(`${directory}/rootfs`)}
mount -t tmpfs -o mode=755 tmpfs ${quote(`${directory}/rootfs`)}
cd ${quote(`${directory}/rootfs`)}
mkdir -p usr etc proc dev tmp run root opt sys home mnt srv var/tmp var/run var/log old
chmod 1777 tmp var/tmp
mount --rbind /usr usr
mount -o remount,bind,ro usr
for name in bin sbin lib lib32 lib64 libx32; do [ ! -L "/$name" ] || ln -s "usr/$name" "$name"; done
for name in alternatives ld.so.cache nsswitch.conf passwd group; do
  [ ! -e "/etc/$name" ] || cp -a "/etc/$name" etc/
done
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do : > "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
mkdir dev/pts dev/shm
mount --rbind /dev/pts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/\${number%%:*}" "dev/\${number#*:}"; done
cp -a ${quote(files)}/. .
${binds.map(bindLines).join('\n')}
hostname ${quote(hostname)}
pivot_root . old
cd /
umount -l old
rmdir old
mkdir -p .${quote(workingDir)}
cd ${quote(workingDir)}
echo "$pid" >&9
exec 9>&-
exec ${argv.map(quote).join(' ')}
`
}

function bindLines({ from, to, readOnly }: Bind): string {
  const inside = `.${quote(to)}`
  const source = quote(from)
  const place = `if [ -d ${source} ]; then mkdir -p ${inside}; else mkdir -p "$(dirname ${inside})"; : >> ${inside}; fi`
  const lines = [place, `mount --bind ${source} ${inside}`]
  return [...lines, ...(readOnly === true ? [`mount -o remount,bind,ro ${inside}`] : [])].join('\n')
}
