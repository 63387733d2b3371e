import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { sizeText } from '../../base/bytes.ts'
import { UsageError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import {
  addChild,
  addHosts,
  groupNamed,
  setVar,
  type WrittenInventory,
  type WrittenVars,
} from './inventorymodel.ts'
import { parseJson } from '../yaml/jsontext.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import { Reader } from '../playbook/reader.ts'
import { isMapping } from '../template/values.ts'
import type { Document } from '../yaml/yaml.ts'

/** Seconds that a program may take for one answer. */
const TIME_LIMIT = 60
/** Bytes that a program may print for one answer: one that never ends would fill the memory long before its time is over. */
const MOST_OUTPUT = 64e6
/** Programs that know no `_meta` are asked host by host, so many at a time. */
const AT_ONCE = 8
const GROUP_KEYS = ['hosts', 'vars', 'children']

/** Runs a program that prints an inventory as JSON, as Ansible does. Throws UsageError; mistakes inside are collected. */
export async function readProgram(file: string, inventory: WrittenInventory): Promise<void> {
  const document = await answerOf(file, ['--list'])
  const reader = new Reader(document, inventory.problems)
  const top = reader.mapping('', `the answer of ${file} --list`, 'an object of groups')
  for (const name of Object.keys(top)) if (name !== '_meta') readGroup(reader, name, inventory)
  const hostvars = reader.get('/_meta/hostvars')
  if (hostvars === undefined) return askEach(file, inventory)
  for (const name of Object.keys(reader.mapping('/_meta/hostvars', "'hostvars'", 'an object of hosts')))
    addVars(name, readVars(reader, `/_meta/hostvars/${pointerKey(name)}`, inventory), inventory)
}

/** A group is an object with hosts, vars and children, or just the list of its hosts. */
function readGroup(reader: Reader, name: string, inventory: WrittenInventory): void {
  const pointer = `/${pointerKey(name)}`
  const group = groupNamed(inventory, name, reader.placeOf(`${pointer}#key`))
  group.described = true
  const bare = Array.isArray(reader.get(pointer))
  if (!bare) {
    reader.mapping(
      pointer,
      `group '${name}'`,
      "an object with 'hosts', 'vars' or 'children', or a list of hosts",
    )
    reader.unknownKeys(pointer, GROUP_KEYS, `group '${name}'`)
  }
  const hosts = bare ? pointer : `${pointer}/hosts`
  for (const { text, place } of names(reader, hosts, `the hosts of group '${name}'`))
    addHosts(inventory, group, { text, place, vars: new Map(), ansible: true })
  if (bare) return
  const vars = readVars(reader, `${pointer}/vars`, inventory)
  if (vars.size > 0) group.vars.push(vars)
  for (const { text, place } of names(reader, `${pointer}/children`, `the children of group '${name}'`))
    addChild(inventory, group, text, place)
}

function names(reader: Reader, pointer: string, what: string) {
  const list = isMapping(reader.get(pointer)) ? [] : reader.list(pointer, what, 'a list of names')
  const keys = Object.keys(isMapping(reader.get(pointer)) ? (reader.get(pointer) as JsonObject) : {})
  const listed = list.map((item, index) => ({ item, at: `${pointer}/${index}` }))
  const keyed = keys.map((key) => ({ item: key as Json, at: `${pointer}/${pointerKey(key)}#key` }))
  return [...listed, ...keyed].flatMap(({ item, at }) => {
    if (typeof item === 'string') return [{ text: item, place: reader.placeOf(at) }]
    reader.problem(at, `${what} must be names`, 'print a list of strings')
    return []
  })
}

function readVars(reader: Reader, pointer: string, inventory: WrittenInventory): WrittenVars {
  const vars: WrittenVars = new Map()
  for (const [name, value] of Object.entries(reader.mapping(pointer, 'variables', 'an object'))) {
    const at = `${pointer}/${pointerKey(name)}`
    setVar(inventory, vars, name, { value, place: reader.placeOf(at) }, reader.placeOf(`${at}#key`))
  }
  return vars
}

/** Variables of hosts that no group names belong to nobody. */
function addVars(name: string, vars: WrittenVars, inventory: WrittenInventory): void {
  if (vars.size > 0) inventory.hosts.get(name)?.vars.push(vars)
}

async function askEach(file: string, inventory: WrittenInventory): Promise<void> {
  const left = [...inventory.hosts].filter(([, { place }]) => place.file === titleOf(file, ['--list']))
  const ask = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [name] = next
      const reader = new Reader(await answerOf(file, ['--host', name]), inventory.problems)
      addVars(name, readVars(reader, '', inventory), inventory)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
}

/** Places in what a program prints name the command, for there is no such file. */
function titleOf(file: string, args: string[]): string {
  return [file, ...args].join(' ')
}

async function answerOf(file: string, args: string[]): Promise<Document> {
  return parseJson(await outputOf(file, args), titleOf(file, args))
}

function outputOf(file: string, args: string[]): Promise<string> {
  const title = titleOf(file, args)
  return new Promise((done, fail) => {
    const refuse = (what: string, hint: string): void => fail(new UsageError(`${title} ${what}`, hint))
    // A group of its own, so that what it started ends with it.
    const child = spawn(resolve(file), args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const out: Buffer[] = []
    const err: Buffer[] = []
    const endIt = (what: string, hint: string): void => {
      process.kill(-(child.pid as number), 'SIGKILL')
      refuse(`${what} and was ended`, hint)
    }
    const timer = setTimeout(
      () => endIt(`has not answered for ${TIME_LIMIT} s`, 'run it by hand to see what it waits for'),
      TIME_LIMIT * 1000,
    )
    let left = MOST_OUTPUT
    const collect = (chunks: Buffer[]) => (chunk: Buffer) => {
      if (left >= 0 && (left -= chunk.length) < 0)
        endIt(`printed more than ${sizeText(MOST_OUTPUT)}`, 'run it by hand to see what it prints')
      if (left >= 0) chunks.push(chunk)
    }
    child.stdout.on('data', collect(out))
    child.stderr.on('data', collect(err))
    child.on('error', (error) => {
      clearTimeout(timer)
      refuse(`can't be started: ${error.message}`, 'check its first line (#!) and its mode')
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) return done(Buffer.concat(out).toString())
      refuse(signal === null ? `failed with exit code ${code}` : `was ended by ${signal}`, lastLines(err))
    })
  })
}

function lastLines(chunks: Buffer[]): string {
  const lines = Buffer.concat(chunks).toString().trimEnd().split('\n').slice(-5)
  return lines.join('') === '' ? 'it printed no reason; run it by hand' : `it said: ${lines.join('\n')}`
}
