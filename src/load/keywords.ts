/** Keys of a play. */
export const PLAY_KEYS = ['name', 'hosts', 'become', 'become_user', 'vars', 'tags', 'tasks', 'handlers']
/** Keys of a step beside its task. */
export const STEP_KEYS = [
  'name',
  'when',
  'loop',
  'loop_control',
  'register',
  'notify',
  'tags',
  'vars',
  'become',
  'become_user',
  'timeout',
]

/** Keys that people know from Ansible, and what to do instead. */
export const PLAY_HABITS: Record<string, string> = {
  gather_facts: 'remove it: tasks look at what they need',
  remote_user: "set 'user' in the inventory",
  connection: "set 'connection' in the inventory",
  roles: "write the steps under 'tasks'",
  pre_tasks: "write these steps first under 'tasks'",
  post_tasks: "write these steps last under 'tasks'",
  strategy: 'remove it: hosts do not wait for each other inside a play',
}
/** Tasks that people know from Ansible, and what does the same here. */
export const TASK_HABITS: Record<string, string> = {
  apt: "use 'package'",
  yum: "use 'package', for Debian",
  dnf: "use 'package', for Debian",
  shell: "use 'command': it runs with sh",
  raw: "use 'command'",
  script: "use 'command' with the text of the script",
  service: "use 'systemd'",
  systemd_service: "use 'systemd'",
  lineinfile: "use 'line'",
  get_url: "use 'command' with 'creates'",
  stat: "use 'command' with 'changes: false', and 'register' it",
  fail: "use 'assert'",
  pause: "use 'wait_for'",
  setup: 'remove it: templates find facts.NAME',
  gather_facts: 'remove it: templates find facts.NAME',
  import_tasks: 'write the steps here',
  include_tasks: 'write the steps here',
}
export const STEP_HABITS: Record<string, string> = {
  with_items: "write 'loop' instead",
  with_dict: 'write loop: "{{ mapping | dict2items }}"',
  listen: "only handlers have 'listen'",
  no_log: 'remove it: secret arguments are masked by themselves',
  check_mode: "remove it, or use the variable check_mode in 'when'",
  remote_user: "set 'user' in the inventory",
  async: "remove it; set 'timeout' if the step takes long",
  poll: "remove it; set 'timeout' if the step takes long",
}
