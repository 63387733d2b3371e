import type { KubeObject, Value } from './object.ts'
import { badRequest } from './status.ts'

export type Match = (object: KubeObject) => boolean

type Labels = Record<string, string>

/** Reads `app=web,tier!=db,env in (a,b),!old`. */
export function labelMatch(selector: string | null): Match {
  const tests = splitTerms(selector ?? '').map(parseTerm)
  return (object) => tests.every((test) => test(object.metadata.labels ?? {}))
}

/** Splits at commas that are not inside parentheses. */
const splitTerms = (selector: string) =>
  selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== '')

function parseTerm(term: string): (labels: Labels) => boolean {
  const sets = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(term)
  if (sets !== null) {
    const [, key = '', operator, list = ''] = sets
    const values = list.split(',').map((value) => value.trim())
    return (labels) => (labels[key] !== undefined && values.includes(labels[key])) === (operator === 'in')
  }
  const equals = /^([^!=\s]+)\s*(==|=|!=)\s*(.*)$/.exec(term)
  if (equals !== null) {
    const [, key = '', operator, value] = equals
    return (labels) => (labels[key] === value) === (operator !== '!=')
  }
  if (/^!\S+$/.test(term)) return (labels) => labels[term.slice(1)] === undefined
  if (/^\S+$/.test(term)) return (labels) => labels[term] !== undefined
  throw badRequest(`unable to parse requirement: ${term}`)
}

/** The selector of a workload against labels; an absent selector matches nothing. */
export function selectorMatches(selector: Value, labels: Labels = {}): boolean {
  if (selector === undefined || selector === null) return false
  const wanted = Object.entries<string>(selector.matchLabels ?? {})
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every((expression: Value) => expressionMatches(expression, labels))
  )
}

/** One requirement of a label selector or of a node selector. */
export function expressionMatches(expression: Value, labels: Labels): boolean {
  const found = labels[expression.key]
  const values: string[] = expression.values ?? []
  switch (expression.operator) {
    case 'In':
      return found !== undefined && values.includes(found)
    case 'NotIn':
      return found === undefined || !values.includes(found)
    case 'Exists':
      return found !== undefined
    case 'DoesNotExist':
      return found === undefined
    case 'Gt':
      return Number(found) > Number(values[0])
    case 'Lt':
      return Number(found) < Number(values[0])
    default:
      return false
  }
}

/** Reads `metadata.name=x,status.phase!=Running`. */
export function fieldMatch(selector: string | null): Match {
  const tests = (selector ?? '').split(',').filter(Boolean).map(parseField)
  return (object) => tests.every((test) => test(object))
}

function parseField(term: string): Match {
  const [, path = '', operator, value = ''] = /^([^!=]+)(==|=|!=)(.*)$/.exec(term) ?? []
  if (path === '') throw badRequest(`invalid field selector: ${term}`)
  return (object) => {
    const found = path.split('.').reduce((at: Value, name) => at?.[name], object)
    return (String(found ?? '') === value) === (operator !== '!=')
  }
}
