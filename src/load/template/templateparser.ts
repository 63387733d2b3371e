import { ExpressionParser } from './expressionparser.ts'
import { GLOBALS } from './globals.ts'
import { refusedStatement, unknownFunction } from './templatenames.ts'
import { TemplateError } from './templateerror.ts'
import { lexExpression, lexTemplate, type Whitespace } from './templatelexer.ts'
import type { At, Expression, Macro, Statement, Target, Template } from './templatenodes.ts'

const MOST_NESTED = 50

/** `start` is where the template begins in the source. Throws TemplateError for bad syntax, and for filters, tests and functions that don't exist. */
export function readTemplate(source: string, whitespace: Whitespace, start = 0): Template {
  const tokens = lexTemplate(source, whitespace, start)
  const body = new StatementParser(new ExpressionParser(source, tokens)).all()
  const [only, ...others] = body
  const expression = only?.kind === 'output' && others.length === 0 ? only.expression : undefined
  return { body, expression }
}

/** As readTemplate, for a bare expression. */
export function readExpression(source: string): Expression {
  const parser = new ExpressionParser(source, lexExpression(source))
  const expression = parser.tuple([])
  if (parser.token.type !== 'eof') parser.unexpected()
  for (const call of parser.calls) if (!GLOBALS.has(call.name)) throw unknownFunction(call, [])
  return expression
}

class StatementParser {
  readonly #parser: ExpressionParser
  /** Names of the macros that the template defines. */
  readonly #macros = new Set<string>()
  #nested = 0

  constructor(parser: ExpressionParser) {
    this.#parser = parser
  }

