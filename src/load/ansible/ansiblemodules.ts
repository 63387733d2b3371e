import {
  adaptAssert,
  adaptDebug,
  adaptDestination,
  adaptFail,
  adaptFile,
  adaptLine,
  adaptMount,
  adaptPackage,
  adaptSysctl,
  adaptSystemd,
  adaptUser,
} from './ansibleadapt.ts'
import { adaptCommand } from './ansiblecommand.ts'
import type { Module, Rule } from './ansiblerules.ts'

const ANYWAY: Rule = { harmless: 'any' }
const only = (value: boolean, cure: string): Rule => ({ harmless: [value], cure })

const CHATTR = 'run chattr in a command with unless'
const SELINUX = 'remove it: Debian has no SELinux contexts to set'

/** Arguments that many modules share and that none of our tasks has. */
export const COMMON: Record<string, Rule> = {
  attributes: { cure: CHATTR },
  attr: { cure: CHATTR },
  selevel: { cure: SELINUX },
  serole: { cure: SELINUX },
  setype: { cure: SELINUX },
  seuser: { cure: SELINUX },
  unsafe_writes: only(false, 'remove it: files are replaced as a whole'),
}

const MODE: Rule = { to: 'mode', refused: { preserve: 'write the mode, e.g. mode: "0644"' } }
const REMOTE = 'write command: {cmd: "cp SRC DEST", creates: DEST}'

const FILES: Record<string, Rule> = { mode: MODE, force: { to: 'force' }, follow: ANYWAY, checksum: ANYWAY }

const SERVICE: Module = {
  task: 'systemd',
  args: {
    name: { to: 'unit' },
    service: { to: 'unit' },
    state: { to: 'state', words: { running: 'started' } },
    'daemon-reload': { to: 'daemon_reload' },
    daemon_reexec: only(false, 'write command: {cmd: systemctl daemon-reexec}'),
    masked: only(
      false,
      'write command: {cmd: systemctl mask UNIT, unless: "[ $(systemctl is-enabled UNIT) = masked ]"}',
    ),
    scope: {
      harmless: ['system'],
      cure: 'units of users: write command: {cmd: systemctl --user ...} with become_user',
    },
    user: only(false, 'units of users: write command: {cmd: systemctl --user ...} with become_user'),
    no_block: only(false, 'remove it: the step ends when the unit has started'),
    force: ANYWAY,
    use: ANYWAY,
    pattern: ANYWAY,
    sleep: ANYWAY,
    arguments: { cure: "write them into the unit: 'content' of systemd, or a file in UNIT.d/" },
    args: { cure: "write them into the unit: 'content' of systemd, or a file in UNIT.d/" },
    runlevel: ANYWAY,
  },
  adapt: adaptSystemd,
}

const UPGRADE =
  'write command: {cmd: apt-get -y dist-upgrade, only_if: "apt-get -s dist-upgrade | grep -q ^Inst"}'

const LATEST =
  "write present, and a version where it matters: name: nginx=1.22*; 'latest' would change hosts without a change here"

const PACKAGE: Module = {
  task: 'package',
  args: {
    name: { to: 'name', commas: true },
    pkg: { to: 'name', commas: true },
    package: { to: 'name', commas: true },
    state: {
      to: 'state',
      words: { installed: 'present', removed: 'absent' },
      refused: {
        latest: LATEST,
        'build-dep': 'write command: {cmd: apt-get -y build-dep NAME}',
        fixed: 'write command: {cmd: apt-get -y -f install}',
      },
    },
    use: ANYWAY,
    update_cache: ANYWAY,
    'update-cache': ANYWAY,
    cache_valid_time: { to: 'update' },
    deb: { cure: 'write command: {cmd: apt-get -y install /PATH.deb, unless: "dpkg -s NAME"}' },
    upgrade: { harmless: [false, 'no'], cure: UPGRADE },
    autoremove: only(false, 'write command: {cmd: apt-get -y autoremove}'),
    autoclean: only(false, 'write command: {cmd: apt-get -y autoclean}'),
    clean: only(false, 'write command: {cmd: apt-get clean}'),
    purge: only(false, 'write command: {cmd: apt-get -y purge NAME, only_if: "dpkg -s NAME"}'),
    install_recommends: only(
      true,
      'write it for all: copy to /etc/apt/apt.conf.d/90-norecommends: APT::Install-Recommends "false";',
    ),
    default_release: { cure: 'pin it: copy a file to /etc/apt/preferences.d/' },
    force: only(false, 'remove it: packages that are not signed are not installed'),
    force_apt_get: ANYWAY,
    allow_unauthenticated: only(false, 'remove it: packages that are not signed are not installed'),
    allow_downgrade: ANYWAY,
    allow_change_held_packages: only(false, 'write command: {cmd: apt-mark unhold NAME} before it'),
    only_upgrade: only(false, 'write command: {cmd: apt-get -y install --only-upgrade NAME}'),
    fail_on_autoremove: ANYWAY,
    dpkg_options: ANYWAY,
    lock_timeout: ANYWAY,
    update_cache_retries: ANYWAY,
    update_cache_retry_max_delay: ANYWAY,
    policy_rc_d: { cure: 'stop the unit in a step after it: systemd: {unit: NAME, state: stopped}' },
  },
  adapt: adaptPackage,
}

