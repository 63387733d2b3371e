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
} | null

/** Looks at a unit. All units of a look share one `systemctl show`. */
export function unitProbe(name: string): Probe<UnitFact> {
  const subject = unitName(name)
  return {
    key: `unit:${subject}`,
    script: { survey: unitSurvey, subject },
    parse: (output) => factOf(subject, output),
  }
}

/** The full name: `ssh` means `ssh.service`. */
export function unitName(name: string): string {
  return /\.(service|socket|timer|mount|automount|swap|target|path|slice|scope|device)$/.test(name)
    ? name
    : `${name}.service`
}

const PROPERTIES = 'LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath'

const unitSurvey: Survey = {
  name: 'units',
  // The answers carry no reliable name (an alias answers with another Id), so the names are told first.
  script: (units) =>
    sh`printf '%s ' ${units}; echo; LC_ALL=C systemctl show --no-pager -p ${PROPERTIES} -- ${units}`,
}

function factOf(unit: string, output: Output): UnitFact {
  const text = output.stdout.toString()
  const lineEnd = text.indexOf('\n')
  const names = text.slice(0, lineEnd).trim().split(' ')
  const blocks = text
    .slice(lineEnd + 1)
    .trim()
    .split(/\n\n+/)
  const block = blocks[names.indexOf(unit)]
  if (output.code !== 0 || blocks.length !== names.length || !block) refuseLook(unit, output)
  const property = new Map(block.split('\n').map((line) => splitOnce(line)))
  const get = (name: string) => property.get(name) ?? ''
  const [load, active] = [get('LoadState'), get('ActiveState')]
  if (load === 'not-found' && active === 'inactive') return null
  const [enabled, needsReload] = [get('UnitFileState'), get('NeedDaemonReload') === 'yes']
  return { load, active, sub: get('SubState'), enabled, needsReload, path: get('FragmentPath') }
}

function splitOnce(line: string): [string, string] {
  const at = line.indexOf('=')
  return [line.slice(0, at), line.slice(at + 1)]
}

function refuseLook(unit: string, { code, stderr }: Output): never {
  const said = stderr.trim() || `systemctl ended with exit code ${code}`
  const hint = /not been booted with systemd|not found|connect to bus/i.test(said)
    ? 'this task needs a host that runs systemd'
    : undefined
  throw new TaskError(`can't look at unit ${unit}: ${said}`, hint)
}