  all(): Statement[] {
    const body = this.#until()
    if (this.#parser.token.type !== 'eof') this.#stray()
    // caller() stands for the text that {% call %} gives to a macro.
    const known = new Set([...GLOBALS.keys(), ...this.#macros, ...(this.#macros.size > 0 ? ['caller'] : [])])
    for (const call of this.#parser.calls)
      if (!known.has(call.name)) throw unknownFunction(call, [...this.#macros])
    return body
  }

  /** An `endif` or `else` that belongs to nothing. */
  #stray(): never {
    const { value, at } = this.#parser.token
    throw new TemplateError(`{% ${value} %} belongs to nothing`, 'is its beginning missing?', at)
  }

  /** Statements up to a block that begins with one of the words; that word comes next. */
  #until(...words: string[]): Statement[] {
    const { token: start } = this.#parser
    if (++this.#nested > MOST_NESTED)
      throw new TemplateError('the template is nested too deeply', undefined, start.at)
    const statements: Statement[] = []
    for (;;) {
      const { type, value, at } = this.#parser.token
      if (type === 'eof' && words.length > 0)
        throw new TemplateError('the template is not closed', `close it with {% ${words.at(-1)} %}`, start.at)
      if (type === 'eof') break
      this.#parser.next()
      if (type === 'text') statements.push({ kind: 'text', text: value, at })
      else if (value === '{{') statements.push(this.#output(at))
      else if (words.includes(this.#parser.token.value) || CLOSING.test(this.#parser.token.value)) break
      else statements.push(this.#statement())
    }
    this.#nested--
    return statements
  }

  #output(at: At): Statement {
    const expression = this.#parser.tuple(['}}'])
    this.#close('}}')
    return { kind: 'output', expression, at }
  }

  #close(delimiter: string): void {
    if (this.#parser.token.type !== 'end') this.#parser.unexpected()
    this.#parser.expect(delimiter)
  }

  /** The body of a block, up to the word that ends it. */
  #body(end: string): Statement[] {
    this.#close('%}')
    const body = this.#until(end)
    this.#end(end)
    return body
  }

  #end(word: string): void {
    if (!this.#parser.isNext(word)) this.#stray()
    this.#parser.next()
    // {% endmacro name %} may repeat the name.
    if (this.#parser.token.type === 'name') this.#parser.next()
    this.#close('%}')
  }

  #statement(): Statement {
    const { value, at } = this.#parser.name('the name of a statement')
    switch (value) {
      case 'if':
        return this.#if(at)
      case 'for':
        return this.#for(at)
      case 'set':
        return this.#set(at)
      case 'with':
        return this.#with(at)
      case 'filter':
        return { kind: 'filter', ...this.#parser.filter(), body: this.#body('endfilter'), at }
      case 'macro':
        return this.#macro(at)
      case 'call':
        return this.#callBlock(at)
      case 'include':
        return this.#include(at)
    }
    throw refusedStatement(value, at)
  }

  #if(at: At): Statement {
    const branches: { condition: Expression; body: Statement[] }[] = []
    let otherwise: Statement[] = []
    do {
      const condition = this.#parser.tuple(['%}'])
      this.#close('%}')
      branches.push({ condition, body: this.#until('elif', 'else', 'endif') })
    } while (this.#parser.skip('elif'))
    if (this.#parser.skip('else')) {
      this.#close('%}')
      otherwise = this.#until('endif')
    }
    this.#end('endif')
    return { kind: 'if', branches, otherwise, at }
  }

  #for(at: At): Statement {
    const targets = this.#targets()
    this.#parser.expect('in')
    const source = this.#source()
    const condition = this.#parser.skip('if') ? this.#parser.expression() : undefined
    if (this.#parser.isNext('recursive')) throw refusedStatement('recursive', this.#parser.token.at)
    this.#close('%}')
    const body = this.#until('else', 'endfor')
    let otherwise: Statement[] = []
    if (this.#parser.skip('else')) {
      this.#close('%}')
      otherwise = this.#until('endfor')
    }
    this.#end('endfor')
    return { kind: 'for', targets, source, condition, body, otherwise, at }
  }

  /** What is looped over: without `if`, which belongs to the loop. */
  #source(): Expression {
    const { at } = this.#parser.token
    const first = this.#parser.or()
    if (!this.#parser.isNext(',')) return first
    const items = [first]
    while (this.#parser.skip(',')) items.push(this.#parser.or())
    return { kind: 'list', items, at }
  }

  #targets(): Target[] {
    const grouped = this.#parser.skip('(')
    const targets = [this.#target()]
    while (this.#parser.skip(',')) targets.push(this.#target())
    if (grouped) this.#parser.expect(')')
    return targets
  }

  #target(): Target {
    const { value, at } = this.#parser.name('a name')
    if (!this.#parser.skip('.')) return { name: value, at }
    return { name: value, member: this.#parser.name('a name').value, at }
  }

  #set(at: At): Statement {
    const targets = this.#targets()
    if (this.#parser.skip('=')) {
      const value = this.#parser.tuple(['%}'])
      this.#close('%}')
      return { kind: 'set', targets, value, at }
    }
    if (targets.length > 1) this.#parser.unexpected("'=' is missing")
    return { kind: 'capture', target: targets[0] as Target, body: this.#body('endset'), at }
  }

  #with(at: At): Statement {
    const pairs: [Target, Expression][] = []
    while (this.#parser.token.type === 'name') {
      const target = this.#target()
      this.#parser.expect('=')
      pairs.push([target, this.#parser.expression()])
      if (!this.#parser.skip(',')) break
    }
    return { kind: 'with', pairs, body: this.#body('endwith'), at }
  }

  #macro(at: At): Statement {
    const { value: name } = this.#parser.name('the name of the macro')
    this.#macros.add(name)
    const parameters = this.#parameters()
    return { kind: 'macro', macro: { name, parameters, body: this.#body('endmacro') }, at }
  }

  #parameters(): Macro['parameters'] {
    const parameters: Macro['parameters'] = []
    this.#parser.expect('(')
    while (!this.#parser.skip(')')) {
      if (parameters.length > 0) this.#parser.expect(',')
      const { value } = this.#parser.name('a name')
      parameters.push([value, this.#parser.skip('=') ? this.#parser.expression() : undefined])
    }
    return parameters
  }

  #callBlock(at: At): Statement {
    const parameters = this.#parser.isNext('(') ? this.#parameters() : []
    const { value: name, at: place } = this.#parser.name('the name of a macro')
    const call = this.#parser.call({ kind: 'name', name, at: place })
    return {
      kind: 'callblock',
      call,
      caller: { name: 'caller', parameters, body: this.#body('endcall') },
      at,
    }
  }

  #include(at: At): Statement {
    const file = this.#parser.expression()
    if (this.#parser.isNext('ignore')) throw refusedStatement('ignore missing', this.#parser.token.at)
    if (this.#parser.skip('with')) this.#parser.expect('context')
    this.#close('%}')
    return { kind: 'include', file, at }
  }
}

const CLOSING = /^(end[a-z]+|else|elif)$/
