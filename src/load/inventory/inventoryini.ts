import { OpenQuote, splitWords, type Word } from '../../base/shellwords.ts'
import { didYouMean } from '../../base/suggest.ts'
import type { Json } from '../../core/json.ts'
import type { Place } from '../../core/place.ts'
import {
  addChild,
  addHosts,
  ALWAYS,
  type Group,
  groupNamed,
  setVar,
  type WrittenInventory,
  type WrittenVars,
} from './inventorymodel.ts'
import { parsePythonLiteral } from './pythonliteral.ts'

const SECTION = /^\[\s*([^:\]\s]+)\s*(?::\s*([^\]\s]*))?\s*\]\s*(?:#.*)?$/
const KINDS = ['hosts', 'vars', 'children']

/** Reads an inventory of Ansible's INI kind; mistakes are collected, each with its line and column. */
export function readIni(text: string, file: string, inventory: WrittenInventory): void {
  const reader = new IniReader(file, inventory)
  for (const [index, line] of text.split(/\r?\n/).entries()) reader.line(line, index + 1)
  reader.end()
}

interface Section {
  /** undefined: not a section that can be, so what is in it is passed over. */
  group: Group | undefined
  kind: string
  vars: WrittenVars
}

class IniReader {
  readonly #file: string
  readonly #inventory: WrittenInventory
  #section: Section
  /** Groups that were only given variables so far. */
  readonly #varsOnly = new Map<string, Place>()

  constructor(file: string, inventory: WrittenInventory) {
    this.#file = file
    this.#inventory = inventory
    const start = { file, line: 1, column: 1 }
    this.#section = { group: groupNamed(inventory, 'ungrouped', start), kind: 'hosts', vars: new Map() }
  }

  line(written: string, number: number): void {
    const line = written.trimEnd()
    const indent = line.length - line.trimStart().length
    const at = (column: number): Place => ({ file: this.#file, line: number, column })
    const start = line[indent]
    if (start === undefined || start === '#' || start === ';') return
    const content = line.slice(indent)
    if (start === '[' && !content.includes(']'))
      this.#problem(at(indent + 1), 'the bracket [ is never closed', `write ${content.split(/\s/, 1)[0]}]`)
    else if (start === '[' && /\]\s*(#.*)?$/.test(content) && !isHostLine(content))
      this.#open(content, at(indent + 1))
    else if (this.#section.group === undefined) return
    else if (this.#section.kind === 'vars') this.#assign(line, indent, at)
    else if (this.#section.kind === 'children') this.#child(content, at(indent + 1))
    else this.#host(line, at)
  }

  end(): void {
    const groups = [...this.#inventory.groups.values()]
    const known = groups.filter((group) => group.described).map((group) => group.name)
    for (const [name, place] of this.#varsOnly) {
      if (known.includes(name)) continue
      const message = `[${name}:vars] gives variables to a group that is described nowhere`
      this.#problem(place, message, didYouMean(name, known))
      // Said once is enough.
      groupNamed(this.#inventory, name, place).described = true
    }
  }

  #open(content: string, place: Place): void {
    const [, name, kind = 'hosts'] = SECTION.exec(content) ?? []
    this.#section = { group: undefined, kind, vars: new Map() }
    if (name === undefined)
      return this.#problem(
        place,
        `${content} is no section`,
        'write [group], [group:vars] or [group:children]',
      )
    if (!KINDS.includes(kind))
      return this.#problem(place, `'${kind}' is no kind of section`, didYouMean(kind, KINDS))
    const group = groupNamed(this.#inventory, name, place)
    this.#section.group = group
    if (kind !== 'vars') group.described = true
    else {
      group.vars.push(this.#section.vars)
      if (!ALWAYS.includes(name)) this.#varsOnly.set(name, place)
    }
  }

  #host(line: string, at: (column: number) => Place): void {
    const words = this.#words(line, at)
    const [name, ...rest] = words
    if (name === undefined) return
    if (name.text === '---' || (name.text.endsWith(':') && rest.length === 0))
      return this.#problem(at(name.column), 'this looks like YAML in an INI file', 'name the file *.yaml')
    const vars: WrittenVars = new Map()
    for (const word of rest) this.#inline(word, vars, at(word.column))
    const { group } = this.#section as { group: Group }
    addHosts(this.#inventory, group, { text: name.text, place: at(name.column), vars, ansible: true })
  }

  #inline(word: Word, vars: WrittenVars, place: Place): void {
    const cut = word.text.indexOf('=')
    if (cut < 1) {
      const hint = 'variables follow a host as name=value; quote a value that holds blanks: name="a b"'
      return this.#problem(place, `'${word.text}' is no variable`, hint)
    }
    const value = valueOf(word.text.slice(cut + 1))
    const valuePlace = { ...place, column: place.column + cut + 1 }
    setVar(this.#inventory, vars, word.text.slice(0, cut), { value, place: valuePlace }, place)
  }

  #words(line: string, at: (column: number) => Place): Word[] {
    try {
      return splitWords(line, { comments: true })
    } catch (error) {
      if (!(error instanceof OpenQuote)) throw error
      this.#problem(at(error.column), error.message, 'close it, or remove it')
      return []
    }
  }

  #assign(line: string, indent: number, at: (column: number) => Place): void {
    const cut = line.indexOf('=')
    const name = line.slice(indent, cut).trim()
    if (cut < 0 || name === '')
      return this.#problem(at(indent + 1), `'${line.trim()}' is no variable`, 'write name=value')
    const text = line.slice(cut + 1).trim()
    const column = text === '' ? cut + 1 : line.indexOf(text, cut + 1) + 1
    const value = valueOf(text)
    if (typeof value === 'string' && / #/.test(text) && value === text)
      this.#keptComment(at(line.indexOf(' #', cut) + 2))
    setVar(this.#inventory, this.#section.vars, name, { value, place: at(column) }, at(indent + 1))
  }

  #keptComment(place: Place): void {
    const message = 'this is part of the value: in a :vars section only whole lines are comments'
    const hint = 'put the comment on a line of its own, or quote the value'
    this.#inventory.problems.push({ severity: 'warning', place, message, hint })
  }

  #child(content: string, place: Place): void {
    const [, name] = /^([^:\]\s=]+)\s*(?:#.*)?$/.exec(content) ?? []
    if (name === undefined)
      return this.#problem(place, `'${content}' is no group`, 'write one name of a group per line')
    addChild(this.#inventory, this.#section.group as Group, name, place)
  }

  #problem(place: Place, message: string, hint: string): void {
    this.#inventory.problems.push({ severity: 'error', place, message, hint })
  }
}

/** `[a:c] x=1` and `[2001:db8::1]:22` are hosts, though they begin like a section. */
function isHostLine(content: string): boolean {
  return /^\[\w:\w(:\d+)?\]/.test(content) || /^\[[\da-fA-F]*:[\da-fA-F.]*:[\da-fA-F:.]*\]/.test(content)
}

/** As Ansible reads it: a Python literal where it is one, else text. */
function valueOf(text: string): Json {
  return parsePythonLiteral(text) ?? (/^None\s*(#.*)?$/.test(text) ? null : text)
}
