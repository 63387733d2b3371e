const INVENTORY =
  'set it in the inventory, or for this run: -e ansible_user=NAME, -e ansible_ssh_private_key_file=FILE'
const BECOME = "write 'become: true' in the play or the step"
const SECRETS = "secrets are opened by your key: see 'provision secret --help'"
const VALIDATE = 'write: provision validate PLAYBOOK --steps'

/** Options of Ansible's commands that are not here, and what to do instead. */
const CURES: Record<string, string> = {
  '--syntax-check': 'write: provision validate PLAYBOOK',
  '--list-tasks': VALIDATE,
  '--list-tags': VALIDATE,
  '--list-hosts': VALIDATE,
  '--step': 'see each change before it is made: --check --diff',
  '--start-at-task': 'leave it out: what is done already is only looked at; or choose steps by --tags',
  '--become': BECOME,
  '-b': BECOME,
  '--become-user': "write 'become_user' in the play or the step",
  '--user': INVENTORY,
  '-u': INVENTORY,
  '--private-key': INVENTORY,
  '--key-file': INVENTORY,
  '--ask-pass': "hosts are logged in to with keys: bring yours with 'ssh-copy-id'",
  '-k': "hosts are logged in to with keys: bring yours with 'ssh-copy-id'",
  '--ask-vault-pass': SECRETS,
  '--ask-vault-password': SECRETS,
  '-J': SECRETS,
  '--vault-password-file': SECRETS,
  '--vault-id': SECRETS,
  '-a': 'write the command last: provision exec PATTERN -- COMMAND',
  '--args': 'write the command last: provision exec PATTERN -- COMMAND',
  '-m': "there is 'provision ping', 'facts' and 'exec PATTERN -- COMMAND'; tasks stand in playbooks",
  '--module-name':
    "there is 'provision ping', 'facts' and 'exec PATTERN -- COMMAND'; tasks stand in playbooks",
}

/** What commander says of an option that there is not, with what to write instead where people know it from Ansible. */
export function withCure(said: string): string {
  const [, option = ''] = /unknown option '([^'=]+)/.exec(said) ?? []
  return Object.hasOwn(CURES, option) ? `${said.trimEnd()}\n  hint: ${CURES[option]}\n` : said
}
