import { USER } from '../nodes.ts'

/** Where the lab keeps its own things in a node. */
export const LAB_HOME = '/usr/lib/provision-lab'

/** Where this file exists, docker gets the lab's container images at the first boot. */
export const HAS_IMAGES = '/etc/provision-lab-images'

/** A file laid over the bare Debian: text and mode. */
type ImageFile = [text: string, mode: number]

/**
 * Process 1 until systemd takes over. A board has a kernel of its own, a node shares this machine's: this makes what
 * can be seen of the kernel the node's own. Its disk is the only one in /sys and /proc/partitions, under its own name,
 * and settings that would be this machine's are plain files which belong to the node.
 */
const INIT = String.raw`#!/bin/sh
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
own=/run/provision-lab
mkdir -p "$own" /run/systemd/system/sysinit.target.wants
umount /run/host/os-release /run/host/incoming 2> /dev/null || :

# docker and k3s divide the node's control groups further.
for group in /sys/fs/cgroup/*; do
  if mountpoint -q "$group"; then mount -o remount,bind,rw "$group"; fi
done

mkdir -p "$own/block" "$own/numbers"
printf 'major minor  #blocks  name\n\n' > "$own/partitions"
mount -t tmpfs -o mode=755,size=64k tmpfs /sys/block
mount -t tmpfs -o mode=755,size=64k tmpfs /sys/dev/block
for disk in /dev/*; do
  [ -b "$disk" ] || continue
  name=${'$'}{disk#/dev/}
  numbers=$(stat -c '%Hr:%Lr' "$disk")
  major=${'$'}{numbers%:*}
  minor=${'$'}{numbers#*:}
  # What was passed in is this machine's file, whose owner and mode are not the node's to set.
  umount "$disk"
  rm "$disk"
  mknod --mode=660 "$disk" b "$major" "$minor"
  chgrp disk "$disk"
  blocks=$(($(blockdev --getsize64 "$disk") / 1024))
  printf '%4d %7d %10d %s\n' "$major" "$minor" "$blocks" "$name" >> "$own/partitions"
  mkdir "/sys/block/$name"
  mount --bind "/sys/devices/virtual/block/loop$minor" "/sys/block/$name"
  ln -s "../../block/$name" "/sys/dev/block/$numbers"
  ${LAB_HOME}/disk-links "$name"
  ln -s /etc/systemd/system/provision-lab-disk@.path "/run/systemd/system/sysinit.target.wants/provision-lab-disk@$name.path"
done
mount --bind "$own/partitions" /proc/partitions

copy_settings() { # directory of /proc/sys
  mkdir -p "$own/sys/$1"
  for file in "/proc/sys/$1"/*; do
    if [ -d "$file" ]; then copy_settings "$1/${'$'}{file##*/}"
    else cat "$file" > "$own/sys/$1/${'$'}{file##*/}" 2> /dev/null || :; fi
  done
}
for directory in vm fs; do
  copy_settings "$directory"
  mount --bind "$own/sys/$directory" "/proc/sys/$directory"
done
mkdir -p "$own/sys/kernel"
for name in panic panic_on_oops pid_max threads-max printk sysrq dmesg_restrict kptr_restrict core_pattern; do
  [ -e "/proc/sys/kernel/$name" ] || continue
  cat "/proc/sys/kernel/$name" > "$own/sys/kernel/$name"
  mount --bind "$own/sys/kernel/$name" "/proc/sys/kernel/$name"
done
exec /lib/systemd/systemd
`

/** What udev does on a board: links to a disk by what is on it. */
const DISK_LINKS = String.raw`#!/bin/sh
set -eu
for kind in uuid label; do
  directory=/dev/disk/by-$kind
  mkdir -p "$directory"
  find "$directory" -lname "../../$1" -delete
  value=$(blkid -p -o value -s "$(echo $kind | tr a-z A-Z)" "/dev/$1") || continue
  [ -z "$value" ] || ln -sfn "../../$1" "$directory/$value"
done
`

/** systemd takes a read-only /sys for a container without disks and would ignore them in /etc/fstab. */
const FSTAB_GENERATOR = String.raw`#!/bin/sh
exec unshare --mount sh -c 'mount -t tmpfs tmpfs /sys && exec /lib/systemd/system-generators/systemd-fstab-generator "$@"' sh "$@"
`

const unit = (text: string): ImageFile => [text, 0o644]
const script = (text: string): ImageFile => [text, 0o755]

export const FILES: Record<string, ImageFile> = {
  [`${LAB_HOME}/init`]: script(INIT),
  [`${LAB_HOME}/disk-links`]: script(DISK_LINKS),
  '/etc/systemd/system-generators/systemd-fstab-generator': script(FSTAB_GENERATOR),
  '/etc/systemd/system/provision-lab-disk@.path': unit(`[Unit]
Description=Watch for changes of /dev/%I
DefaultDependencies=no
Conflicts=shutdown.target
Before=shutdown.target

[Path]
PathChanged=/dev/%I
`),
  '/etc/systemd/system/provision-lab-disk@.service': unit(`[Unit]
Description=Links to /dev/%I by what is on it
DefaultDependencies=no
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=${LAB_HOME}/disk-links %I
`),
  '/etc/systemd/system/provision-lab-images.service': unit(`[Unit]
Description=Container images this board can't fetch from anywhere
After=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'if [ -e ${HAS_IMAGES} ]; then docker load --quiet --input ${LAB_HOME}/registry.tar; fi'
ExecStartPost=/bin/touch /run/provision-lab/images

[Install]
WantedBy=multi-user.target
`),
  // No clock of its own either: the service runs as on a board, and has nothing to do.
  '/etc/systemd/system/systemd-timesyncd.service.d/lab.conf': unit(`[Unit]
ConditionCapability=
ConditionVirtualization=

[Service]
AmbientCapabilities=
CapabilityBoundingSet=
`),
  // The kernel's messages are this machine's.
  '/etc/systemd/journald.conf.d/lab.conf': unit('[Journal]\nReadKMsg=no\n'),
  '/etc/default/locale': unit('LANG=C.UTF-8\n'),
  '/etc/sudoers.d/010_pi-nopasswd': [`${USER} ALL=(ALL) NOPASSWD: ALL\n`, 0o440],
  '/etc/apt/sources.list': [`deb [trusted=yes] file:${LAB_HOME}/apt ./\n`, 0o644],
}
