/** A template that can't be parsed or evaluated; whoever knows where it was written adds the place. */
export class TemplateError extends Error {
  override name = 'TemplateError'
  readonly hint: string | undefined
  /** Within the template, counted from 0. */
  readonly at: { line: number; column: number } | undefined
  /** The variable whose template it is, when that is not where the name was used. */
  readonly variable: string | undefined
  constructor(message: string, hint?: string, at?: { line: number; column: number }, variable?: string) {
    super(message)
    this.hint = hint
    this.at = at
    this.variable = variable
  }
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
