import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { userProbe } from '../src/probe/accounts.ts'
import { accountName } from '../src/probe/arguments.ts'
import { type AuthorizedKeysFact, authorizedKeysProbe } from '../src/probe/authorizedkeys.ts'
import { contentFact } from '../src/probe/files.ts'
import type { SeenFile } from '../src/probe/filesurvey.ts'
import { insertLine, joinLines, type Line, splitLines } from '../src/probe/lines.ts'

export default defineTask({
  name: 'authorized_key',
  summary: 'Lets SSH keys log in as a user, or no longer.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['user'],
    oneOf: [{ required: ['key'] }, { required: ['src'] }],
    properties: {
      user: { ...accountName, description: 'Whose account; his home directory must exist.' },
      key: {
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
        description: 'Public keys, one to a line, as in id_ed25519.pub; options may stand before a key.',
      },
      src: {
        type: 'string',
        format: 'local-file',
        description: 'A file of the controller with public keys, in place of key.',
      },
      state: { enum: ['present', 'absent'], default: 'present', description: 'Whether the keys may log in.' },
      exclusive: { type: 'boolean', default: false, description: 'Remove all other keys of that user.' },
    },
  },
  example: `- name: The key of the laptop
  authorized_key:
    user: pi
    key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJvYmJ5 laptop
`,
  returns: {},
  probes: ({ user }) => ({ user: userProbe(user), keys: authorizedKeysProbe(user) }),
  plan({ user: name, key, src, state, exclusive }, { user, keys }) {
    const wanted = [key ?? src?.text ?? []].flat().flatMap(parseKeys)
    if (wanted.length === 0) throw new TaskError('there is no key in what was given')
    if (user === null) {
      if (state === 'absent') return []
      throw new TaskError(`there is no user ${name}`, "create it in an earlier step, with the task 'user'")
    }
    const old = keys?.file?.text ?? ''
    const text = state === 'absent' ? without(old, wanted) : withKeys(old, wanted, exclusive)
    return plan(name, user, keys, text)
  },
})

interface Key {
  line: string
  /** Type and key proper, which tell one key from another; options and comment don't. */
  id: string
}

const KEY = /(?:^|\s)((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+ +AAAA[A-Za-z0-9+/=]+)(?:\s|$)/

function keyOf(line: string): string | undefined {
  return line.startsWith('#') ? undefined : KEY.exec(line)?.[1]?.replace(/ +/, ' ')
}

function parseKeys(text: string): Key[] {
  if (text.includes('PRIVATE KEY'))
    throw new TaskError('this is a private key', 'give the public one, from the file ending in .pub')
  const lines = splitLines(text).map((line) => line.text.trim())
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const id = keyOf(line)
      if (id === undefined)
        throw new TaskError(
          `'${line.slice(0, 40)}' is no public SSH key`,
          'a key looks like: ssh-ed25519 AAAA… comment',
        )
      return { line, id }
    })
}

function without(text: string, keys: Key[]): string {
  const ids = new Set<string | undefined>(keys.map(({ id }) => id))
  return joinLines(
    splitLines(text).filter((line) => !ids.has(keyOf(line.text)) || keyOf(line.text) === undefined),
  )
}

function withKeys(text: string, keys: Key[], exclusive: boolean): string {
  let lines: Line[] = splitLines(text)
  const ids = new Set(keys.map(({ id }) => id))
  if (exclusive)
    lines = lines.filter((line) => ids.has(keyOf(line.text) ?? '') || keyOf(line.text) === undefined)
  for (const { line, id } of keys) {
    const at = lines.findIndex((one) => keyOf(one.text) === id)
    const old = lines[at]
    lines = old === undefined ? insertLine(lines, line, lines.length) : lines.with(at, { ...old, text: line })
  }
  return joinLines(lines)
}

type User = { home: string; group: string | null }

/** sshd ignores keys in a file or directory that others may write to: owner and mode are part of the matter. */
function plan(name: string, user: User, keys: AuthorizedKeysFact, text: string): Change[] {
  const home = keys?.home ?? user.home
  const [directory, path] = [`${home}/.ssh`, `${home}/.ssh/authorized_keys`]
  const [oldDirectory, oldFile] = [keys?.directory ?? null, keys?.file ?? null]
  if (oldDirectory && oldDirectory.type !== 'directory')
    throw new TaskError(`${directory} is not a directory`)
  if (oldFile && oldFile.text === null) throw new TaskError(`${path} is not a readable text file`)
  if (text === '' && oldFile === null) return []
  const owned = { owner: name, group: user.group ?? name }
  const after = {
    home,
    directory: {
      type: 'directory',
      mode: '0700',
      ...owned,
      size: 0,
      sha256: null,
      text: null,
    } satisfies SeenFile,
    file: { type: 'file', mode: '0600', ...owned, ...contentFact({ text }) } satisfies SeenFile,
  }
  const change: Change = { summary: '', actions: [], effects: [effect(authorizedKeysProbe(name), after)] }
  const said: string[] = []
  if (!oldDirectory || !isPrivate(oldDirectory, name, '0700')) {
    said.push(oldDirectory ? `make ${directory} 0700 ${name}` : `create ${directory}`)
    const script = sh`mkdir -p -- ${directory} && chown -h -- ${`${name}:`} ${directory} && chmod -- 0700 ${directory}`
    change.actions.push({ do: 'run', script })
  }
  if (!oldFile || oldFile.text !== text || !isPrivate(oldFile, name, '0600')) {
    said.push(`${oldFile ? 'change' : 'create'} ${path}`)
    change.actions.push({ do: 'put', path, content: { text }, mode: '0600', ...owned })
    change.diff = { title: path, before: oldFile?.text ?? '', after: text }
  }
  change.summary = said.join(', ')
  return said.length === 0 ? [] : [change]
}

function isPrivate(file: SeenFile, owner: string, mode: string): boolean {
  return file.owner === owner && file.mode === mode
}
