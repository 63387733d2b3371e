import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe, Survey } from '../core/task.ts'

/** A unit as systemd sees it; null when systemd knows none of that name. */
export type UnitFact = {
  /** E.g. "loaded", "masked", "bad-setting"; "not-found" when it still runs without a file. */
  load: string
  /** "active", "inactive", "failed", "activating", "deactivating" or "reloading". */
  active: string
  /** The finer state, e.g. "running", "exited", "auto-restart". */
  sub: string
  /** "enabled", "disabled", "static", "masked", "generated", …; empty when there is no unit file. */
  enabled: string
  /** The unit file has changed since systemd read it. */
  needsReload: boolean
  /** Path of the unit file; empty when there is none. */
  path: string
  /** It does its work and ends: it is never found started. */
  ends?: true
} | null

/** Looks at a unit. All units of a look share one `systemctl show`. */
export function unitProbe(name: string): Probe<UnitFact> {
  const unit = unitName(name)
  return { key: `unit:${unit}`, script: unitScript(unit), parse: (output) => factOf(unit, output) }
}

/** What a look at units told of one of them. */
interface UnitAnswer {
  /** What the script told that was to be run beside. */
  beside: string
  /** Undefined when systemd gave no answer. */
  properties?: Map<string, string>
}

/** The part of a unit, by its full name, in the survey of units; `beside` is a script that looks at more of it. */
export function unitScript(unit: string, beside = ''): { survey: Survey; subject: string } {
  return { survey: unitSurvey, subject: `${unit}\n${beside}` }
}

/** The full name: `ssh` means `ssh.service`. */
export function unitName(name: string): string {
  return /\.(service|socket|timer|mount|automount|swap|target|path|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`
}

const PROPERTIES =
  'LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,Type,RemainAfterExit,ExecMainStartTimestampMonotonic'

const unitSurvey: Survey = {
  name: 'units',
  // The answers carry no reliable name (an alias answers with another Id), so the names are told first.
  script(subjects) {
    const looks = subjects.map((subject) => splitOnce(subject, '\n'))
    const units = [...new Set(looks.map(([unit]) => unit))]
    return [
      ...looks.flatMap(([unit, beside]) => (beside === '' ? [] : [sh`echo ${`==> ${unit}`}`, beside])),
      sh`printf '==> units\n%s\n' ${units.join(' ')}`,
      sh`LC_ALL=C systemctl show --no-pager -p ${PROPERTIES} -- ${units}`,
    ].join('\n')
  },
}

/** The answer for one unit, out of the survey's output. */
export function unitAnswer(unit: string, output: Output): UnitAnswer {
  const parts = output.stdout.toString().split(/^==> (.*)\n/m)
  const part = (name: string) => parts[parts.indexOf(name, 1) + 1] ?? ''
  const beside = parts.includes(unit) ? part(unit) : ''
  const [first, rest] = splitOnce(part('units'), '\n')
  const names = first.trim().split(' ')
  const blocks = rest.trim().split(/\n\n+/)
  const block = blocks[names.indexOf(unit)]
  if (output.code !== 0 || blocks.length !== names.length || !block) return { beside }
  return { beside, properties: new Map(block.split('\n').map((line) => splitOnce(line, '='))) }
}

function factOf(unit: string, output: Output): UnitFact {
  const get = propertyOf(unit, output)
  const [load, active] = [get('LoadState'), get('ActiveState')]
  if (load === 'not-found' && active === 'inactive') return null
  const [enabled, needsReload] = [get('UnitFileState'), get('NeedDaemonReload') === 'yes']
  const fact = { load, active, sub: get('SubState'), enabled, needsReload, path: get('FragmentPath') }
  return get('Type') === 'oneshot' && get('RemainAfterExit') === 'no' ? { ...fact, ends: true } : fact
}

/** Reads properties by their names; throws TaskError where systemd gave no answer. */
export function propertyOf(unit: string, output: Output): (name: string) => string {
  const { properties } = unitAnswer(unit, output)
  if (properties === undefined) return refuseLook(unit, output)
  return (name) => properties.get(name) ?? ''
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

function refuseLook(unit: string, { code, stderr }: Output): never {
  const said = stderr.trim() || `systemctl ended with exit code ${code}`
  const hint = /not been booted with systemd|not found|connect to bus/i.test(said)
    ? 'this task needs a host that runs systemd'
    : undefined
  throw new TaskError(`can't look at unit ${unit}: ${said}`, hint)
}
