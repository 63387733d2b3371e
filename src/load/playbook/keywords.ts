/** Keys and what they mean, in one sentence each. */
export type Keywords = Readonly<Record<string, string>>

/** Keys that reach all steps below them: of a play, a role, a block, an include; on a step they are its own. */
const INHERITED: Keywords = {
  tags: 'Words for --tags and --skip-tags; always and never are special.',
  vars: 'Variables, by name; values may hold templates.',
  become: 'Whether to run as root, or as become_user, by sudo.',
  become_user: 'Whom to run as with become; root when absent.',
  environment: 'Environment variables for everything that is run.',
  no_log: 'Mask the arguments and show neither output nor diff.',
  ignore_errors: 'Report a failure and go on.',
  timeout: 'Time limit in seconds; 900 when absent.',
}

const CONDITIONAL: Keywords = {
  when: 'Condition without braces, or a list of them that must all hold.',
  notify: 'Handlers that run at the end of the section if something changed.',
  delegate_to: "Host on which to run, with this host's values.",
  run_once: 'Run on one host of the batch for all.',
}

const LOOPING: Keywords = {
  loop: 'List to run for, item by item.',
  loop_control: 'How the item is called and shown.',
}

export const PLAY_KEYWORDS: Keywords = {
  name: 'What people read.',
  hosts: 'Hosts to work on: a pattern, or a list of them.',
  ...INHERITED,
  confirm: 'A question that must be answered with yes before anything is changed; --yes answers it.',
  vars_files: 'Files of variables, weaker than vars; relative to the playbook.',
  gather: 'false: templates of the play use no facts.',
  gather_facts: 'The same as gather.',
  serial: 'How many hosts at a time: a number, a percentage, or a list of both.',
  max_fail_percentage: 'More failed hosts of a batch than this, in percent, end the run.',
  any_errors_fatal: 'One failed host ends the run for all.',
  pre_tasks: 'Steps before the roles; handlers notified by them run right after.',
  roles: 'Roles to run before the tasks.',
  tasks: 'Steps.',
  post_tasks: 'Steps after the tasks and their handlers.',
  handlers: 'Steps that run when notified.',
  gate: 'Steps that must hold on each host of a batch before the next batch begins.',
}

export const STEP_KEYWORDS: Keywords = {
  name: 'What people read; may hold templates.',
  ...INHERITED,
  ...CONDITIONAL,
  ...LOOPING,
  register: 'Name for the result.',
  retries: 'Tries after the first: until it does not fail, or until `until` holds.',
  delay: 'Seconds before the first retry; 5 when absent.',
  backoff: 'Factor by which the delay grows with each retry; 1 when absent.',
  until: 'Condition over the result; tried again until it holds.',
  changed_when: 'Conditions over the result that decide whether a command changed something.',
  failed_when: 'Conditions over the result that decide whether it failed.',
}

export const HANDLER_KEYWORDS: Keywords = {
  ...STEP_KEYWORDS,
  listen: 'Topics to run for, besides its name.',
}

export const BLOCK_KEYWORDS: Keywords = {
  name: 'What people read.',
  ...INHERITED,
  ...CONDITIONAL,
  ...LOOPING,
  block: 'Steps.',
  rescue: 'Steps that run when one of the block has failed, and make up for it.',
  always: 'Steps that run in any case, last.',
}

/** Of steps that stand for others, beside the key that says for which. */
export const INCLUDE_KEYWORDS: Keywords = {
  name: 'What people read.',
  ...INHERITED,
  ...CONDITIONAL,
  ...LOOPING,
}

/** Keys that make a step an include, and what may stand below each. */
export const INCLUDES: Readonly<Record<string, Keywords>> = {
  import_tasks: { file: 'File with a list of steps.' },
  include_tasks: { file: 'File with a list of steps.', apply: 'Keys for all of its steps.' },
  import_role: { name: 'Name of the role.', tasks_from: 'File in its tasks/ instead of main.' },
  include_role: {
    name: 'Name of the role.',
    tasks_from: 'File in its tasks/ instead of main.',
    apply: 'Keys for all of its steps.',
  },
}

/** What `apply` may hold. */
export const APPLY_KEYWORDS: Keywords = { ...INHERITED, ...CONDITIONAL }

/** Of an entry of `roles`, and of a role's dependency. */
export const ROLE_KEYWORDS: Keywords = {
  role: 'Name of the role.',
  name: 'The same as role.',
  ...INHERITED,
  ...CONDITIONAL,
}

export const META_KEYWORDS: Keywords = {
  meta: 'flush_handlers: run the handlers notified so far.',
  name: 'What people read.',
  tags: 'Words for --tags and --skip-tags.',
}

