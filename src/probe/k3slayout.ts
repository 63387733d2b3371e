import { isDeepStrictEqual } from 'node:util'
import type { Json, JsonObject } from '../core/json.ts'
import { K3S_BINARY } from './k3s.ts'
import type { K3sRole } from './k3sfiles.ts'

/**
 * How a k3s was set up that is not ours: by the command line of its unit, as k3s's install script writes it, by the
 * variables of its environment file, and perhaps by a config.yaml.
 */
export interface Layout {
  unit: string
  env: string
  /** Content of config.yaml; null when there is no such file. */
  config: JsonObject | null
}

/** A layout that says what is wanted, and what had to change for it. */
export interface Adopted extends Layout {
  /** Keys written to config.yaml because nothing said them, or something said otherwise. */
  added: string[]
}

interface Flag {
  key: string
  value: string
  /** As it is written. */
  words: string[]
}

const ALIASES: Record<string, string> = { t: 'token', s: 'server', d: 'data-dir', 'no-deploy': 'disable' }

const VARIABLES: Record<string, string> = {
  K3S_TOKEN: 'token',
  K3S_URL: 'server',
  K3S_NODE_NAME: 'node-name',
  K3S_DATA_DIR: 'data-dir',
  K3S_KUBECONFIG_MODE: 'write-kubeconfig-mode',
  K3S_AGENT_TOKEN: 'agent-token',
  K3S_TOKEN_FILE: 'token-file',
}

const COMMAND = /^ExecStart=((?:[^\n]*\\\n)*[^\n]*)$/m

/** Lines without which a unit does not do what k3s needs: pods that outlive a restart, an agent that tries again. */
const NEEDED = [
  /^Type=notify$/m,
  /^KillMode=process$/m,
  /^Delegate=yes$/m,
  /^Restart=always$/m,
  /^User=root$|^(?![^]*^User=)/m,
]

/** Whether a unit can stay as somebody else wrote it. */
export function isUsable(unit: string, role: K3sRole): boolean {
  return flagsOf(unit, role) !== undefined && NEEDED.every((line) => line.test(unit))
}

/** The flags behind `k3s server`; undefined when the unit starts something else. */
function flagsOf(unit: string, role: K3sRole): Flag[] | undefined {
  const [binary, command, ...words] = wordsOf(COMMAND.exec(unit)?.[1] ?? '')
  if (binary !== K3S_BINARY || command !== role) return undefined
  const flags: Flag[] = []
  for (let at = 0; at < words.length; at++) {
    const [, name = '', inline] = /^--?([^=]+)(?:=([^]*))?$/.exec(words[at] ?? '') ?? []
    const next = words[at + 1]
    const follows = inline === undefined && next !== undefined && !next.startsWith('-')
    const value = inline ?? (follows ? next : 'true')
    flags.push({ key: ALIASES[name] ?? name, value, words: words.slice(at, follows ? at + 2 : at + 1) })
    if (follows) at++
  }
  return flags
}

/** Words as systemd parts them: quotes of both kinds, and lines that go on after a backslash. */
function wordsOf(text: string): string[] {
  const words = text.replaceAll('\\\n', ' ').matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)
  return [...words].map(
    ([, double, single, bare]) => double?.replaceAll(/\\(.)/g, '$1') ?? single ?? bare ?? '',
  )
}

interface Variable {
  name: string
  value: string
  line: string
}

function variablesOf(env: string): Variable[] {
  return env.split('\n').flatMap((line) => {
    const [, name, value] = /^\s*([A-Za-z_]\w*)=(.*?)\s*$/.exec(line) ?? []
    return name === undefined ? [] : [{ name, value: wordsOf(value ?? '').join(' '), line }]
  })
}

/**
 * The layout with as little changed as makes it say all that is wanted. What it says beyond that stays, and a value
 * stays where it is said already; what is missing goes into config.yaml.
 */
