import type { Json } from '../../core/json.ts'

/** A place within a template; both count from 0. */
export interface At {
  line: number
  column: number
}

export interface Arguments {
  positional: Expression[]
  named: [string, Expression][]
}

export type Binary = '+' | '-' | '*' | '/' | '//' | '%' | '**'
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export type Expression = { at: At } & (
  | { kind: 'literal'; value: Json }
  | { kind: 'name'; name: string }
  /** Tuples are lists. */
  | { kind: 'list'; items: Expression[] }
  | { kind: 'mapping'; pairs: [Expression, Expression][] }
  | { kind: 'member'; target: Expression; key: Expression }
  | { kind: 'slice'; target: Expression; parts: (Expression | undefined)[] }
  | { kind: 'call'; callee: Expression; args: Arguments }
  | { kind: 'filter'; target: Expression; name: string; args: Arguments }
  | { kind: 'test'; target: Expression; name: string; args: Arguments }
  | { kind: 'not' | 'minus' | 'plus'; operand: Expression }
  | { kind: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'compare'; first: Expression; rest: { operator: Comparison; operand: Expression }[] }
  | { kind: 'arithmetic'; operator: Binary; left: Expression; right: Expression }
  | { kind: 'join'; left: Expression; right: Expression }
  | { kind: 'choice'; condition: Expression; yes: Expression; no: Expression | undefined }
)

/** A name that is assigned, or `namespace.member`. */
export interface Target {
  name: string
  member?: string
  at: At
}

export interface Macro {
  name: string
  /** Parameters with their defaults. */
  parameters: [string, Expression | undefined][]
  body: Statement[]
}

export type Statement = { at: At } & (
  | { kind: 'text'; text: string }
  | { kind: 'output'; expression: Expression }
  | { kind: 'if'; branches: { condition: Expression; body: Statement[] }[]; otherwise: Statement[] }
  | {
      kind: 'for'
      targets: Target[]
      source: Expression
      condition: Expression | undefined
      body: Statement[]
      otherwise: Statement[]
    }
  | { kind: 'set'; targets: Target[]; value: Expression }
  | { kind: 'capture'; target: Target; body: Statement[] }
  | { kind: 'with'; pairs: [Target, Expression][]; body: Statement[] }
  | { kind: 'filter'; name: string; args: Arguments; body: Statement[] }
  | { kind: 'macro'; macro: Macro }
  | { kind: 'callblock'; call: Extract<Expression, { kind: 'call' }>; caller: Macro }
  | { kind: 'include'; file: Expression }
)

/** A parsed template. */
export interface Template {
  body: Statement[]
  /** The expression when the template is nothing else, so that its value keeps its type. */
  expression?: Expression
}
