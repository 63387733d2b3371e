import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, existsSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { readFileSync } from 'node:fs'
import type { Json } from '../../src/core/json.ts'
import type { Action, Change, LocalFile, Output, Probe, Probes, Task } from '../../src/core/task.ts'
import { archiveBytes } from '../../src/load/file/archive.ts'
import { completion } from '../tasks/law.ts'

/** Runs a script on this machine, as a host would. */
export function runHere(script: string, stdin = ''): Output {
  const { status, stdout, stderr } = spawnSync('dash', ['-c', script], { input: stdin })
  return { code: status ?? 255, stdout, stderr: stderr.toString() }
}

/** Looks at this machine; probes that share a survey share one script. */
export function lookHere<P extends Probes>(
  probes: P,
): { [K in keyof P]: P[K] extends Probe<infer T> ? T : never } {
  const outputs = new Map<string, Output>()
  const all = Object.values(probes).map(({ script }) => script)
  const facts = Object.entries(probes).map(([name, probe]) => {
    const { script } = probe
    if (typeof script === 'string') return [name, probe.parse(runHere(script)) as Json]
    const { survey } = script
    const subjects = all.flatMap((one) =>
      typeof one !== 'string' && one.survey === survey ? [one.subject] : [],
    )
    const output = outputs.get(survey.name) ?? runHere(survey.script([...new Set(subjects)]))
    outputs.set(survey.name, output)
    return [name, probe.parse(output) as Json]
  })
  return Object.fromEntries(facts)
}

/** Applies a task to this machine and looks again: what it then still plans must be nothing. */
export function applyHere(
  task: Task,
  written: Record<string, unknown>,
): { changes: Change[]; left: Change[]; facts: any } {
  const args = completion(task)(written)
  const changes = task.plan(args, lookHere(task.probes(args)))
  for (const action of changes.flatMap((change) => change.actions)) actHere(action)
  const facts = lookHere(task.probes(args))
  return { changes, left: task.plan(args, facts), facts }
}

function actHere(action: Action): void {
  if (action.do === 'run') {
    const { code, stderr } = runHere(action.script, action.stdin)
    if (code !== 0) throw new Error(`${action.script}: ${stderr}`)
  } else if (action.do === 'put') {
    const { path, content, mode, backup } = action
    if (backup) copyFileSync(path, `${path}.bak`)
    writeFileSync(`${path}.new`, 'text' in content ? content.text : bytesOf(content.local))
    if (existsSync(path)) chownSync(`${path}.new`, statSync(path).uid, statSync(path).gid)
    chmodSync(`${path}.new`, Number.parseInt(mode ?? '0644', 8))
    renameSync(`${path}.new`, path)
  } else {
    throw new Error(`${action.do} is not for a test`)
  }
}

function bytesOf({ path, entries }: LocalFile): Buffer {
  return entries === undefined ? readFileSync(path) : Buffer.concat([...archiveBytes(entries)])
}
