import { basename } from 'node:path'
import type { Json } from '../../core/json.ts'
import type { Draft, Given } from './ansiblerules.ts'
import { expressionOf } from './ansibleloops.ts'
import { octalMode } from './ansiblemode.ts'
import { hasTemplate } from '../template/template.ts'

/** The arguments of modules that only together say what is meant. */

const isTrue = (value: Json | undefined): boolean =>
  value === true || (typeof value === 'string' && /^(yes|true|on)$/i.test(value))

export const inFull = (draft: Draft): boolean => draft.key.includes('.') || draft.key !== draft.task

export function adaptSystemd(draft: Draft): void {
  const { args } = draft
  const ansible = draft.written('name', 'service') !== undefined || draft.key !== 'systemd'
  if (args.unit === undefined && isTrue(args.daemon_reload)) return reloadOnly(draft)
  if (!ansible || args.daemon_reload === undefined) return
  delete args.daemon_reload
  draft.notes.add('daemon_reload is not needed: systemd is told by itself when a unit file has changed')
}

function reloadOnly(draft: Draft): void {
  const from = draft.written('daemon_reload', 'daemon-reload') as Given
  for (const name of Object.keys(draft.args)) delete draft.args[name]
  draft.task = 'command'
  draft.foreign = true
  draft.set('cmd', 'systemctl daemon-reload', from)
  draft.notes.add(
    'it runs each time and counts as a change; the task systemd does it by itself where it is needed',
  )
}

export function adaptPackage(draft: Draft): void {
  const { args } = draft
  const update = draft.written('update_cache', 'update-cache')
  if (args.name === undefined && update !== undefined && draft.refusals.length === 0) {
    const hint =
      "remove the step: 'package' refreshes the lists before an installation when they are a day old (update: SECONDS)"
    return draft.refuse(update, 'a step that only refreshes the lists of packages changes nothing', hint)
  }
  if (update !== undefined && isTrue(update.value) && args.update === undefined)
    draft.set('update', 0, update)
  if (update !== undefined) draft.notes.add('the lists of packages are refreshed only before an installation')
}

/** In Ansible a destination that ends in a slash is the directory of the file. */
export function adaptDestination(draft: Draft): void {
  const { dest, src } = draft.args
  adaptMode(draft)
  if (typeof dest !== 'string' || !dest.endsWith('/') || typeof src !== 'string') return
  // What is in a directory goes into another one.
  if (hasTemplate(src) || src.endsWith('/')) return
  draft.args.dest = dest + basename(src)
  draft.foreign = true
}

function adaptMode(draft: Draft): void {
  const { mode } = draft.args
  if (typeof mode !== 'string' || !/^[ugoa]/.test(mode)) return
  const octal = octalMode(mode)
  draft.foreign = true
  if (octal !== undefined) draft.args.mode = octal
  else
    draft.refuse(
      draft.written('mode') as Given,
      `the mode '${mode}' depends on what is there`,
      'write all of it: mode: "0644"',
    )
  if (octal === undefined) delete draft.args.mode
}