const COMMAND: Module = {
  task: 'command',
  free: 'cmd',
  args: {
    _raw_params: { to: 'cmd' },
    warn: ANYWAY,
    stdin_add_newline: ANYWAY,
    strip_empty_ends: ANYWAY,
    expand_argument_vars: ANYWAY,
    argv: { to: 'cmd' },
  },
  adapt: adaptCommand,
}

const MESSAGE: Rule = { to: 'message' }

/** By Ansible's short names. */
export const MODULES: Record<string, Module> = {
  apt: PACKAGE,
  package: PACKAGE,
  service: SERVICE,
  systemd: SERVICE,
  systemd_service: SERVICE,
  command: COMMAND,
  shell: COMMAND,
  copy: {
    task: 'copy',
    args: {
      ...FILES,
      remote_src: only(false, REMOTE),
      directory_mode: {
        cure: 'make the directory in a step of its own: file: {path: DIR, state: directory, mode: "0755"}',
      },
      local_follow: ANYWAY,
      decrypt: ANYWAY,
    },
    adapt: adaptDestination,
  },
  template: {
    task: 'template',
    args: {
      ...FILES,
      trim_blocks: only(true, "write '#jinja2: trim_blocks: False' as the template's first line"),
      lstrip_blocks: only(false, "write '#jinja2: lstrip_blocks: True' as the template's first line"),
      newline_sequence: { harmless: ['\n', '\\n'], cure: 'remove it: lines end with \\n' },
      output_encoding: { harmless: ['utf-8'], cure: 'remove it: files are UTF-8' },
      variable_start_string: {
        harmless: ['{{'],
        cure: 'write {% raw %} around the text that is no template',
      },
      variable_end_string: { harmless: ['}}'], cure: 'write {% raw %} around the text that is no template' },
      block_start_string: { harmless: ['{%'], cure: 'write {% raw %} around the text that is no template' },
      block_end_string: { harmless: ['%}'], cure: 'write {% raw %} around the text that is no template' },
    },
    adapt: adaptDestination,
  },
  file: {
    task: 'file',
    args: {
      dest: { to: 'path' },
      name: { to: 'path' },
      src: { to: 'target' },
      mode: MODE,
      state: { to: 'state', refused: { hard: 'write command: {cmd: "ln SRC PATH", creates: PATH}' } },
      follow: ANYWAY,
      force: only(
        false,
        'remove it: nothing that is in the way is replaced; remove it first by state: absent',
      ),
      modification_time: ANYWAY,
      modification_time_format: ANYWAY,
      access_time: ANYWAY,
      access_time_format: ANYWAY,
    },
    adapt: adaptFile,
  },
  lineinfile: {
    task: 'line',
    args: {
      dest: { to: 'path' },
      destfile: { to: 'path' },
      name: { to: 'path' },
      value: { to: 'line' },
      regexp: { to: 'match' },
      regex: { to: 'match' },
      search_string: { to: 'match' },
      insertafter: { to: 'after', harmless: ['EOF'] },
      insertbefore: { to: 'before', words: { BOF: '^' } },
      mode: MODE,
      firstmatch: ANYWAY,
      backrefs: only(false, 'write command: {cmd: "sed -i s/OLD/NEW/ FILE", unless: grep -q NEW FILE}'),
      encoding: ANYWAY,
    },
    adapt: adaptLine,
  },
  user: {
    task: 'user',
    args: {
      user: { to: 'name' },
      groups: { to: 'groups', commas: true },
      password: { to: 'password_hash' },
      createhome: { to: 'create_home' },
      remove: { to: 'remove_home' },
      update_password: {
        harmless: ['always'],
        cure: "remove it: the password is set whenever it differs; leave out 'password' to let users choose theirs",
      },
      move_home: only(false, 'write command: {cmd: "usermod -m -d HOME NAME"}'),
      force: only(false, 'remove it'),
      non_unique: only(false, 'remove it: numbers are given once'),
      generate_ssh_key: only(
        false,
        'write command: {cmd: "ssh-keygen -q -t ed25519 -N \'\' -f FILE", creates: FILE} with become_user',
      ),
      ssh_key_file: { cure: 'write it into the command that makes the key' },
      ssh_key_type: { cure: 'write it into the command that makes the key' },
      ssh_key_bits: { cure: 'write it into the command that makes the key' },
      ssh_key_comment: { cure: 'write it into the command that makes the key' },
      ssh_key_passphrase: { cure: 'write it into the command that makes the key' },
      password_lock: { harmless: [false], refused: { true: "write password_hash: '!'" }, cure: 'remove it' },
      expires: { cure: 'write command: {cmd: "chage -E DATE NAME"}' },
      skeleton: { cure: 'copy the files in steps of their own' },
      umask: { cure: 'set the mode of the home: file: {path: HOME, state: directory, mode: "0700"}' },
      local: ANYWAY,
    },
    adapt: adaptUser,
  },
  group: {
    task: 'group',
    args: {
      force: only(false, 'remove it'),
      local: ANYWAY,
      non_unique: only(false, 'remove it: numbers are given once'),
    },
  },
  authorized_key: {
    task: 'authorized_key',
    args: {
      path: { cure: "remove it: keys go to the user's ~/.ssh/authorized_keys" },
      manage_dir: only(true, 'remove it: ~/.ssh is made where it is missing'),
      key_options: { cure: "write the options before the key: key: 'no-pty ssh-ed25519 ...'" },
      comment: { cure: "write the comment behind the key: key: 'ssh-ed25519 AAAA... comment'" },
      validate_certs: ANYWAY,
      follow: ANYWAY,
    },
  },
  hostname: { task: 'hostname', args: { use: ANYWAY } },
  sysctl: {
    task: 'sysctl',
    args: {
      key: { to: 'name' },
      val: { to: 'value' },
      sysctl_file: { to: 'file' },
      state: {
        harmless: ['present'],
        cure: 'set the value that is wanted, or remove the line: line: {path: FILE, match: ^NAME, state: absent}',
      },
      sysctl_set: ANYWAY,
      reload: ANYWAY,
      ignoreerrors: only(false, 'write ignore_errors: true for the step'),
    },
    adapt: adaptSysctl,
  },
  mount: {
    task: 'mount',
    args: {
      src: { to: 'device' },
      name: { to: 'path' },
      opts: { to: 'options' },
      state: {
        harmless: ['mounted'],
        refused: {
          present: 'remove it: it is mounted now as well as at each boot; options: noauto is not needed',
          unmounted: 'write command: {cmd: umount PATH, only_if: findmnt PATH}',
          absent:
            'write command: {cmd: umount PATH, only_if: findmnt PATH} and line: {path: /etc/fstab, match: " PATH ", state: absent}',
          absent_from_fstab: 'write line: {path: /etc/fstab, match: " PATH ", state: absent}',
          remounted: 'remove it: changed options take effect at once',
          ephemeral: 'write command: {cmd: mount DEVICE PATH, unless: findmnt PATH}',
        },
        cure: 'remove it',
      },
      dump: ANYWAY,
      passno: ANYWAY,
      boot: ANYWAY,
      backup: ANYWAY,
      fstab: { cure: 'remove it: the file is /etc/fstab' },
      opts_no_log: ANYWAY,
    },
    adapt: adaptMount,
  },
  reboot: {
    task: 'reboot',
    args: {
      reboot_timeout: { to: 'timeout' },
      msg: ANYWAY,
      pre_reboot_delay: { harmless: 'any', note: 'the host restarts at once, without a delay' },
      post_reboot_delay: {
        harmless: 'any',
        note: 'the run goes on as soon as the host can be reached, without a delay',
      },
      connect_timeout: ANYWAY,
      search_paths: ANYWAY,
      boot_time_command: ANYWAY,
      reboot_command: { cure: 'remove it: systemd restarts the host' },
      test_command: { cure: 'write it as a step behind this one: wait_for: {command: ...}' },
    },
  },
  wait_for: {
    task: 'wait_for',
    args: {
      sleep: { to: 'every' },
      state: {
        harmless: ['started', 'present'],
        refused: {
          absent: 'write wait_for: {command: "[ ! -e PATH ]"}',
          stopped: 'write wait_for: {command: "! ss -ltn | grep -q :PORT"}',
          drained: 'write wait_for: {command: "! ss -tn | grep -q :PORT"}',
        },
        cure: 'remove it',
      },
      delay: { harmless: 'any', note: 'the first look is made at once, without a delay' },
      connect_timeout: ANYWAY,
      msg: ANYWAY,
      active_connection_states: ANYWAY,
      exclude_hosts: ANYWAY,
      search_regex: { cure: 'write wait_for: {command: "grep -q REGEX PATH"}' },
    },
  },
  assert: {
    task: 'assert',
    args: { fail_msg: MESSAGE, msg: MESSAGE, success_msg: ANYWAY, quiet: ANYWAY },
    adapt: adaptAssert,
  },
  fail: { task: 'assert', args: { msg: MESSAGE }, adapt: adaptFail },
  debug: {
    task: 'debug',
    args: {
      msg: MESSAGE,
      var: { to: 'value' },
      verbosity: { harmless: 'any', note: 'it is shown in every run, not only with -v' },
    },
    adapt: adaptDebug,
  },
  set_fact: {
    task: 'set_fact',
    others: 'values',
    args: {
      cacheable: {
        harmless: 'any',
        note: 'facts hold for one run; write what is to stay into the inventory',
      },
    },
  },
  stat: {
    task: 'stat',
    args: {
      dest: { to: 'path' },
      name: { to: 'path' },
      follow: only(false, "remove it: a link is told as one; 'islnk' and 'lnk_target' say where it leads"),
      get_checksum: ANYWAY,
      get_mime: ANYWAY,
      get_attributes: ANYWAY,
      get_selinux_context: ANYWAY,
      checksum_algorithm: {
        harmless: ['sha256'],
        note: 'the checksum is SHA-256',
        cure: 'the checksum is SHA-256: write sha256, or remove it',
      },
    },
  },
}