/** Of an entry of a playbook that stands for the plays of another. */
export const IMPORT_PLAYBOOK_KEYWORDS: Keywords = {
  import_playbook: 'File with a list of plays.',
  name: 'What people read.',
  when: CONDITIONAL.when as string,
  ...INHERITED,
}

export const LOOP_CONTROL_KEYWORDS: Keywords = {
  loop_var: 'Name of the current item; item when absent.',
  label: 'What is shown of the item; may hold templates.',
}

/** Tasks whose changes repeat by nature, so that only the author can tell whether something changed. */
export const REPEATING_TASKS = ['command']

const USER = "set 'user' in the inventory"

/** Keys that people know from Ansible, and what to do instead. */
const HABITS: Record<string, string> = {
  remote_user: USER,
  connection: "set 'connection' in the inventory",
  port: "set 'port' in the inventory",
  become_method: 'remove it: sudo is used',
  become_flags: 'remove it',
  become_exe: 'remove it: sudo is used',
  check_mode:
    "remove it: a dry run that changed something would lie; 'command' has 'changes: false' for what only reads",
  diff: 'remove it: --diff shows the differences',
  debugger: "remove it: 'provision explain' and -v show what happens",
  collections: 'remove it: tasks have short names',
  module_defaults: 'write the arguments in each step, or in a variable',
  throttle: "use 'serial' of the play, or --forks",
  ignore_unreachable: 'remove it: a host that is unreachable is left out, and the others go on',
}

export const PLAY_HABITS: Record<string, string> = {
  ...HABITS,
  strategy: 'remove it: hosts do not wait for each other inside a play',
  gather_subset: 'remove it: only what templates use is gathered',
  gather_timeout: 'remove it: only what templates use is gathered',
  fact_path: 'remove it: what hosts say of themselves is in facts.NAME',
  force_handlers: 'remove it: the host remembers notified handlers, and the next run completes them',
  order: 'remove it: the hosts of a batch are worked on together',
  vars_prompt: 'give the values with --extra-vars',
  user: USER,
  when: "write it for the steps, or for a 'block' around them",
  notify: 'write it for the steps',
  delegate_to: "write it for the steps, or for a 'block' around them",
  run_once: "write it for the steps, or for a 'block' around them",
  throttle: "use 'serial', or --forks",
  environments: "write 'environment'",
  block: "write it under 'tasks'",
  import_tasks: "write it under 'tasks'",
  include_tasks: "write it under 'tasks'",
}

export const STEP_HABITS: Record<string, string> = {
  ...HABITS,
  with_fileglob: "write 'loop' with the list of files",
  with_indexed_items: 'write loop: "{{ range(list | length) | list }}" and take list[item]',
  with_lines: "register a command with delegate_to: localhost, and write loop: '{{ NAME.stdout_lines }}'",
  with_file: "write loop: with the names, and {{ lookup('file', item) }}",
  with_inventory_hostnames: 'write loop: "{{ groups.NAME }}"',
  with_first_found: "write one step for each file, each with its own 'when'",
  with_random_choice: 'every run would choose another; write the value',
  listen: "only handlers have 'listen'",
  async: "remove it; set 'timeout' if the step takes long",
  poll: "remove it; set 'timeout' if the step takes long",
  any_errors_fatal: 'write it for the play: one failed host then ends the run for all',
  max_fail_percentage: 'write it for the play',
  args: 'write these arguments below the task, beside its others',
  action: 'write the task as a key, with its arguments below it',
  local_action: "write the task as a key, and 'delegate_to' beside it",
  hosts: "only plays have 'hosts'; another playbook is brought in by 'import_playbook' beside the plays",
}

const STEPS_ONLY = 'write it for the steps inside'

/** Keys of steps that blocks and includes don't have. */
export const BLOCK_HABITS: Record<string, string> = {
  ...STEP_HABITS,
  register: STEPS_ONLY,
  retries: STEPS_ONLY,
  delay: STEPS_ONLY,
  backoff: STEPS_ONLY,
  until: STEPS_ONLY,
  changed_when: STEPS_ONLY,
  failed_when: STEPS_ONLY,
  args: 'write it below the key that it belongs to',
}

export const LOOP_CONTROL_HABITS: Record<string, string> = {
  index_var: 'write loop: "{{ range(list | length) | list }}" and take list[item]',
  extended: 'remove it',
  pause: 'remove it',
}

/** Arguments of Ansible's includes. */
export const INCLUDE_HABITS: Record<string, string> = {
  tasks: "write 'tasks_from'",
  role: "write 'name'",
  vars_from: "write the variables under 'vars' of the step",
  defaults_from: "write the variables under 'vars' of the step",
  handlers_from: "the role's handlers/main is read",
  public: "remove it: a role's variables hold for its own steps",
  allow_duplicates: 'remove it: an include runs as often as it is written',
  rolespec_validate: 'remove it',
}
