import type { Json } from '../../core/json.ts'
import { parseExpression, parseTemplate, hasTemplate, type Template } from '../template/template.ts'
import { TemplateError } from '../template/templateerror.ts'

/** Names that templates may look up; what they spell out as text counts, too: hosts[x]['name']. */
export class Mentions {
  readonly names = new Set<string>()
  /** Files that templates include. */
  readonly files = new Set<string>()
  /** A template looks up what it makes up itself, so that any name may be meant. */
  dynamic = false

  /** Text that may hold a template, or data with such texts in it. */
  addValue(value: Json | undefined): void {
    if (typeof value === 'string') {
      if (hasTemplate(value)) this.#attempt(() => parseTemplate(value).body)
    } else if (value !== null && typeof value === 'object')
      for (const one of Object.values(value)) this.addValue(one)
  }

  addExpression(source: string | boolean): void {
    if (typeof source === 'string') this.#attempt(() => parseExpression(source))
  }

  addTemplate(template: Template): void {
    this.#walk(template.body)
  }

  /** What can't be parsed is reported elsewhere. */
  #attempt(parse: () => object): void {
    try {
      this.#walk(parse())
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
    }
  }

  #walk(node: object): void {
    const { kind, name, value, file, key, target } = node as Record<string, unknown>
    if (kind === 'name') this.names.add(name as string)
    else if (kind === 'literal' && typeof value === 'string') this.names.add(value)
    else if (kind === 'include') this.#include(file as object)
    else if (kind === 'member' && isDynamic(key, target)) this.dynamic = true
    for (const child of Object.values(node))
      if (typeof child === 'object' && child !== null) this.#walk(child as object)
  }

  #include(file: object): void {
    const { kind, value } = file as Record<string, unknown>
    if (kind === 'literal' && typeof value === 'string') this.files.add(value)
    else this.dynamic = true
  }
}

/** `hosts[x][y]`: a variable whose name is itself looked up. */
function isDynamic(key: unknown, target: unknown): boolean {
  const { kind } = key as { kind: string }
  const inner = target as { kind: string; target?: { kind: string; name?: string } }
  const ofHost = inner.kind === 'member' && ['hosts', 'hostvars'].includes(inner.target?.name ?? '')
  return kind !== 'literal' && ofHost
}
