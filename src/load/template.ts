import parser, { type Node } from 'nunjucks/src/parser.js'
import { didYouMean } from '../base/suggest.ts'
import { CONDITIONS } from './conditions.ts'
import { FILTERS } from './filters.ts'
import { METHODS } from './methods.ts'
import { TemplateError } from './templateerror.ts'

export type { Node }

/** A parsed template. Only Jinja's syntax comes from nunjucks: its compiler and runtime would execute JavaScript. */
export interface Template {
  root: Node
  /** The expression when the template is nothing else, so that its value keeps its type. */
  expression?: Node
}

const parsed = new Map<string, Template>()
const expressions = new Map<string, Node>()

/** Put before a bare expression to parse it; columns in errors count from its beginning. */
export const BEFORE_EXPRESSION = '{{ '

/** Whether a text holds anything to evaluate. */
export function hasTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#')
}

/** Parses a template once. Throws TemplateError for bad syntax and for filters and tests that don't exist. */
export function parseTemplate(source: string): Template {
  const known = parsed.get(source)
  if (known !== undefined) return known
  const root = parse(source)
  check(root)
  const template = { root, expression: onlyExpression(root) }
  parsed.set(source, template)
  return template
}

/** Parses a bare expression, as in `when`. */
export function parseExpression(source: string): Node {
  const known = expressions.get(source)
  if (known !== undefined) return known
  if (/\{\{|\{%/.test(source))
    throw new TemplateError('this is an expression already', 'write it without {{ }}, e.g. x is defined')
  const root = parse(`${BEFORE_EXPRESSION}${source}\n}}`)
  const expression = onlyExpression(root)
  if (expression === undefined) throw new TemplateError(`'${source}' is not one expression`)
  check(root)
  expressions.set(source, expression)
  return expression
}

function parse(source: string): Node {
  try {
    return parser.parse(source, [], { trimBlocks: true })
  } catch (error) {
    throw explain(error as Error & { lineno?: number; colno?: number }, source)
  }
}

function explain(error: Error & { lineno?: number; colno?: number }, source: string): TemplateError {
  const at = { line: (error.lineno ?? 1) - 1, column: (error.colno ?? 1) - 1 }
  const reason =
    error.message
      .split('\n')
      .at(-1)
      ?.replace(/^\s*(parse\w+: )?/, '') ?? ''
  const near = source.split('\n')[at.line]?.slice(at.column).trim().slice(0, 20) ?? ''
  if (/expected (variable|block) end/.test(reason) && error.lineno === undefined)
    return new TemplateError('the template is not closed', 'close {{ with }} and {% with %}')
  if (/\[[^\]]*:[^\]]*\]/.test(source) && reason.includes('expected comma'))
    return new TemplateError('slices are not supported', 'use the filters first, last or select', at)
  if (/\{[^{}]*\{[^{}]*\}\}/.test(source.replaceAll('{{', '')))
    return new TemplateError(
      'a mapping ends with }} and so ends the template',
      'put a blank between: } }',
      at,
    )
  const where = near === '' ? '' : ` before '${near}'`
  return new TemplateError(
    `bad template${where}: ${reason}`,
    'see https://jinja.palletsprojects.com/templates/',
    at,
  )
}

function onlyExpression(root: Node): Node | undefined {
  const [output, ...others] = root.children as Node[]
  if (output?.typename !== 'Output' || others.length > 0 || output.children.length !== 1) return undefined
  const [expression] = output.children as Node[]
  return expression?.typename === 'TemplateData' ? undefined : expression
}

const SUPPORTED = new Set(
  `Root NodeList Output TemplateData Literal Symbol Group Array Pair Dict LookupVal If InlineIf For Set FunCall Filter
   Capture KeywordArgs In Is Or And Not Add Concat Sub Mul Div FloorDiv Mod Pow Neg Pos Compare CompareOperand`.split(
    /\s+/,
  ),
)

/** Walks everything, also what no host would reach, so that a typo is found before the run. */
function check(node: Node): void {
  const fail = (message: string, hint: string): never => {
    throw new TemplateError(message, hint, { line: node.lineno, column: node.colno })
  }
  const { typename } = node
  if (!SUPPORTED.has(typename))
    fail(`{% ${typename.toLowerCase()} %} is not supported`, 'use if, for, set, raw and filters')
  if (typename === 'Literal' && node.value instanceof RegExp)
    fail('regular expressions are written as text', "e.g. regex_search('^a')")
  if (typename === 'Filter' && node.args.children[0]?.typename === 'Capture')
    fail('{% filter %} is not supported', 'use the filter inside {{ }}')
  if (typename === 'Filter' && !Object.hasOwn(FILTERS, node.name.value))
    fail(`there is no filter '${node.name.value}'`, didYouMean(node.name.value, Object.keys(FILTERS)))
  if (typename === 'Is') checkCondition(node.right, fail)
  if (typename === 'FunCall') checkCall(node.name, fail)
  for (const child of childrenOf(node)) check(child)
}

type Fail = (message: string, hint: string) => never

function checkCondition(right: Node, fail: Fail): void {
  if (right.typename === 'Literal') return
  const name = String(right.typename === 'FunCall' ? right.name.value : right.value)
  if (!Object.hasOwn(CONDITIONS, name))
    fail(`there is no test 'is ${name}'`, didYouMean(name, Object.keys(CONDITIONS)))
}

function checkCall(callee: Node, fail: Fail): void {
  if (callee.typename === 'LookupVal' && typeof callee.val.value === 'string') {
    const name = callee.val.value
    if (!Object.hasOwn(METHODS, name)) fail(`there is no method '.${name}()'`, methodHint(name))
  } else if (callee.typename !== 'Symbol' || callee.value !== 'range') {
    const name = String(callee.value ?? 'this')
    fail(
      `'${name}' can't be called`,
      Object.hasOwn(FILTERS, name) ? `use it as a filter: x | ${name}` : 'use a filter',
    )
  }
}

function methodHint(name: string): string {
  return Object.hasOwn(FILTERS, name) ? `use the filter: x | ${name}` : didYouMean(name, Object.keys(METHODS))
}

function childrenOf(node: Node): Node[] {
  // The text of {% set x %}...{% endset %} is no field of its node.
  const fields = node.typename === 'Set' && node.body ? [...node.fields, 'body'] : node.fields
  return fields.flatMap((field) => {
    const value: unknown = node[field]
    // The names of filters, tests and functions are no variables; they were checked with their node.
    if (field === 'name' && node.typename !== 'For')
      return node.name?.typename === 'LookupVal' ? [node.name.target] : []
    if (node.typename === 'Is' && field === 'right')
      return node.right.typename === 'FunCall' ? [node.right.args] : []
    if (Array.isArray(value)) return value as Node[]
    return value !== null && typeof value === 'object' && 'typename' in value ? [value as Node] : []
  })
}
