import { isMapping } from '../template/values.ts'
import type { Json } from '../../core/json.ts'
import type { Given } from './ansiblerules.ts'
import { pointerKey } from '../yaml/plaindata.ts'

const PAIR = /(\w+)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:\{\{.*?\}\}|\S)*)\s*/y

/** `name=nginx state=present`, argument by argument; undefined when the text is not made of that. */
export function readPairs(text: string, pointer: string): Given[] | undefined {
  const found: Given[] = []
  PAIR.lastIndex = text.length - text.trimStart().length
  while (PAIR.lastIndex < text.length) {
    const match = PAIR.exec(text)
    if (match === null) return undefined
    found.push(pairOf(match, text, pointer))
    PAIR.lastIndex = match.index + match[0].length
  }
  return found.length === 0 ? undefined : found
}

function pairOf(match: RegExpExecArray, text: string, pointer: string): Given {
  const [whole, name = '', value = ''] = match
  const quoted = /^(["'])(.*)\1$/s.exec(value)
  const at = match.index + whole.indexOf('=') + (quoted ? 2 : 1)
  return {
    name,
    value: unquoted(value, quoted),
    pointer,
    bare: true,
    ...shiftsOf(text, match.index + whole.search(/\S/), at),
  }
}

function unquoted(value: string, quoted: RegExpExecArray | null): string {
  if (quoted === null) return value
  const inner = quoted[2] as string
  return quoted[1] === '"' ? inner.replaceAll(/\\(["\\])/g, '$1') : inner
}

/** Only in a text of one line do columns count from its beginning. */
function shiftsOf(text: string, keyShift: number, shift: number): { keyShift?: number; shift?: number } {
  return text.includes('\n') ? {} : { keyShift, shift }
}

const OPTION = /(?:^|\s)(creates|removes|chdir|stdin|executable|warn)=("[^"]*"|'[^']*'|(?:\{\{.*?\}\}|\S)+)/g

/** The words of a command, and the options that Ansible looks for among them. */
export function readCommand(text: string, pointer: string): Given[] {
  const options = [...text.matchAll(OPTION)].map((match) => pairOf(match as RegExpExecArray, text, pointer))
  const start = text.length - text.trimStart().length
  const rest = options.length === 0 ? text : text.replaceAll(OPTION, '').trim()
  const cmd: Given = { name: 'cmd', value: rest, pointer, bare: true }
  if (text.startsWith(rest, start)) Object.assign(cmd, shiftsOf(text, 0, options.length === 0 ? 0 : start))
  return rest === '' ? options : [cmd, ...options]
}

/** Everything that stands below the key of a module, and below `args` beside it. */
export function readGiven(value: Json, pointer: string, beside: Json, free?: string): Given[] | undefined {
  const below = ofMapping(beside, '/args')
  if (value === null) return below
  if (isMapping(value)) return [...ofMapping(value, pointer), ...below]
  if (typeof value !== 'string') return undefined
  if (free === 'cmd') return [...readCommand(value, pointer), ...below]
  const pairs = readPairs(value, pointer)
  if (pairs !== undefined) return [...pairs, ...below]
  return free === undefined ? undefined : [{ name: free, value, pointer, bare: true }, ...below]
}

function ofMapping(value: Json, pointer: string): Given[] {
  if (!isMapping(value)) return []
  return Object.entries(value).map(([name, one]) => {
    return { name, value: one, pointer: `${pointer}/${pointerKey(name)}` }
  })
}
