import type { Arguments, At, Binary, Comparison, Expression } from './templatenodes.ts'
import { checkArguments, checkCallee, checkFilter, checkTest } from './templatenames.ts'
import { TemplateError } from './templateerror.ts'
import { near, type Token } from './templatelexer.ts'

/** Expressions inside each other; more would overflow the stack sooner or later. */
const MOST_NESTED = 200

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>='])
const CONSTANTS = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
  ['null', null],
])
/** Words that can't begin the argument of a test without parentheses. */
const AFTER_TEST = new Set(['and', 'or', 'not', 'if', 'else', 'is', 'in', 'recursive'])

/** Jinja's expressions, with its precedence: or, and, not, comparisons, + -, ~, * / // %, **, sign, filters. */
export class ExpressionParser {
  readonly #source: string
  readonly #tokens: Token[]
  #position = 0
  #nested = 0
  /** Functions that are called by name, to be compared with the macros that there are. */
  readonly calls: { name: string; at: At }[] = []

  constructor(source: string, tokens: Token[]) {
    this.#source = source
    this.#tokens = tokens
  }

  get token(): Token {
    return this.#tokens[this.#position] as Token
  }

  next(): Token {
    const { token } = this
    if (token.type !== 'eof') this.#position++
    return token
  }

  /** Passes over an operator, a delimiter or a word if it comes next. */
  skip(value: string): boolean {
    const { type } = this.token
    if (this.token.value !== value || type === 'string' || type === 'text') return false
    this.next()
    return true
  }

  isNext(value: string): boolean {
    const { type } = this.token
    return this.token.value === value && type !== 'string' && type !== 'text'
  }

  expect(value: string): void {
    if (!this.skip(value)) this.unexpected(`'${value}' is missing`)
  }

  name(what: string): Token {
    return this.token.type === 'name' ? this.next() : this.unexpected(`${what} is missing`)
  }

  unexpected(reason?: string): never {
    const rest = near(this.#source.slice(this.token.index))
    const where = rest === '' ? ' at its end' : ` before '${rest}'`
    const hint = this.isNext('=') ? 'write == to compare' : 'see https://jinja.palletsprojects.com/templates/'
    throw new TemplateError(`bad template${where}${reason ? `: ${reason}` : ''}`, hint, this.token.at)
  }

  /** One expression, or several with commas between them, which make a list. */
  tuple(closers: string[]): Expression {
    const { at } = this.token
    const first = this.expression()
    if (!this.isNext(',')) return first
    const items = [first]
    while (this.skip(',')) {
      if (closers.some((closer) => this.isNext(closer))) break
      items.push(this.expression())
    }
    return { kind: 'list', items, at }
  }

  expression(): Expression {
    if (++this.#nested > MOST_NESTED)
      throw new TemplateError('the template is nested too deeply', 'set a variable in between', this.token.at)
    const result = this.#choice()
    this.#nested--
    return result
  }

  #choice(): Expression {
    const yes = this.or()
    const { at } = this.token
    if (!this.skip('if')) return yes
    const condition = this.or()
    const no = this.skip('else') ? this.expression() : undefined
    return { kind: 'choice', condition, yes, no, at }
  }

  /** An expression without `if`. */
  or(): Expression {
    let left = this.#and()
    for (let { at } = this.token; this.skip('or'); at = this.token.at)
      left = { kind: 'or', left, right: this.#and(), at }
    return left
  }

  #and(): Expression {
    let left = this.#not()
    for (let { at } = this.token; this.skip('and'); at = this.token.at)
      left = { kind: 'and', left, right: this.#not(), at }
    return left
  }

  #not(): Expression {
    const { at } = this.token
    if (!this.skip('not')) return this.#compare()
    return { kind: 'not', operand: this.#deeper(() => this.#not()), at }
  }

  #compare(): Expression {
    const first = this.#sum()
    const { at } = this.token
    const rest: { operator: Comparison; operand: Expression }[] = []
    for (let operator = this.#comparison(); operator !== undefined; operator = this.#comparison())
      rest.push({ operator, operand: this.#sum() })
    return rest.length === 0 ? first : { kind: 'compare', first, rest, at }
  }

  #comparison(): Comparison | undefined {
    const { value, type } = this.token
    if (type === 'operator' && COMPARISONS.has(value)) return this.next().value as Comparison
    if (this.skip('in')) return 'in'
    const after = this.#tokens[this.#position + 1]
    if (!this.isNext('not') || after?.type !== 'name' || after.value !== 'in') return undefined
    this.next()
    this.next()
    return 'not in'
  }

  #sum(): Expression {
    return this.#chain(['+', '-'], () => this.#join())
  }

  #join(): Expression {
    let left = this.#product()
    for (let { at } = this.token; this.skip('~'); at = this.token.at)
      left = { kind: 'join', left, right: this.#product(), at }
    return left
  }

  #product(): Expression {
    return this.#chain(['*', '/', '//', '%'], () => this.#chain(['**'], () => this.#signed(true)))
  }

  #chain(operators: Binary[], operand: () => Expression): Expression {
    let left = operand()
    for (;;) {
      const { at } = this.token
      const operator = operators.find((one) => this.skip(one))
      if (operator === undefined) return left
      left = { kind: 'arithmetic', operator, left, right: operand(), at }
    }
  }

  #signed(filtered: boolean): Expression {
    const { at } = this.token
    const sign = this.skip('-') ? 'minus' : this.skip('+') ? 'plus' : undefined
    const signed: Expression =
      sign === undefined
        ? this.#postfix(this.#primary())
        : { kind: sign, operand: this.#deeper(() => this.#signed(false)), at }
    return filtered ? this.#filtered(signed) : signed
  }

