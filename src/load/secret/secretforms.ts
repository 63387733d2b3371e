import { dirname, resolve } from 'node:path'
import { didYouMean } from '../../base/suggest.ts'
import type { SecretSource } from './secret.ts'
import { encryptedBytes } from './secretarmor.ts'
import { SecretError } from './secreterror.ts'
import { expandHome } from './secretkeys.ts'

/** Somebody has written the secret itself: its line must not be shown. */
export class PlainSecret extends SecretError {}

const WAYS = ['env', 'file', 'prompt', 'command']
const EXAMPLE = 'write {env: NAME}, {file: PATH}, {prompt: QUESTION} or {command: COMMAND}'

/** What a value tagged `!secret` in that file means. Throws SecretError. */
export function readSecret(content: string | Map<string, unknown>, file: string): SecretSource {
  if (typeof content === 'string') return readEncrypted(content)
  const [[way, value] = [], ...others] = [...content]
  const unknown = [...content.keys()].find((key) => !WAYS.includes(key))
  if (unknown !== undefined)
    throw new SecretError(`'${unknown}' is no way to get a secret`, didYouMean(unknown, WAYS))
  if (way === undefined || others.length > 0)
    throw new SecretError(`a secret comes from exactly one of ${WAYS.join(', ')}`, EXAMPLE)
  if (typeof value !== 'string' || value.trim() === '')
    throw new SecretError(`'${way}' of a secret must be text`, EXAMPLE)
  if (value.includes('{{'))
    throw new SecretError(`'${way}' of a secret can't hold a template`, 'write it out')
  return sourceOf(way, value, file)
}

function readEncrypted(text: string): SecretSource {
  if (text.trim() === '') throw new SecretError('the secret is empty', EXAMPLE)
  if (!text.trimStart().startsWith('-----BEGIN'))
    throw new PlainSecret(
      'this secret is not encrypted',
      `encrypt it with 'provision secret encrypt', or ${EXAMPLE}`,
    )
  encryptedBytes(text)
  return { from: 'age', text }
}

function sourceOf(way: string, value: string, file: string): SecretSource {
  const folder = resolve(dirname(file))
  if (way === 'file') return { from: 'file', path: expandHome(value, folder) }
  if (way === 'prompt') return { from: 'prompt', question: value.replace(/[:\s]+$/, '') }
  if (way === 'command') return { from: 'command', command: value, folder }
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(value)) return { from: 'env', name: value }
  throw new SecretError("this can't be the name of an environment variable", "use letters, digits and '_'")
}
