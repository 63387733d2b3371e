import { withinBudget } from './budget.ts'
import { TemplateError } from './templateerror.ts'
import type { Whitespace } from './templatelexer.ts'
import type { Expression, Template } from './templatenodes.ts'
import { readExpression, readTemplate } from './templateparser.ts'

export type { Expression, Template }

const parsed = new Map<string, Template>()
const expressions = new Map<string, Expression>()

/** Whether a text holds anything to evaluate. */
export function hasTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#')
}

/** Parses a template once. Throws TemplateError for bad syntax and for filters and tests that don't exist. */
export function parseTemplate(source: string): Template {
  const known = parsed.get(source)
  if (known !== undefined) return known
  const template = withinBudget(() => readTemplate(source, { trimBlocks: true, lstripBlocks: false }))
  parsed.set(source, template)
  return template
}

/** As parseTemplate, for the text of a file, whose first line may be "#jinja2: lstrip_blocks: True". */
export function parseTemplateFile(source: string): Template {
  const header = /^#jinja2:(.*)\r?\n/.exec(source)
  if (header === null) return parseTemplate(source)
  const whitespace = readHeader(header[1] as string)
  return withinBudget(() => readTemplate(source, whitespace, header[0].length))
}

function readHeader(header: string): Whitespace {
  const settings = new Map([
    ['trim_blocks', true],
    ['lstrip_blocks', false],
  ])
  for (const part of header.split(',')) {
    const [, name, value] = /^\s*(\w+)\s*:\s*(true|false)\s*$/i.exec(part) ?? []
    if (name === undefined || !settings.has(name))
      throw new TemplateError(
        `'${part.trim()}' is no setting of a template`,
        'use trim_blocks or lstrip_blocks: True or False',
        { line: 0, column: 0 },
      )
    settings.set(name, value?.toLowerCase() === 'true')
  }
  return {
    trimBlocks: settings.get('trim_blocks') === true,
    lstripBlocks: settings.get('lstrip_blocks') === true,
  }
}

/** Parses a bare expression, as in `when`. */
export function parseExpression(source: string): Expression {
  const known = expressions.get(source)
  if (known !== undefined) return known
  if (/\{\{|\{%/.test(source))
    throw new TemplateError('this is an expression already', 'write it without {{ }}, e.g. x is defined')
  const expression = withinBudget(() => readExpression(source))
  expressions.set(source, expression)
  return expression
}
