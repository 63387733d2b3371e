import { USER } from '../nodes.ts'

/** Where the lab keeps its own things in a node. */
export const LAB_HOME = '/usr/lib/provision-lab'

/** Lets the account use sudo without its password. */
export const SUDO_RULE = '/etc/sudoers.d/010_pi-nopasswd'

/** Made once docker has the lab's container images. */
export const HAS_IMAGES = '/var/lib/docker/provision-lab-images'

/** Where one talks to docker from the first boot on. */
export const DOCKER_UNITS = ['docker.service', 'containerd.service', 'provision-lab-images.service']

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
while read -r _ group kind _; do
  case $kind in cgroup*) mount -o remount,bind,rw "$group" ;; esac
done < /proc/self/mounts

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

mkdir "$own/vm" "$own/fs" "$own/kernel"
cp -r /proc/sys/vm /proc/sys/fs "$own" 2> /dev/null || : # some can only be written
for setting in vm fs kernel/panic kernel/panic_on_oops kernel/pid_max; do
  [ -e "$own/$setting" ] || cp "/proc/sys/$setting" "$own/$setting"
  mount --bind "$own/$setting" "/proc/sys/$setting"
done
exec ${LAB_HOME}/guard /lib/systemd/systemd
`

/**
 * Forbids itself and all that comes after it to make files of block devices: one is all it would take to mount this
 * machine's own filesystem, where no control group has a say as it is in use already. The capability for it can't be
 * taken away, docker insists on it.
 */
const GUARD = String.raw`#!/usr/bin/perl
use strict;
use POSIX ();
# Numbers of the architecture and of the system calls seccomp, mknodat and mknod, which newer ones lack.
my %known = ('x86_64' => [0xc000003e, 317, 259, 133], 'aarch64' => [0xc00000b7, 277, 33, 0xffffffff]);
my $machine = (POSIX::uname())[4];
my ($architecture, $seccomp, $mknodat, $mknod) = @{ $known{$machine} || die "no guard for $machine\n" };
my @program = (
  [0x20, 0, 0, 4], [0x15, 0, 10, $architecture],
  [0x20, 0, 0, 0], [0x35, 8, 0, 0x40000000], [0x15, 3, 0, $mknodat], [0x15, 0, 5, $mknod],
  [0x20, 0, 0, 24], [0x05, 0, 0, 1], [0x20, 0, 0, 32],
  [0x54, 0, 0, 0170000], [0x15, 1, 0, 0060000],
  [0x06, 0, 0, 0x7fff0000], [0x06, 0, 0, 0x00050001],
);
my $filter = join '', map { pack 'SCCL', @$_ } @program;
syscall($seccomp, 1, 0, pack('Sx6P', scalar @program, $filter)) == 0 or die "no guard: $!\n";
exec @ARGV or die "$ARGV[0]: $!\n";
`

/** What udev does on a board: links to a disk by what is on it. */
const DISK_LINKS = String.raw`#!/bin/sh
set -eu
for kind in uuid label; do
  directory=/dev/disk/by-$kind
  mkdir -p "$directory"
  value=$(blkid -p -o value -s "$(echo $kind | tr a-z A-Z)" "/dev/$1") || value=
  # One that is right is never gone in between: it may be mounted by at this moment.
  [ -z "$value" ] || [ "$(readlink "$directory/$value")" = "../../$1" ] || ln -sfn "../../$1" "$directory/$value"
  find "$directory" -lname "../../$1" ! -name "$value" -delete
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
  [`${LAB_HOME}/guard`]: script(GUARD),
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
ConditionPathExists=!${HAS_IMAGES}
After=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/docker load --quiet --input ${LAB_HOME}/registry.tar
ExecStartPost=/bin/touch ${HAS_IMAGES}

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
  [SUDO_RULE]: [`${USER} ALL=(ALL) NOPASSWD: ALL\n`, 0o440],
  '/etc/apt/sources.list': [`deb [trusted=yes] file:${LAB_HOME}/apt ./\n`, 0o644],
}
