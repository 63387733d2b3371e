/** A secret that can't be had, or a key that can't be used; whoever knows where it was written adds the place. */
export class SecretError extends Error {
  override name = 'SecretError'
  readonly hint: string | undefined
  constructor(message: string, hint?: string) {
    super(message)
    this.hint = hint
  }
}
