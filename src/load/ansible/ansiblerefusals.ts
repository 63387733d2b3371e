/** What to write instead of modules of Ansible that have no task here; lines of YAML where that says it best. */

const APART =
  'run its program in a command, guarded by creates, unless or only_if; or write a task of your own in tasks/'
const NO_TASK = (program: string): string =>
  `write command: {cmd: ${program} ..., unless: ...}, with a look at what is there in unless`
const INVENTORY = 'describe hosts and groups in the inventory; it is read before the run'
const REMOVE_FACTS = 'remove it: templates find facts.NAME, gathered when they are used'
const DOCKER =
  'use docker_image, docker_registry, docker_daemon, or command: {cmd: docker ..., unless: docker inspect NAME}'
const OTHER_SYSTEM = "hosts are Debian: use 'package'"

export const REFUSED_MODULES: Record<string, string> = {
  yum: OTHER_SYSTEM,
  dnf: OTHER_SYSTEM,
  apk: OTHER_SYSTEM,
  pacman: OTHER_SYSTEM,
  zypper: OTHER_SYSTEM,
  homebrew: OTHER_SYSTEM,
  raw: 'write command: {cmd: ...}; nothing need be installed on the host for it',
  script: `write command: {cmd: "{{ lookup('file', 'SCRIPT') }}"}, with creates or unless`,
  get_url:
    'write command: {cmd: "curl -fsSLo DEST URL", creates: DEST}, and file: {path: DEST, mode: "0755"} for its mode',
  uri: `to wait for it: wait_for: {url: URL, status: [200]}
for its answer: command: {cmd: "curl -fsS URL", changes: false} with register`,
  unarchive:
    'write command: {cmd: "tar -xzf FILE -C DIR", creates: DIR/SOMETHING}, behind a copy when the file is on this machine',
  archive: 'write command: {cmd: "tar -czf FILE DIR", creates: FILE}',
  git: 'write command: {cmd: "git clone --branch VERSION URL DIR", creates: DIR/.git}',
  cron: `write copy: {dest: /etc/cron.d/NAME, content: "0 3 * * * root COMMAND\\n"}
or a timer: systemd: {unit: NAME.timer, content: ..., enabled: true, state: started}`,
  at: 'write a timer: systemd: {unit: NAME.timer, content: ..., state: started}',
  blockinfile: `write a file of your own where the program reads a folder: copy: {dest: /etc/PROGRAM.d/NAME.conf, content: ...}
or each line: line: {path: FILE, line: "{{ item }}"} with loop`,
  replace: 'write line: {path: FILE, match: REGEX, line: LINE} for a line, or template for the whole file',
  ini_file: 'write line: {path: FILE, match: "^KEY *=", line: "KEY = VALUE"}, or template for the whole file',
  xml: 'write template for the whole file',
  assemble: 'write template for the whole file',
  slurp:
    'write command: {cmd: "cat FILE", changes: false} with register; NAME.stdout is the text, without b64decode',
  fetch: `write command: {cmd: "cat FILE", changes: false} with register: got
and copy: {content: "{{ got.stdout }}", dest: /PATH} with delegate_to: localhost`,
  find: 'write command: {cmd: "find DIR -name PATTERN", changes: false} with register; NAME.stdout_lines are the paths',
  tempfile: 'write a path of your own, e.g. /run/NAME',
  synchronize: 'use copy for files, or command: {cmd: rsync ..., changes: true} with delegate_to: localhost',
  pause: `to wait for something: wait_for: {port: PORT}, {url: URL}, {path: PATH} or {command: COMMAND}
to ask before a play: confirm: QUESTION in the play`,
  wait_for_connection:
    'remove it: hosts are connected to when the run begins, and reboot waits until the host is back',
  ping: "remove it: 'provision ping' tells which hosts can be reached, and every run connects first",
  setup: REMOVE_FACTS,
  gather_facts: REMOVE_FACTS,
  package_facts: 'write package: {name: NAME} with register; NAME.versions has the versions',
  service_facts: 'write systemd: {unit: NAME} with register; NAME.active says whether it runs',
  getent: 'write command: {cmd: getent passwd NAME, changes: false} with register',
  include: "write 'include_tasks'",
  include_vars:
    "write vars_files: [FILE] in the play, or put the variables into the role's vars/ or into group_vars/",
  import_playbook: 'a playbook is imported beside the plays, not by a step',
  add_host: INVENTORY,
  group_by: INVENTORY,
  set_stats: "remove it: 'provision run --output json' tells what happened",
  validate_argument_spec: 'write assert: {that: ...}',
  async_status: "remove it: steps are waited for; set 'timeout' where one takes long",
  apt_key: `write the key beside the playbook, and copy: {src: NAME.asc, dest: /etc/apt/keyrings/NAME.asc}
and in the source: deb [signed-by=/etc/apt/keyrings/NAME.asc] URL SUITE COMPONENT`,
  apt_repository: `write copy: {dest: /etc/apt/sources.list.d/NAME.list, content: "deb URL SUITE COMPONENT\\n"}
and package: {name: PACKAGE, update: 0} behind it`,
  deb822_repository:
    'write copy: {dest: /etc/apt/sources.list.d/NAME.sources, content: ...} and package: {name: PACKAGE, update: 0} behind it',
  dpkg_selections: 'write command: {cmd: apt-mark hold NAME, unless: "apt-mark showhold | grep -qx NAME"}',
  debconf: 'write command: {cmd: "echo PACKAGE QUESTION TYPE VALUE | debconf-set-selections", unless: ...}',
  pip: 'write command: {cmd: pip install NAME==VERSION, unless: pip show NAME}',
  npm: 'write command: {cmd: npm install -g NAME@VERSION, unless: npm ls -g NAME@VERSION}',
  gem: NO_TASK('gem'),
  timezone:
    'write command: {cmd: timedatectl set-timezone ZONE, unless: "[ $(timedatectl show -P Timezone) = ZONE ]"}',
  locale_gen:
    'write line: {path: /etc/locale.gen, line: "LOCALE UTF-8"} and command: {cmd: locale-gen} in a handler',
  modprobe: `write copy: {dest: /etc/modules-load.d/NAME.conf, content: "NAME\\n"}
and command: {cmd: modprobe NAME, unless: "[ -d /sys/module/NAME ]"}`,
  filesystem: 'write mount: {device: DEVICE, path: PATH, format: if-blank}, which formats only what is blank',
  parted: NO_TASK('parted'),
  lvg: NO_TASK('vgcreate'),
  lvol: NO_TASK('lvcreate'),
  swapoff: NO_TASK('swapoff'),
  iptables: `write the rules into a file: copy: {src: nftables.conf, dest: /etc/nftables.conf, validate: nft -c -f %s}
and notify a handler: systemd: {unit: nftables, state: reloaded}`,
  ufw: 'write command: {cmd: ufw allow PORT/tcp, unless: "ufw status | grep -q ^PORT/tcp"}',
  firewalld: NO_TASK('firewall-cmd'),
  alternatives:
    'write command: {cmd: update-alternatives --set NAME PATH, unless: "update-alternatives --query NAME | grep -q \'Value: PATH\'"}',
  acl: NO_TASK('setfacl'),
  capabilities: NO_TASK('setcap'),
  selinux: 'remove it: Debian has no SELinux policy in force',
  seboolean: 'remove it: Debian has no SELinux policy in force',
  known_hosts: 'write line: {path: /etc/ssh/ssh_known_hosts, line: "HOST KEY", create: true}',
  openssh_keypair: 'write command: {cmd: "ssh-keygen -q -t ed25519 -N \'\' -f FILE", creates: FILE}',
  pam_limits: 'write copy: {dest: /etc/security/limits.d/NAME.conf, content: "USER TYPE ITEM VALUE\\n"}',
  sudoers:
    'write copy: {dest: /etc/sudoers.d/NAME, content: "USER ALL=(ALL) NOPASSWD: ALL\\n", mode: "0440", validate: visudo -cf %s}',
  htpasswd: 'write the file: copy: {dest: FILE, content: !secret ...}',
  mysql_db: NO_TASK('mysql'),
  mysql_user: NO_TASK('mysql'),
  postgresql_db: NO_TASK('createdb'),
  postgresql_user: NO_TASK('createuser'),
  docker_container: DOCKER,
  docker_image: DOCKER,
  docker_compose: DOCKER,
  docker_compose_v2: DOCKER,
  docker_network: DOCKER,
  docker_volume: DOCKER,
  k8s: 'use k8s_manifest',
  k8s_info: 'use k8s_wait, or command: {cmd: kubectl get ..., changes: false}',
  helm: APART,
  mail: "remove it: what happened is in the journal, and in 'provision --output json'",
  slack: "remove it: what happened is in the journal, and in 'provision --output json'",
  expect: NO_TASK('the program'),
  meta: "only 'meta: flush_handlers' is understood",
}

/** A name with a collection whose module is not known here. */
export function refusedModule(key: string): string | undefined {
  const name = key.slice(key.lastIndexOf('.') + 1)
  if (Object.hasOwn(REFUSED_MODULES, name)) return REFUSED_MODULES[name]
  return key.split('.').length === 3 ? APART : undefined
}
