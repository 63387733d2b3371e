/** What Jinja and Ansible have and templates here have not, with what to do instead. */

const NOT_REPEATABLE = 'every run would give another value, so no host would ever be as described'
const HTML = 'it makes web pages; what is written here is configuration'
const ADDRESSES = "write addresses as variables, or take them apart with .split('.') and regex_search"
const TIME = 'a template does not know the time; run date on the host in a command and register it'
const CONTROLLER = 'templates do not look at the files of this machine; use copy with src'

export const REFUSED_FILTERS: Record<string, string> = {
  random: `${NOT_REPEATABLE}; write the value as a variable`,
  shuffle: NOT_REPEATABLE,
  random_mac: NOT_REPEATABLE,
  password_hash: 'its salt is new each time; write the hash itself as a secret (openssl passwd -6 makes one)',
  vault: 'write the value as !secret',
  unvault: 'write the value as !secret; it is decrypted when it is read',
  expanduser: 'templates do not know the homes of users; write the whole path',
  expandvars: "write {{ lookup('env', 'NAME') }}",
  realpath: CONTROLLER,
  fileglob: CONTROLLER,
  strftime: TIME,
  to_datetime: TIME,
  json_query: 'use map, selectattr and the like',
  ipaddr: ADDRESSES,
  ipv4: ADDRESSES,
  ipv6: ADDRESSES,
  ipwrap: ADDRESSES,
  ipsubnet: ADDRESSES,
  ipmath: ADDRESSES,
  attr: "write x.name or x['name']",
  pprint: 'use to_nice_json',
  urlize: HTML,
  xmlattr: HTML,
  striptags: HTML,
  forceescape: HTML,
}

export const REFUSED_TESTS: Record<string, string> = {
  callable: 'values here are data',
  escaped: 'nothing is escaped by itself',
  file: CONTROLLER,
  exists: CONTROLLER,
  directory: CONTROLLER,
  link: CONTROLLER,
  mount: CONTROLLER,
  vault_encrypted: 'secrets are decrypted when they are read',
  started: 'commands are waited for',
  finished: 'commands are waited for',
}

export const REFUSED_FUNCTIONS: Record<string, string> = {
  now: TIME,
  cycler: 'in a loop write loop.cycle(...)',
  joiner: 'use | join, or {% if not loop.last %}',
  lipsum: NOT_REPEATABLE,
  super: 'templates do not inherit',
  self: 'templates do not inherit',
}

export const REFUSED_STATEMENTS: Record<string, string> = {
  extends: 'templates do not inherit; use include',
  block: 'templates do not inherit; use include',
  import: 'define the macro in the template that uses it',
  from: 'define the macro in the template that uses it',
  do: 'use set',
  break: 'give the loop a condition: {% for x in list if ... %}',
  continue: 'give the loop a condition: {% for x in list if ... %}',
  autoescape: 'nothing is escaped by itself; use quote, to_json or escape',
  trans: 'write the text itself',
  recursive: 'use a macro that calls itself',
  'ignore missing': 'write {% if %} around the include',
}

/** Kinds of lookup() that are refused; env and file there are. */
export const REFUSED_LOOKUPS: Record<string, string> = {
  pipe: 'run it in a command with delegate_to, and register what it prints',
  lines: 'run it in a command with delegate_to, and register what it prints',
  password: 'write the password as !secret',
  random_choice: NOT_REPEATABLE,
  random_string: NOT_REPEATABLE,
  url: 'download it in a command, and register what it prints',
  fileglob: 'write the list of files as a variable',
  first_found: 'name the file with a variable or a condition',
  template: 'use {% include %}',
  vars: "write the variable's name; of another host: hosts.NAME.VARIABLE",
  dict: 'use | dict2items',
  items: 'write the list itself',
  list: 'write the list itself',
  sequence: 'use range(first, last + 1)',
  subelements: 'use the filter subelements',
  nested: 'use the filter product',
  together: 'use the filter zip',
  ini: 'write the value as a variable',
  csvfile: 'write the values as a variable',
  config: 'write the value as a variable',
  inventory_hostnames: 'use groups.NAME',
  varnames: 'write the names',
  community: 'such plugins are Python; write the value as a variable or !secret',
}
