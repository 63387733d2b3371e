import { LAB_HOME } from './image/files.ts'

/**
 * Shell script that starts one node and stays with it through its reboots. What it mounts lives in a mount namespace
 * of its own and its loop devices end with the last process that holds them, so nothing is left when its processes
 * are gone, whatever ended them. Its argument is a file of shell variables, written by boot().
 */
export const STARTER = String.raw`#!/bin/sh
set -eu
. "$1"

# Device numbers a node may open, as in any container, and its own disk. Everything else is refused by the kernel, this
# machine's disks above all.
pseudo_devices='/dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/console /dev/ptmx /dev/kmsg /dev/net/tun'

open_disk() {
  disk=
  [ -n "$DEVICE" ] || return 0
  disk=$(losetup --find --show "$DIRECTORY/disk.img")
  exec 9<>"$disk"
  # Held open by this shell, it is let go with it.
  losetup --detach "$disk"
}

mount_root() {
  # Keeps what systemd-nspawn notes down from outliving it.
  mkdir -p /run/systemd/nspawn
  mount -t tmpfs tmpfs /run/systemd/nspawn
  mkdir -p "$DIRECTORY/card"
  mount -o loop,noatime "$DIRECTORY/card.img" "$DIRECTORY/card"
  cd "$DIRECTORY/card"
  mkdir -p upper work root docker rancher kubelet
  mount -t overlay -o "lowerdir=$IMAGE,upperdir=upper,workdir=work" overlay root
  if [ -d "$DIRECTORY/seed" ]; then
    cp -a "$DIRECTORY/seed/." root/
    rm -rf "$DIRECTORY/seed"
  fi
}

device_numbers() {
  for device in $pseudo_devices; do
    [ ! -e "$device" ] || stat -c 'c %Hr:%Lr rwm' "$device"
  done
  printf '%s\n' 'c *:* m' 'b *:* m' 'c 136:* rwm'
  [ -z "$disk" ] || stat -c 'b %Hr:%Lr rwm' "$disk"
}

make_group() { # root of the hierarchy, path below it
  group=$1
  for part in $(echo "$2" | tr / ' '); do
    above=$group
    group=$group/$part
    mkdir -p "$group"
    [ ! -e "$above/cpuset.cpus" ] || for file in cpuset.cpus cpuset.mems; do cat "$above/$file" > "$group/$file"; done
  done
}

# Limits are set above the group of the processes, so that root in the node can't lift them.
enter_groups_v1() {
  for root in /sys/fs/cgroup/*; do
    [ ! -L "$root" ] && [ -e "$root/cgroup.procs" ] || continue
    make_group "$root" "$CGROUP"
    [ ! -e "$group/memory.limit_in_bytes" ] || echo "$MEMORY" > "$group/memory.limit_in_bytes"
    if [ -e "$group/devices.deny" ]; then
      echo a > "$group/devices.deny"
      device_numbers | while read -r rule; do echo "$rule" > "$group/devices.allow"; done
    fi
    make_group "$root" "$CGROUP/node"
    echo $$ > "$group/cgroup.procs"
  done
}

enter_scope_v2() {
  set -- "$1" stay
  for device in $pseudo_devices $disk; do set -- "$@" -p "DeviceAllow=$device rwm"; done
  settings=$1; shift 2
  exec systemd-run --scope --quiet --collect --unit="provision-lab.$MACHINE" -p Delegate=yes \
    -p "MemoryMax=$MEMORY" -p MemorySwapMax=0 -p DevicePolicy=strict -p 'DeviceAllow=char-* m' \
    -p 'DeviceAllow=block-* m' -p 'DeviceAllow=char-pts rwm' "$@" -- /bin/sh "$0" "$settings" "$disk"
}

# A group of its own for each boot: one that systemd has divided takes no processes any more.
enter_boot_v2() {
  group=$scope/boot$boots
  mkdir "$group"
  echo 0 > "$group/cgroup.procs"
}

divide_scope_v2() {
  scope=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
  mkdir "$scope/starter"
  echo $$ > "$scope/starter/cgroup.procs"
  for controller in $(cat "$scope/cgroup.controllers"); do echo "+$controller" > "$scope/cgroup.subtree_control"; done
}

boot() {
  [ "$HIERARCHY" != v2 ] || enter_boot_v2
  exec 9>&-
  cd "$DIRECTORY/card"
  set -- --bind="$PWD/docker:/var/lib/docker" --bind="$PWD/rancher:/var/lib/rancher" \
    --bind="$PWD/kubelet:/var/lib/kubelet"
  [ -z "$disk" ] || set -- "$@" --bind="$disk:$DEVICE"
  [ ! -e /dev/kmsg ] || set -- "$@" --bind=/dev/kmsg
  [ ! -e /dev/net/tun ] || set -- "$@" --bind=/dev/net/tun
  # Only the network's settings are the node's own; the others would be this machine's.
  export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_NSPAWN_TMPFS_TMP=0
  exec systemd-nspawn --quiet --register=no --keep-unit --console=read-only --directory="$PWD/root" \
    --machine="$MACHINE" --hostname="$HOST" --network-namespace-path="$NAMESPACE" \
    --resolv-conf=off --timezone=off --link-journal=no \
    --capability=all --drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE,CAP_SYS_RAWIO \
    --system-call-filter='@keyring bpf @mount' "$@" ${LAB_HOME}/init
}

if [ $# = 1 ]; then
  echo $$ > "$DIRECTORY/pid"
  open_disk
  mount_root
  case $HIERARCHY in
    v1) enter_groups_v1 ;;
    v2) enter_scope_v2 "$1" ;;
  esac
else
  disk=$2
  divide_scope_v2
fi
boots=0
while boots=$((boots + 1)); do
  # systemd-nspawn ends with this code when the node asks for a reboot.
  (boot) && code=0 || code=$?
  [ "$code" = 133 ] || exit "$code"
done
`
