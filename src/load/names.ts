/** Names that templates get from us; no variable may carry one. */
export const MAGIC_NAMES = [
  'inventory_hostname',
  'groups',
  'group_names',
  'hosts',
  'hostvars',
  'play_hosts',
  'check_mode',
  'yes_delete_data',
  'facts',
  'playbook_dir',
  'item',
  'omit',
]

const WORDS = ['true', 'false', 'none', 'null', 'and', 'or', 'not', 'in', 'is', 'if', 'else', 'range', 'loop']

/** Why a name can't be a variable, with what to do instead; undefined when it can. */
export function explainName(name: string): { message: string; hint: string } | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const hint = `use letters, digits and _, e.g. '${name.replaceAll(/[^A-Za-z0-9_]+/g, '_').replace(/^\d/, '_$&')}'`
    return { message: `'${name}' can't be the name of a variable`, hint }
  }
  if (MAGIC_NAMES.includes(name) || WORDS.includes(name.toLowerCase()))
    return { message: `'${name}' is a reserved name`, hint: 'choose another name for the variable' }
  return undefined
}
