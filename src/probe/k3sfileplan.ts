import { blockYaml } from '../base/block-yaml.ts'
import { sh } from '../base/shell.ts'
import type { Change } from '../core/task.ts'
import type { FileFact } from './files.ts'
import {
  besideFiles,
  isOurs,
  type K3sRole,
  type K3sSettings,
  pathsOf,
  planText,
  type WantedText,
  wantedFiles,
} from './k3sfiles.ts'
import { type Adopted, adopt, isUsable } from './k3slayout.ts'
import { readMapping } from './yamltext.ts'

/** What brings k3s's files to what is wanted, and the names of those that it must be started anew for. */
export interface FilePlan {
  changes: Change[]
  read: string[]
}

/** A unit by which k3s was set up before us stays, together with what it says beyond what is wanted. */
export function planFiles(
  role: K3sRole,
  settings: K3sSettings,
  fact: (path: string) => FileFact,
  address: string | null,
): FilePlan {
  const paths = pathsOf(role)
  const unit = fact(paths.unit)?.text ?? ''
  const found = isUsable(unit, role) && !isOurs(unit, role) ? adoptFiles(role, settings, fact) : undefined
  const wanted =
    found === undefined ? wantedFiles(role, settings) : adoptedTexts(role, settings, found, fact, address)
  const plans = wanted.map((file) => ({ file, changes: planText(file, fact(file.path)) }))
  const read = plans
    .filter(({ file, changes }) => changes.some(({ diff }) => diff !== undefined) && isRead(role, file))
    .map(({ file }) => file.path.slice(file.path.lastIndexOf('/') + 1))
  return {
    changes: plans.flatMap(({ file, changes }) => changes.map((one) => finished(role, file, one))),
    read,
  }
}

/** What is in effect already, and what only systemd reads, need no new start. */
function isRead(role: K3sRole, { path, settled }: Planned): boolean {
  return path !== pathsOf(role).mounts && settled !== true
}

interface Planned extends WantedText {
  /** k3s runs as if it had read it. */
  settled?: true
}

function finished(role: K3sRole, file: Planned, change: Change): Change {
  const paths = pathsOf(role)
  if (change.diff === undefined) return change
  const more = [
    ...(file.path === paths.mounts ? ['systemctl daemon-reload'] : []),
    // By its time it would seem to have been written after the start.
    ...(file.settled ? [sh`touch -r ${paths.unit} ${file.path}`] : []),
  ]
  return {
    ...change,
    actions: [...change.actions, ...more.map((script) => ({ do: 'run' as const, script }))],
  }
}

function adoptFiles(role: K3sRole, { config, env }: K3sSettings, fact: (path: string) => FileFact): Adopted {
  const paths = pathsOf(role)
  const file = fact(paths.config)
  const layout = {
    unit: fact(paths.unit)?.text ?? '',
    env: fact(paths.env)?.text ?? '',
    config: file === null ? null : readMapping(paths.config, file.text ?? ''),
  }
  return adopt(role, layout, config, env)
}

function adoptedTexts(
  role: K3sRole,
  settings: K3sSettings,
  { unit, env, config, added }: Adopted,
  fact: (path: string) => FileFact,
  address: string | null,
): Planned[] {
  const paths = pathsOf(role)
  const same = unit === fact(paths.unit)?.text && env === (fact(paths.env)?.text ?? '')
  const settled =
    same && added.length === 1 && added[0] === 'node-ip' && address === settings.config['node-ip']
  const about = `set ${added.join(', ')} in ${paths.config}${settled ? ', as it is in effect already' : ''}`
  const file: Planned = { path: paths.config, text: blockYaml(config ?? {}), mode: '0600', yaml: true, about }
  return [
    ...(config === null ? [] : [settled ? { ...file, settled } : file]),
    { path: paths.env, text: env, mode: '0600' },
    { path: paths.unit, text: unit, mode: fact(paths.unit)?.mode ?? '0644' },
    ...besideFiles(role, settings),
  ]
}
