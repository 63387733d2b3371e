import type { Json } from '../../core/json.ts'
import { withinBudget } from './budget.ts'
import { known } from './expressions.ts'
import { Frame, type Names } from './frame.ts'
import { output } from './statements.ts'
import type { Expression, Template } from './templatenodes.ts'

export type { Names }

/** The value of a template: of any type when it is one expression, else text. Throws TemplateError. */
export function evaluate({ body, expression }: Template, names: Names): Json {
  if (expression !== undefined) return evaluateExpression(expression, names)
  return withinBudget(() => output(body, new Frame(names)), body)
}

/** The value of a bare expression. Throws TemplateError. */
export function evaluateExpression(expression: Expression, names: Names): Json {
  return withinBudget(() => known(expression, new Frame(names)), expression)
}
