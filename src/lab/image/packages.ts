/** Debian release of the nodes. */
export const SUITE = 'bookworm'

/** What a freshly flashed board has. */
export const INSTALLED = [
  'systemd',
  'systemd-sysv',
  'systemd-timesyncd',
  'dbus',
  'libpam-systemd',
  'openssh-server',
  'sudo',
  'iproute2',
  'iputils-ping',
  'netbase',
  'e2fsprogs',
  'util-linux',
  'mount',
  'fdisk',
  'parted',
  'curl',
  'ca-certificates',
  'iptables',
  'procps',
  'psmisc',
  'kmod',
  'less',
  'nano',
  'cron',
  'logrotate',
  'lsof',
  'rsync',
  'xz-utils',
  'docker.io',
  'docker-compose',
]

/** What a node can install: the lab has no way out, so these and what they need are kept in the image. */
export const INSTALLABLE = [
  'jq',
  'htop',
  'tree',
  'chrony',
  'nfs-common',
  'open-iscsi',
  'vim-tiny',
  'tmux',
  'unzip',
  // The lab's own: by it programs can be made to see another time.
  'libfaketime',
]

/** The registry of the image `registry:2`, with what its entry point needs. */
export const REGISTRY = ['docker-registry', 'busybox-static']

/** Debian's first release whose kubectl can talk to the clusters of today. */
export const KUBECTL_SUITE = 'trixie'
