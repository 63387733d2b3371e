/** A template that can't be parsed or evaluated; whoever knows where it was written adds the place. */
export class TemplateError extends Error {
  override name = 'TemplateError'
  readonly hint: string | undefined
  /** Within the template, counted from 0. */
  readonly at: { line: number; column: number } | undefined
  /** The variable whose template it is, when that is not where the name was used. */
  readonly variable: string | undefined
  /** What else is wrong in the same template. */
  readonly others: readonly TemplateError[]
  constructor(
    message: string,
    hint?: string,
    at?: { line: number; column: number },
    variable?: string,
    others: readonly TemplateError[] = [],
  ) {
    super(message)
    this.others = others
    this.hint = hint
    this.at = at
    this.variable = variable
  }

  /** The same, where the variable is used that it was written in. */
  within(variable: string): TemplateError {
    const others = this.others.map((other) => other.within(variable))
    return new TemplateError(this.message, this.hint, undefined, this.variable ?? variable, others)
  }
}

/** All that is wrong in one template, the same thing once. */
export function together(errors: TemplateError[]): TemplateError {
  const all = errors.flatMap((error) => [error, ...error.others])
  const [first, ...others] = all.filter(
    ({ message }, index) => all.findIndex((one) => one.message === message) === index,
  ) as [TemplateError, ...TemplateError[]]
  return new TemplateError(first.message, first.hint, first.at, first.variable, others)
}

/** What a name or member that does not exist evaluates to: only `is defined` and `default` may touch it. */
export class Undefined {
  readonly message: string
  readonly hint: string | undefined
  /** Of the name itself, within the template: what is asked of it stands further on. */
  readonly at: TemplateError['at']
  constructor(message: string, hint?: string, at?: TemplateError['at']) {
    this.message = message
    this.hint = hint
    this.at = at
  }
}
