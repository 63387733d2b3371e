/** Ansible's names for what our short names mean; the first that is given counts. */
export const CONNECTION_NAMES: Record<string, string[]> = {
  connection: ['ansible_connection'],
  address: ['ansible_host', 'ansible_ssh_host'],
  port: ['ansible_port', 'ansible_ssh_port'],
  user: ['ansible_user', 'ansible_ssh_user'],
  key: ['ansible_ssh_private_key_file', 'ansible_private_key_file'],
  become: ['ansible_become'],
  become_user: ['ansible_become_user'],
  become_method: ['ansible_become_method'],
  become_password: ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass'],
}

/** Arguments of ssh; what an earlier one says wins, as on ssh's command line. */
export const SSH_ARGS = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args']

/** Values that are never shown, and that templates don't see. */
export const PASSWORDS = new Set([
  'become_password',
  ...(CONNECTION_NAMES.become_password as string[]),
  'ansible_password',
  'ansible_ssh_pass',
])

/** Everything that says how to reach a host. */
export const ANSIBLE_NAMES = new Set([
  ...Object.values(CONNECTION_NAMES).flat(),
  ...SSH_ARGS,
  'ansible_password',
  'ansible_ssh_pass',
])

/** Means something to Ansible that has no counterpart where nothing is installed on hosts. */
export const ANSIBLE_ONLY =
  /^ansible_(\w+_interpreter|shell_\w+|remote_tmp|pipelining|(ssh_|paramiko_)\w+|s(cp|ftp)_\w+|become_(exe|flags)|(connect_|command_)?timeout|group_priority|winrm_\w+|psrp_\w+|docker_\w+|network_os|httpapi_\w+|facts|local|check_mode|managed|async_dir|env_\w+)$/

const SAYS_ANSIBLE = new Set([
  ...['connection', 'address', 'port', 'user', 'key'].flatMap((name) => CONNECTION_NAMES[name] as string[]),
  ...SSH_ARGS,
])

/** Whether any of these variables says how to connect in Ansible's words. */
export function speaksAnsible(names: Iterable<string>): boolean {
  for (const name of names) if (SAYS_ANSIBLE.has(name)) return true
  return false
}
