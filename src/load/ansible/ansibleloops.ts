import type { Json } from '../../core/json.ts'
import { hasTemplate } from '../template/template.ts'
import { isMapping } from '../template/values.ts'

/** A loop in Ansible's old words as a list or a template of one; undefined: `cure` says what to write. */
export interface OldLoop {
  loop?: Json
  cure: string
}

type Turn = (value: Json) => Json | undefined

/** By their names: how each becomes a `loop`, and what to write where that can't be told. */
const OLD_LOOPS: Record<string, { turn: Turn; cure: string }> = {
  with_list: { turn: asList, cure: 'write loop: with a list' },
  with_items: { turn: flattened, cure: 'write loop: "{{ [A, B] | flatten(levels=1) }}"' },
  with_flattened: { turn: flattened, cure: 'write loop: "{{ [A, B] | flatten }}"' },
  with_dict: { turn: pairs, cure: 'write loop: "{{ mapping | dict2items }}"' },
  with_sequence: { turn: sequence, cure: 'write loop: "{{ range(FIRST, LAST + 1) | list }}"' },
  with_together: { turn: joined('zip_longest'), cure: 'write loop: "{{ A | zip(B) | list }}"' },
  with_nested: { turn: joined('product'), cure: 'write loop: "{{ A | product(B) | list }}"' },
  with_cartesian: { turn: joined('product'), cure: 'write loop: "{{ A | product(B) | list }}"' },
  with_subelements: { turn: subelements, cure: `write loop: "{{ A | subelements('KEY') }}"` },
}

/** Keys of steps that are understood as a loop. */
export const OLD_LOOP_KEYS = Object.keys(OLD_LOOPS)

export function readOldLoop(key: string, value: Json): OldLoop {
  const { turn, cure } = OLD_LOOPS[key] as { turn: Turn; cure: string }
  return { loop: turn(value), cure }
}

function asList(value: Json): Json | undefined {
  return Array.isArray(value) || (typeof value === 'string' && expressionOf(value) !== undefined)
    ? value
    : undefined
}

/** Lists among the items count as their items, one level deep. */
function flattened(value: Json): Json | undefined {
  if (typeof value === 'string') return filtered(value, 'flatten(levels=1)')
  if (!Array.isArray(value)) return isMapping(value) ? undefined : [value]
  const unsure = value.some((one) => typeof one === 'string' && expressionOf(one) !== undefined)
  return unsure ? joinedItems(value) : value.flat(1)
}

function joinedItems(items: Json[]): string | undefined {
  const expressions = items.map(asExpression)
  if (expressions.includes(undefined)) return undefined
  return `{{ [${expressions.join(', ')}] | flatten(levels=1) }}`
}

function pairs(value: Json): Json | undefined {
  if (isMapping(value)) return Object.entries(value).map(([key, one]) => ({ key, value: one }))
  return typeof value === 'string' ? filtered(value, 'dict2items') : undefined
}

const SEQUENCE = /^(?:start=)?(\d+)[-\s]+(?:end=)?(\d+)$|^count=(\d+)$/

/** Its items are texts, as Ansible's are. */
function sequence(value: Json): Json | undefined {
  const [, first, last, count] = (typeof value === 'string' && SEQUENCE.exec(value.trim())) || []
  const [from, to] = count === undefined ? [Number(first), Number(last)] : [1, Number(count)]
  if (Number.isNaN(from) || to - from > 10_000) return undefined
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => String(from + index))
}

function joined(filter: string): Turn {
  return (value) => {
    const expressions = Array.isArray(value) ? value.map(asExpression) : []
    const [first, ...others] = expressions
    if (first === undefined || others.length === 0 || others.includes(undefined)) return undefined
    return `{{ (${first}) | ${filter}(${others.join(', ')}) | list }}`
  }
}

function subelements(value: Json): Json | undefined {
  const [from, key, ...more] = Array.isArray(value) ? value : []
  const first = from === undefined ? undefined : asExpression(from)
  if (first === undefined || typeof key !== 'string' || hasTemplate(key) || more.length > 0) return undefined
  return `{{ (${first}) | subelements(${JSON.stringify(key)}) }}`
}

/** `{{ x }}` with a filter on a line of its own behind it, so that columns stay as they are where the braces have blanks. */
function filtered(value: string, filter: string): string | undefined {
  const expression = expressionOf(value)
  if (expression === undefined) return hasTemplate(value) ? undefined : value
  const open = expression.startsWith(' ') ? expression.slice(1) : expression
  return `{{(${open})\n| ${filter} }}`
}

/** What stands in the braces of a text that is one single template. */
export function expressionOf(text: string): string | undefined {
  const [, inside] = /^\{\{-?((?:(?!\}\}|\{\{).)*?)-?\}\}$/s.exec(text.trim()) ?? []
  return inside
}

function asExpression(value: Json): string | undefined {
  if (typeof value === 'string') {
    const expression = expressionOf(value)
    if (expression !== undefined) return `(${expression.trim()})`
    return hasTemplate(value) ? undefined : JSON.stringify(value)
  }
  const text = JSON.stringify(value)
  return hasTemplate(text) ? undefined : text
}
