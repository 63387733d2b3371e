import type { Json, JsonObject } from '../core/json.ts'
import { known, locate, value } from './expressions.ts'
import { Frame, type Names } from './frame.ts'
import { isLate, LATE } from './late.ts'
import { lateItem } from './lateshapes.ts'
import type { Node, Template } from './template.ts'
import { isLookup, list, member, plain, textOf, truth, type Value } from './values.ts'

export type { Names }

/** The value of a template: of any type when it is one expression, else text. Throws TemplateError. */
export function evaluate(template: Template, names: Names): Json {
  if (template.expression !== undefined) return evaluateExpression(template.expression, names)
  return output(template.root, new Frame(names))
}

/** The value of a bare expression. Throws TemplateError. */
export function evaluateExpression(expression: Node, names: Names): Json {
  return known(expression, new Frame(names))
}

function output(node: Node, frame: Frame): string {
  const { typename } = node
  if (typename === 'Output') return (node.children as Node[]).map((child) => shown(child, frame)).join('')
  if (typename === 'If') return outputIf(node, frame)
  if (typename === 'For') return outputFor(node, frame)
  if (typename === 'Set') return assign(node, frame)
  return (node.children as Node[]).map((child) => output(child, frame)).join('')
}

function shown(node: Node, frame: Frame): string {
  if (node.typename === 'TemplateData') return node.value as string
  return locate(node, () => textOf(plain(value(node, frame))))
}

function outputIf(node: Node, frame: Frame): string {
  const condition = plain(value(node.cond, frame))
  if (isLate(condition)) {
    // Both ways are walked, so that mistakes in either are found.
    output(node.body, new Frame(frame))
    if (node.else_) output(node.else_, new Frame(frame))
    return LATE
  }
  if (truth(condition)) return output(node.body, frame)
  return node.else_ ? output(node.else_, frame) : ''
}

function outputFor(node: Node, frame: Frame): string {
  // `for x in list if condition` parses as an inline if around the list.
  const filtered =
    node.arr.typename === 'InlineIf' && node.arr.else_ === null ? (node.arr as Node) : undefined
  const given = locate(node, () => value(filtered?.body ?? node.arr, frame))
  const source = locate(node, () => iterable(given))
  const targets = (node.name.typename === 'Array' ? node.name.children : [node.name]) as Node[]
  const frames = (source ?? [lateItem(given)]).map((item) => bindTargets(targets, item, frame))
  const conditions = frames.map((inner) => (filtered ? plain(value(filtered.cond, inner)) : true))
  const chosen = frames.filter((_, index) => isLate(conditions[index]) || truth(conditions[index] as Json))
  if (chosen.length === 0) return node.else_ ? output(node.else_, frame) : ''
  const texts = chosen.map((inner, index) => {
    inner.set('loop', loopVariable(index, chosen.length))
    return output(node.body, inner)
  })
  return source === undefined || conditions.some(isLate) ? LATE : texts.join('')
}

/** The items, or undefined when they are not known yet. */
function iterable(source: Value): Json[] | undefined {
  if (isLookup(source)) return source.keys()
  const given = plain(source)
  return isLate(given) && !Array.isArray(given) ? undefined : list(given, "'for'")
}

function bindTargets(targets: Node[], item: Json, outer: Frame): Frame {
  const inner = new Frame(outer)
  const [only, ...others] = targets
  if (only !== undefined && others.length === 0) inner.set(only.value as string, item)
  else
    for (const [index, target] of targets.entries())
      inner.set(target.value as string, plain(member(item, index)))
  return inner
}

function loopVariable(index: number, length: number): JsonObject {
  return {
    index: index + 1,
    index0: index,
    revindex: length - index,
    revindex0: length - index - 1,
    first: index === 0,
    last: index === length - 1,
    length,
  }
}

function assign(node: Node, frame: Frame): string {
  const assigned = node.value ? plain(value(node.value, frame)) : output(node.body.body, new Frame(frame))
  const targets = node.targets as Node[]
  for (const [index, target] of targets.entries())
    frame.set(target.value as string, targets.length === 1 ? assigned : plain(member(assigned, index)))
  return ''
}