  #deeper<T>(work: () => T): T {
    if (++this.#nested > MOST_NESTED) throw new TemplateError('the template is nested too deeply')
    const result = work()
    this.#nested--
    return result
  }

  #primary(): Expression {
    const { type, value, at } = this.token
    if (type === 'string') return { kind: 'literal', value: this.#strings(), at }
    if (type === 'number') return { kind: 'literal', value: this.next().number as number, at }
    if (type === 'name') {
      this.next()
      const constant = CONSTANTS.get(value)
      return constant === undefined
        ? { kind: 'name', name: value, at }
        : { kind: 'literal', value: constant, at }
    }
    if (this.skip('(')) return this.#group(at)
    if (this.skip('[')) return { kind: 'list', items: this.#items(']'), at }
    if (this.skip('{')) return { kind: 'mapping', pairs: this.#pairs(), at }
    return this.unexpected(type === 'end' || type === 'eof' ? 'an expression is missing' : undefined)
  }

  /** Texts that follow each other are one. */
  #strings(): string {
    let text = ''
    while (this.token.type === 'string') text += this.next().value
    return text
  }

  #group(at: At): Expression {
    if (this.skip(')')) return { kind: 'list', items: [], at }
    const inner = this.tuple([')'])
    this.expect(')')
    return inner
  }

  #items(closer: string): Expression[] {
    const items: Expression[] = []
    while (!this.skip(closer)) {
      if (items.length > 0) this.expect(',')
      if (this.skip(closer)) break
      items.push(this.expression())
    }
    return items
  }

  #pairs(): [Expression, Expression][] {
    const pairs: [Expression, Expression][] = []
    while (!this.skip('}')) {
      if (pairs.length > 0) this.expect(',')
      if (this.skip('}')) break
      const key = this.expression()
      this.expect(':')
      pairs.push([key, this.expression()])
    }
    return pairs
  }

  #postfix(start: Expression): Expression {
    let target = start
    for (;;) {
      const { at } = this.token
      if (this.skip('.')) target = { kind: 'member', target, key: this.#key(), at }
      else if (this.skip('[')) target = this.#subscript(target, at)
      else if (this.isNext('(')) target = this.call(target)
      else return target
    }
  }

  #key(): Expression {
    const { type, value, number, at } = this.token
    if (type !== 'name' && type !== 'number') this.unexpected('a name is missing behind the dot')
    this.next()
    return { kind: 'literal', value: number ?? value, at }
  }

  #subscript(target: Expression, at: At): Expression {
    const parts: (Expression | undefined)[] = []
    let sliced = false
    while (!this.skip(']')) {
      if (parts.length === 3) this.expect(']')
      parts.push(this.isNext(':') || this.isNext(']') ? undefined : this.expression())
      if (this.skip(':')) sliced = true
      else {
        this.expect(']')
        break
      }
    }
    if (sliced) return { kind: 'slice', target, parts, at }
    const [key] = parts
    return key === undefined ? this.unexpected('a key is missing') : { kind: 'member', target, key, at }
  }

  /** The parentheses of a call. */
  call(callee: Expression): Extract<Expression, { kind: 'call' }> {
    checkCallee(callee)
    if (callee.kind === 'name') this.calls.push({ name: callee.name, at: callee.at })
    return { kind: 'call', callee, args: this.#arguments(), at: callee.at }
  }

  #arguments(): Arguments {
    const args: Arguments = { positional: [], named: [] }
    this.expect('(')
    while (!this.skip(')')) {
      if (args.positional.length + args.named.length > 0) this.expect(',')
      if (this.skip(')')) break
      if (this.isNext('*') || this.isNext('**')) this.unexpected("arguments can't be unpacked here")
      this.#argument(args)
    }
    return args
  }

  #argument(args: Arguments): void {
    const equals = this.#tokens[this.#position + 1]
    if (this.token.type === 'name' && equals?.type === 'operator' && equals.value === '=') {
      const name = this.next().value
      this.next()
      args.named.push([name, this.expression()])
    } else if (args.named.length > 0) this.unexpected('arguments with a name come last')
    else args.positional.push(this.expression())
  }

  #filtered(start: Expression): Expression {
    let target = start
    for (;;) {
      const { at } = this.token
      if (this.skip('|')) target = { kind: 'filter', target, ...this.filter(), at }
      else if (this.skip('is')) target = this.#test(target)
      else if (this.isNext('(')) target = this.call(target)
      else return target
    }
  }

  /** Name and arguments of a filter. */
  filter(): { name: string; args: Arguments } {
    const { at } = this.token
    const name = checkFilter(this.#dotted('the name of a filter'), at)
    const args: Arguments = this.isNext('(') ? this.#arguments() : { positional: [], named: [] }
    checkArguments('filter', name, args, at)
    return { name, args }
  }

  #dotted(what: string): string {
    let name = this.name(what).value
    while (this.skip('.')) name += `.${this.name(what).value}`
    return name
  }

  #test(target: Expression): Expression {
    const negated = this.skip('not')
    const { at } = this.token
    const name = checkTest(this.#dotted('a test'), at)
    const args = this.#testArguments()
    checkArguments('test', name, args, at)
    const test: Expression = { kind: 'test', target, name, args, at }
    return negated ? { kind: 'not', operand: test, at } : test
  }

  #testArguments(): Arguments {
    if (this.isNext('(')) return this.#arguments()
    const { type, value } = this.token
    const bare =
      type === 'string' ||
      type === 'number' ||
      (type === 'name' && !AFTER_TEST.has(value)) ||
      this.isNext('[') ||
      this.isNext('{')
    return { positional: bare ? [this.#postfix(this.#primary())] : [], named: [] }
  }
}
