/** Numbers from 0 up to but not including 1, the same for the same seed. */
export type Dice = () => number

export function dice(seed: number): Dice {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function below(count: number, roll: Dice): number {
  return Math.floor(roll() * count)
}

export function pick<T>(list: readonly T[], roll: Dice): T {
  return list[below(list.length, roll)] as T
}

const PIECES = [
  '\t',
  '\n',
  '  ',
  ':',
  ': ',
  '- ',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  '#',
  '&a',
  '*a',
  '<<: ',
  '|',
  '>',
  '!',
  '@',
  'null',
  'true',
  '0644',
  '1.30',
  '~',
  '---\n',
  '...',
  '__proto__',
  'constructor',
  '!secret ',
  '!!binary x',
  '.inf',
  'é',
  '日本',
  '\u{1f600}',
  '\u0000',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\u202e',
  '\u00a0',
  'a'.repeat(300),
]

const FRAGMENTS = [
  '{{',
  '}}',
  '{%',
  '%}',
  '{#',
  '#}',
  '{{ }}',
  '{{ x }}',
  "{{ 'a' * 99999999 }}",
  '{{ l[::-1] }}',
  '{% if x %}',
  '{% for a in range(100000) %}{{ a }}{% endfor %}',
  '{{ hosts.rpi01 }}',
  '{{ hosts[x][y] }}',
  '{{ groups | to_json }}',
  '{{ [1] | map("nope") }}',
  '{{ "(" | regex_search("(") }}',
  "{{ lookup('env', 'NOPE') }}",
  '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}',
  "{{ ''.constructor }}",
  '{{ 1 / 0 }}',
  '{{ facts.nope }}',
  '{{ item }}',
  '| nope',
  'is x',
  '{{ (((((1))))) }}',
]

const VALUES = [
  '',
  '1',
  '-1',
  '1e999',
  'true',
  'null',
  'x',
  '[]',
  '{}',
  '[1, [2]]',
  '{a: {b: c}}',
  '"{{ x }}"',
  '!secret x',
  '0x1f',
  '2020-01-01',
  '*a',
  '|',
  '>-',
]

const KEYS = [
  'hosts',
  'tasks',
  'when',
  'loop',
  'vars',
  'block',
  'rescue',
  'include_tasks',
  'import_playbook',
  'roles',
  'serial',
  'until',
  'register',
  'notify',
  'handlers',
  'gate',
  'become_user',
  'delegate_to',
  'children',
  'address',
  '__proto__',
  'toString',
  '1',
  '? a',
]

type Mutation = (text: string, roll: Dice) => string

/** Changes some lines; `change` gets one of them and gives what takes its place. */
const onLine =
  (change: (line: string, roll: Dice) => string): Mutation =>
  (text, roll) => {
    const lines = text.split('\n')
    const at = below(lines.length, roll)
    lines[at] = change(lines[at] as string, roll)
    return lines.join('\n')
  }

const insert =
  (pieces: readonly string[]): Mutation =>
  (text, roll) => {
    const at = below(text.length + 1, roll)
    return text.slice(0, at) + pick(pieces, roll) + text.slice(at + below(4, roll))
  }

export const MUTATIONS: Mutation[] = [
  (text, roll) => {
    const at = below(text.length, roll)
    return (
      text.slice(0, at) +
      String.fromCharCode(text.charCodeAt(at) ^ (1 << below(7, roll))) +
      text.slice(at + 1)
    )
  },
  insert(PIECES),
  insert(FRAGMENTS),
  onLine(() => ''),
  onLine((line) => `${line}\n${line}`),
  onLine((line) => `  ${line}`),
  onLine((line) => line.replace(/^ {1,2}/, '')),
  onLine((line) => line.replace(/^ +/, '\t')),
  onLine((line, roll) => line.replace(/[\w.]+(?=:)/, () => pick(KEYS, roll))),
  onLine((line, roll) => line.replace(/: .*$/, () => `: ${pick(VALUES, roll)}`)),
  onLine((line, roll) => line.replace(/: .*$/, () => `: "${pick(FRAGMENTS, roll).replaceAll('"', "'")}"`)),
  onLine((line, roll) => line.slice(0, below(line.length + 1, roll))),
  (text, roll) => {
    const lines = text.split('\n')
    const [a, b] = [below(lines.length, roll), below(lines.length, roll)]
    ;[lines[a], lines[b]] = [lines[b] as string, lines[a] as string]
    return lines.join('\n')
  },
  (text, roll) => text.slice(0, below(text.length, roll)),
  (text, roll) => {
    const [a, b] = [below(text.length, roll), below(text.length, roll)]
    return text.slice(0, a) + text.slice(b, b + 200) + text.slice(a)
  },
]

/** One to three mutations of a text. */
export function mutated(text: string, roll: Dice): string {
  let result = text
  for (let left = 1 + below(3, roll); left > 0; left--) result = pick(MUTATIONS, roll)(result, roll)
  return result
}
