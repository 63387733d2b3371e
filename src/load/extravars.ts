import { UsageError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Diagnostic, Place } from '../core/place.ts'
import { layerOf } from './playbook/layers.ts'
import { explainName } from './names.ts'
import type { VarLayer } from './program.ts'
import { readVarsFile, type VarsFile, varsOf } from './varsfile.ts'
import { parseYaml } from './yaml/yaml.ts'

/** Environment variables that begin so are extra variables: PROVISION_VAR_region=north. */
const PREFIX = 'PROVISION_VAR_'

/**
 * Where extra variables are written, from the weakest to the strongest: the environment, then `-e` after `-e`, each
 * `name=value` (several, separated by blanks; quoted values are text), `{...}` (YAML or JSON) or `@file`. Throws
 * UsageError with every mistake.
 */
export async function readExtraVars(
  list: string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<VarLayer[]> {
  const problems: Diagnostic[] = []
  const layers = fromEnvironment(environment, problems)
  for (const [index, text] of list.entries()) {
    const place = { file: list.length === 1 ? '-e' : `-e #${index + 1}`, line: 1, column: 1 }
    try {
      layers.push(layerOf('extra', titleOf(text), await readOne(text, place)))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push(...error.diagnostics)
    }
  }
  if (problems.length > 0) throw new UsageError(problems)
  return layers
}

/** The values alone. Throws UsageError. */
export async function parseExtraVars(list: string[], environment?: NodeJS.ProcessEnv): Promise<JsonObject> {
  const layers = await readExtraVars(list, environment)
  return Object.assign({}, ...layers.map(({ vars }) => vars)) as JsonObject
}

function titleOf(text: string): string {
  return text.startsWith('@') ? `-e ${text}` : 'on the command line'
}

function fromEnvironment(environment: NodeJS.ProcessEnv, problems: Diagnostic[]): VarLayer[] {
  return Object.entries(environment).flatMap(([key, value]) => {
    if (!key.startsWith(PREFIX) || value === undefined) return []
    const name = key.slice(PREFIX.length)
    const place = { file: key, line: 1, column: 1 }
    const wrong = explainName(name)
    if (wrong !== undefined) {
      problems.push({ severity: 'error', place, ...wrong })
      return []
    }
    return [layerOf('extra', 'in the environment', { vars: { [name]: typed(value) }, placeOf: () => place })]
  })
}

async function readOne(text: string, place: Place): Promise<Omit<VarsFile, 'file'>> {
  if (text.startsWith('@')) return readVarsFile(text.slice(1))
  if (text.trimStart().startsWith('{')) return varsOf(parseYaml(text, place.file))
  return pairs(text, place)
}

/** `a=1 b=2`: several only where every word is a pair, for a value may hold blanks: `greeting=good morning`. */
function pairs(text: string, place: Place): Omit<VarsFile, 'file'> {
  const words = [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)]
  const several = words.length > 0 && words.every(([word]) => /^[A-Za-z_]\w*=/.test(word))
  const found = words.map(([word]) => word).join('')
  const whole = found.replaceAll(/\s/g, '') === text.replaceAll(/\s/g, '')
  const parts =
    several && whole ? words.map((match) => [match[0], match.index] as const) : [[text, 0] as const]
  const vars: JsonObject = {}
  const columns = new Map<string, number>()
  for (const [part, start] of parts) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(part) ?? []
    const here = { ...place, column: start + 1 }
    const hint = 'write -e name=value or -e @file.yaml'
    if (name === undefined || value === undefined) throw fault(here, `-e '${part}' is no variable`, hint)
    const wrong = explainName(name)
    if (wrong !== undefined) throw fault(here, wrong.message, wrong.hint)
    vars[name] = typed(value)
    columns.set(name, start + name.length + 2)
  }
  return { vars, placeOf: (name) => ({ ...place, column: columns.get(name) ?? 1 }) }
}

function fault(place: Place, message: string, hint: string): UsageError {
  return new UsageError([{ severity: 'error', place, message, hint }])
}

/** Whole numbers, true and false are what they look like, unless they are quoted; all else is text. */
function typed(value: string): Json {
  if (/^(?:0|-?[1-9]\d{0,14})$/.test(value)) return Number(value)
  if (value === 'true' || value === 'false') return value === 'true'
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value
}
