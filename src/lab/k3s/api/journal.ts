import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Kind, kindNamed } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'
import type { Change, Journal } from './store.ts'

const slack = 2_000_000

interface Line {
  version: number
  kind: string
  key: string
  object: Value
}

const noteKind = 'note'

export interface Kept {
  version: number
  objects: [Kind, KubeObject][]
}

/** A journal with what it held when it was opened. */
export interface OpenJournal extends Journal {
  kept: Kept
  /** Kept beside the objects under a name of its own. */
  note(name: string): Value
  keepNote(name: string, content: Value): void
}

/** Heartbeats would be most of what is written, and after a restart every node sends a new one anyway. */
const isHeartbeat = (change: Change) => change.type === 'MODIFIED' && change.kind.plural === 'leases'

/**
 * Opens the file that keeps the cluster: one JSON line a change, rewritten when it has grown by `slack` bytes.
 * A last line torn by a crash is dropped.
 */
export function openJournal(path: string): OpenJournal {
  mkdirSync(dirname(path), { recursive: true })
  const live = existsSync(path) ? readLines(path) : new Map<string, Line>()
  let limit = compact(path, live)
  const kept: Kept = { version: Math.max(0, ...[...live.values()].map((line) => line.version)), objects: [] }
  for (const line of live.values()) {
    const kind = kindNamed(line.kind)
    if (kind !== undefined && line.object !== null) kept.objects.push([kind, line.object])
  }
  function record(change: Change): void {
    if (!isHeartbeat(change)) append(lineOf(change))
  }
  function append(line: Line): void {
    live.set(`${line.kind} ${line.key}`, line)
    if (line.object === null) live.delete(`${line.kind} ${line.key}`)
    appendFileSync(path, `${JSON.stringify(line)}\n`)
    if (statSync(path).size > limit) limit = compact(path, live)
  }
  const noteId = (name: string) => `${noteKind} ${name}`
  return {
    kept,
    record,
    note: (name) => live.get(noteId(name))?.object,
    keepNote: (name, object) => append({ version: kept.version, kind: noteKind, key: name, object }),
  }
}

function lineOf(change: Change): Line {
  const { name, namespace = '' } = change.object.metadata
  const object = change.type === 'DELETED' ? null : change.object
  return { version: change.version, kind: change.kind.id, key: `${namespace}/${name}`, object }
}

function readLines(path: string): Map<string, Line> {
  const live = new Map<string, Line>()
  for (const text of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const line = JSON.parse(text) as Line
    const id = `${line.kind} ${line.key}`
    if (line.object === null) live.delete(id)
    else live.set(id, line)
  }
  return live
}

function compact(path: string, live: Map<string, Line>): number {
  writeFileSync(`${path}.tmp`, [...live.values()].map((line) => `${JSON.stringify(line)}\n`).join(''), {
    mode: 0o600,
  })
  renameSync(`${path}.tmp`, path)
  return statSync(path).size + slack
}
