import { printedJson } from '../base/printed-json.ts'
import { Redactor } from '../base/redact.ts'
import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import type { Host } from '../core/host.ts'
import type { Json, JsonObject } from '../core/json.ts'
import { placeText } from '../core/place.ts'
import { loadProgram } from '../load/compile.ts'
import { readExtraVars } from '../load/extravars.ts'
import { loadInventory } from '../load/inventory/inventory.ts'
import { MAGIC_NAMES } from '../load/names.ts'
import type { Program, VarLayer } from '../load/program.ts'
import { type Setting, settingsOf, valueOf } from '../load/inventory/settings.ts'
import { coloursFor } from '../render/colour.ts'
import { clip, padEnd, width } from '../render/text.ts'
import { UNSEEN } from './validate.ts'

export interface ExplainFlags {
  inventory: string[]
  playbook?: string[]
  extraVars?: string[]
  output: 'text' | 'json'
}

/** Shows what a variable is on a host and every place that sets it, or all variables of the host. Contacts nothing. */
export async function explain(
  name: string,
  variable: string | undefined,
  flags: ExplainFlags,
): Promise<void> {
  const extra = await readExtraVars(flags.extraVars ?? [])
  const programs = await programsOf(flags, extra)
  const hosts = new Map(programs.flatMap(({ inventory }) => [...inventory.hosts]))
  const host = hosts.get(name)
  if (host === undefined)
    throw new UsageError(
      `no host '${name}' in ${flags.inventory.join(', ')}`,
      didYouMean(name, [...hosts.keys()]),
    )
  const settings = settingsOf(name, programs, extra)
  const rows = [...settings].map(([one, list]) => describe(host, one, list))
  if (variable === undefined) return showAll(host, rows, flags)
  const row = rows.find((one) => one.name === variable) ?? given(host, variable, programs)
  if (row === undefined)
    throw new UsageError(`nothing sets '${variable}' on ${name}`, didYouMean(variable, [...settings.keys()]))
  showOne(host, row, flags)
}

/** Without a playbook there are only the inventory and extra variables. */
async function programsOf({ inventory, playbook = [] }: ExplainFlags, extra: VarLayer[]): Promise<Program[]> {
  const extraVars = Object.assign({}, ...extra.map(({ vars }) => vars)) as JsonObject
  if (playbook.length > 0)
    return Promise.all(
      playbook.map((one) =>
        loadProgram({ playbook: one, inventory, extraVars, releases: UNSEEN, secrets: 'none' }),
      ),
    )
  const loaded = await loadInventory(inventory, { extraVars })
  return [{ playbook: '', plays: [], extraVars, releases: UNSEEN, ...loaded }]
}

/** What stands for a secret, also where it is set. */
const HIDDEN = '********'

interface Row {
  name: string
  value: string
  /** undefined: nobody can tell before a run. */
  json: Json | undefined
  settings: Setting[]
}

function describe(host: Host, name: string, settings: Setting[]): Row {
  const [winner] = settings as [Setting]
  return { name, settings, ...shown(valueOf(host, name, winner), winner.written) }
}

/** What we give to templates is set nowhere. */
function given(host: Host, name: string, [program]: Program[]): Row | undefined {
  if (!MAGIC_NAMES.includes(name) || program === undefined) return undefined
  return { name, settings: [], ...shown(valueOf(host, name, { program, written: null }), null) }
}

function shown(result: ReturnType<typeof valueOf>, written: Json | undefined): Pick<Row, 'value' | 'json'> {
  const redactor = new Redactor()
  const secret = redactor.maskAll(written)
  if (secret === HIDDEN) return { json: HIDDEN, value: HIDDEN }
  if ('value' in result) {
    const json = redactor.maskAll(result.value)
    return { json, value: JSON.stringify(json) }
  }
  const source = written === undefined ? '' : `${writtenText(written)}, `
  return { json: undefined, value: `(${source}${redactor.mask(result.unknown)})` }
}

function writtenText(written: Json | undefined): string {
  return written === undefined ? '' : JSON.stringify(new Redactor().maskAll(written))
}

function showOne(host: Host, row: Row, { output }: ExplainFlags): void {
  if (output === 'json')
    return print({
      host: host.name,
      variable: row.name,
      value: row.json ?? null,
      places: row.settings.map(placeOf),
    })
  const colours = coloursFor(process.stdout)
  process.stdout.write(`${colours.bold(row.name)} on ${host.name}: ${colours.green(row.value)}\n`)
  const cells = row.settings.map((one) => [
    one.level,
    placeText(one.place),
    clip(writtenText(one.written), 40),
  ])
  const widths = [0, 1, 2].map((at) => Math.max(0, ...cells.map((cell) => width(cell[at] as string))))
  for (const [index, one] of row.settings.entries()) {
    const line = (cells[index] as string[]).map((cell, at) => padEnd(cell, widths[at] as number)).join('  ')
    const text = `  ${line}  ${one.title}`.trimEnd()
    process.stdout.write(`${index === 0 ? text : colours.dim(text)}\n`)
  }
  if (row.settings.length === 0) process.stdout.write('  always there; no file sets it\n')
}

function showAll(host: Host, rows: Row[], { output }: ExplainFlags): void {
  const sorted = rows.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  if (output === 'json') {
    const variables = sorted.map(({ name, json, settings }) => [
      name,
      { value: json ?? null, ...placeOf(settings[0]!) },
    ])
    return print({ host: host.name, variables: Object.fromEntries(variables) as JsonObject })
  }
  const colours = coloursFor(process.stdout)
  const widest = Math.max(0, ...rows.map(({ name }) => width(name)))
  for (const { name, value, settings } of sorted) {
    const [winner] = settings as [Setting]
    const where = colours.dim(`${placeText(winner.place)}  ${winner.title}`)
    process.stdout.write(`${colours.bold(padEnd(name, widest))}  ${padEnd(clip(value, 44), 44)}  ${where}\n`)
  }
}

function placeOf({ level, title, place, written }: Setting): JsonObject {
  const { file, line, column } = place
  return { level, title, file, line, column, written: new Redactor().maskAll(written ?? null) }
}

function print(value: unknown): void {
  process.stdout.write(`${printedJson(value, 2)}\n`)
}