export function adaptFile(draft: Draft): void {
  const { args } = draft
  adaptMode(draft)
  if (args.state === 'touch') {
    args.state = 'file'
    draft.foreign = true
    draft.notes.add('a file that is there keeps its times')
  }
  const recurse = draft.written('recurse')
  if (recurse !== undefined && isTrue(recurse.value) && args.state === 'directory') {
    delete args.recurse
    const hint = `keep state: directory without it, and write command: {cmd: "chown -R ${text(args.owner)}:${text(args.group)} ${text(args.path)}"} behind it`
    draft.refuse(recurse, "'recurse: true' with a directory has no counterpart here", hint)
  }
  if (args.state === 'absent' && inFull(draft) && args.recurse === undefined)
    draft.notes.add('a directory that is not empty is removed only with recurse: true')
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** What Python's expressions have and those of tasks have not. */
const PYTHON = /\(\?[aiLmsux]+\)|\(\?P[<=]|\\[AZ]/

export function adaptLine(draft: Draft): void {
  const { args } = draft
  adaptMode(draft)
  const literal = draft.written('search_string')
  if (literal !== undefined && typeof literal.value === 'string') adaptLiteral(draft, literal, literal.value)
  // Ansible looks at the line only where there is no expression.
  if (args.state === 'absent' && args.match !== undefined) delete args.line
  const before = draft.written('insertbefore')
  if (before !== undefined && before.value !== 'BOF' && !isTrue(draft.written('firstmatch')?.value))
    draft.notes.add("the line goes before the first line that 'insertbefore' matches, not the last")
  const first = draft.written('firstmatch')
  if (first !== undefined && isTrue(first.value) && (args.after !== undefined || before === undefined))
    draft.refuse(
      first,
      "'firstmatch' has no counterpart here: the last line that matches counts",
      'write an expression that matches one line',
    )
  for (const name of ['match', 'after', 'before']) checkExpression(draft, name)
}

function adaptLiteral(draft: Draft, given: Given, value: string): void {
  if (!hasTemplate(value)) draft.args.match = value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  else
    draft.refuse(
      given,
      "'search_string' with a template has no counterpart here",
      'write match: with an expression',
    )
}

function checkExpression(draft: Draft, name: string): void {
  const from = draft.places.get(`/${name}`)
  const value = draft.args[name]
  if (from === undefined || typeof value !== 'string' || !PYTHON.test(value)) return
  const hint =
    'write it as JavaScript would: [Aa] for (?i)a, (?<name>...) for (?P<name>...), ^ and $ for \\A and \\Z'
  draft.refuse({ ...from, bare: true }, `'${value}' is an expression that only Python reads`, hint)
}

export function adaptUser(draft: Draft): void {
  const { args } = draft
  if (args.groups !== undefined && args.append === undefined && inFull(draft))
    draft.notes.add("the user stays in groups that are not listed; 'append: false' takes him out of them")
}

export function adaptSysctl(draft: Draft): void {
  if (draft.args.file === undefined && inFull(draft))
    draft.notes.add('it is kept in /etc/sysctl.d/90-provision.conf, not in /etc/sysctl.conf')
}

const DISK = /^(\/dev\/|UUID=|LABEL=|\{\{)/

export function adaptMount(draft: Draft): void {
  const { args } = draft
  const src = draft.written('src')
  if (src !== undefined && typeof src.value === 'string' && !DISK.test(src.value)) {
    const hint =
      'write line: {path: /etc/fstab, line: "SRC PATH TYPE defaults,_netdev 0 0"} and command: {cmd: mount PATH, unless: findmnt PATH}'
    return draft.refuse(src, `'${src.value}' is no disk, and only disks are mounted by this task`, hint)
  }
  if (src !== undefined && args.options === undefined)
    draft.notes.add(
      'without opts it is mounted with noatime,nofail, so that the host boots without the disk, too',
    )
}

/** Ansible's conditions are expressions without braces. */
export function adaptAssert(draft: Draft): void {
  const { that } = draft.args
  if (typeof that === 'string') draft.args.that = asTemplate(draft, that)
  if (Array.isArray(that))
    draft.args.that = that.map((one) => (typeof one === 'string' ? asTemplate(draft, one) : one))
}

/** On a line of its own, so that columns are not counted from braces that nobody wrote. */
function asTemplate(draft: Draft, expression: string): string {
  if (hasTemplate(expression)) return expression
  draft.foreign = true
  return `{{\n${expression}\n}}`
}

export function adaptFail(draft: Draft): void {
  draft.args.that = false
  draft.args.message ??= 'a step that always fails was reached'
}

export function adaptDebug(draft: Draft): void {
  const { args } = draft
  const variable = draft.written('var')
  if (typeof variable?.value === 'string' && !hasTemplate(variable.value))
    args.value = asTemplate(draft, variable.value)
  const { message } = args
  if (draft.written('msg') === undefined || message === undefined) return
  // Ansible shows what a single expression gives, whatever its type.
  if (typeof message === 'string' && expressionOf(message) === undefined) return
  const from = draft.places.get('/message')
  delete args.message
  if (from !== undefined && args.value === undefined) draft.set('value', message as Json, from)
}