export function adopt(
  role: K3sRole,
  layout: Layout,
  config: JsonObject,
  env: Record<string, string>,
): Adopted {
  const flags = flagsOf(layout.unit, role) ?? []
  const variables = variablesOf(layout.env)
  const said = (key: string): string[][] => [
    ...grouped(flags.filter((flag) => flag.key === key).map((flag) => flag.value)),
    ...variables.filter(({ name }) => VARIABLES[name] === key).map(({ value }) => [value]),
    ...(layout.config?.[key] === undefined ? [] : [listOf(layout.config[key])]),
  ]
  const added = Object.keys(config).filter((key) => !holds(key, config[key] ?? null, said))
  return {
    unit: withoutFlags(layout.unit, role, added),
    env: withVariables(layout.env, added, env),
    config: withKeys(layout.config, config, added, said),
    added,
  }
}

function grouped(values: string[]): string[][] {
  return values.length === 0 ? [] : [values]
}

/** Something says it, and nothing says otherwise: whether files or variables win differs between releases. */
function holds(key: string, wanted: Json, said: (key: string) => string[][]): boolean {
  if (key === 'token' && said('token-file').length > 0) return true
  const all = said(key)
  return all.length > 0 && all.every((values) => says(key, values, wanted))
}

function says(key: string, values: string[], wanted: Json): boolean {
  if (key === 'token') return password(values.at(-1) ?? '') === password(listOf(wanted).join())
  const has = values.flatMap(parted)
  const needs = listOf(wanted).flatMap(parted)
  // A list may hold more, such as a component that was disabled by hand.
  return Array.isArray(wanted) ? needs.every((one) => has.includes(one)) : isDeepStrictEqual(has, needs)
}

/** A token in full, K10<hash>::<user>:<password>, opens what its password alone opens. */
function password(token: string): string {
  return /^K10[0-9a-f]{64}::[^:]*:(.*)$/.exec(token)?.[1] ?? token
}

/** A flag that may be repeated takes several values in one, too; those of a flag such as kubelet-arg have commas of their own. */
function parted(value: string): string[] {
  return value.includes('=') ? [value] : value.split(',')
}

function listOf(value: Json): string[] {
  return [value].flat().map((one) => (typeof one === 'object' ? JSON.stringify(one) : String(one)))
}

/** Flags win over config.yaml, so those that say otherwise have to go. */
function withoutFlags(unit: string, role: K3sRole, keys: string[]): string {
  const flags = flagsOf(unit, role) ?? []
  const kept = flags.filter((flag) => !keys.includes(flag.key))
  if (kept.length === flags.length) return unit
  const lines = kept.map(({ words }) => words.map((word) => JSON.stringify(word)).join(' '))
  const command = [`${K3S_BINARY} ${role}`, ...lines].join(' \\\n    ')
  return unit.replace(COMMAND, () => `ExecStart=${command}`)
}

function withVariables(text: string, keys: string[], wanted: Record<string, string>): string {
  const gone = variablesOf(text).filter(
    ({ name, value }) => keys.includes(VARIABLES[name] ?? '') || (wanted[name] ?? value) !== value,
  )
  const lines = text.split('\n').filter((line) => !gone.some((one) => one.line === line))
  const has = variablesOf(lines.join('\n')).map(({ name }) => name)
  const more = Object.entries(wanted).filter(([name]) => !has.includes(name))
  if (gone.length === 0 && more.length === 0) return text
  return `${[...lines.filter((line) => line !== ''), ...more.map(variableLine)].join('\n')}\n`
}

/** A line of an environment file of systemd. */
export function variableLine([name, value]: [string, string]): string {
  return `${name}=${JSON.stringify(value)}`
}

function withKeys(
  has: JsonObject | null,
  config: JsonObject,
  keys: string[],
  said: (key: string) => string[][],
): JsonObject | null {
  if (keys.length === 0) return has
  const entries = keys.map((key): [string, Json] => {
    const wanted = config[key] ?? null
    const here = Array.isArray(wanted) ? said(key).flatMap((values) => values.flatMap(parted)) : []
    return [key, Array.isArray(wanted) ? [...new Set([...here, ...wanted.map(String)])] : wanted]
  })
  return { ...has, ...Object.fromEntries(entries) }
}
