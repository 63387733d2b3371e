import { TaskError } from '../core/errors.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { Probe } from '../core/task.ts'
import { isObject } from './docker.ts'
import {
  type Answer,
  answerOf,
  type ClusterState,
  kubernetesSurvey,
  type Question,
  subjectOf,
} from './kubernetes.ts'
import { type ObjectDiff, readDiffs } from './manifest.ts'

/** What applying a manifest would do. */
export type ManifestFact = {
  state: ClusterState
  /** Objects that would change; known only where the whole manifest could be tried. */
  diffs: ObjectDiff[]
  /** The cluster refuses the manifest, or can't judge it before a namespace or kind is there. */
  errors: string
  /** Objects that exist, as "Kind/name"; filled only beside errors. */
  existing: string[]
  /** Objects that exist and can't be changed so, with the fields that differ. */
  immutable: Immutable[]
}

export type Immutable = { kind: string; name: string; namespace: string; fields: string[] }

/** Tries a manifest on the cluster: a server-side apply without effect. */
export function manifestProbe(text: string, force: boolean): Probe<ManifestFact> {
  const question: Question = { ask: 'diff', text, force }
  const subject = subjectOf(question)
  return {
    key: `manifest:${subject}`,
    script: { survey: kubernetesSurvey, subject },
    parse: (output) => manifestFact(answerOf(question, output)),
  }
}

/** Looks which objects of a manifest exist; `existing` holds names such as `deployment.apps/web`. */
export function existingProbe(text: string): Probe<ManifestFact> {
  const question: Question = { ask: 'existing', text }
  const subject = subjectOf(question)
  return {
    key: `existing:${subject}`,
    script: { survey: kubernetesSurvey, subject },
    parse(output) {
      const { state, code, stdout, stderr } = answerOf(question, output)
      if (state === 'seen' && code !== 0 && !UNKNOWN_KIND.test(stderr))
        throw new TaskError(`kubectl get: ${stderr}`)
      return { state, ...NOTHING, existing: stdout.split('\n').filter((line) => line !== '') }
    },
  }
}

const NOTHING = { diffs: [], errors: '', existing: [], immutable: [] }
const UNKNOWN_KIND = /no matches for kind|doesn't have a resource type/
const IMMUTABLE =
  /^(?:\* )?The (\w+) "([^"]+)" is invalid: .*(?:Forbidden: (?:\w+ )?updates|field is immutable)/gm

function manifestFact(answer: Answer): ManifestFact {
  const { state, code, stdout, stderr } = answer
  if (state !== 'seen' || code === 0) return { state, ...NOTHING }
  // An error in kubectl's options ends with 1, too, but then there is no difference to see.
  if (code === 1 && stdout.includes('\n@@ ')) return { state, ...NOTHING, diffs: readDiffs(stdout) }
  const live = parseObjects(answer.live)
  const wanted = parseObjects(answer.wanted)
  const immutable = [...stderr.matchAll(IMMUTABLE)].map(([, kind = '', name = '']) =>
    explain(kind, name, wanted, live),
  )
  return {
    state,
    diffs: [],
    errors: stderr || `kubectl diff ended with exit code ${code}`,
    existing: live.map(nameOf),
    immutable,
  }
}

/** One object, a list of them, or several one after the other. */
function parseObjects(text: string): JsonObject[] {
  const values =
    text.trim() === ''
      ? []
      : text
          .trim()
          .split(/\n(?=\{)/)
          .map((one) => JSON.parse(one) as Json)
  return values.flatMap((value) => {
    if (!isObject(value)) return []
    return value.kind === 'List' && Array.isArray(value.items) ? value.items.filter(isObject) : [value]
  })
}

function metadataOf(object: JsonObject): { name: string; namespace: string } {
  const { name = '', namespace = '' } = isObject(object.metadata) ? object.metadata : {}
  return { name: textOf(name), namespace: textOf(namespace) }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** "Kind/name", which is enough to tell the objects of one manifest apart for a message. */
function nameOf(object: JsonObject): string {
  return `${textOf(object.kind)}/${metadataOf(object).name}`
}

/** The server says that something must not change, but not what. */
function explain(kind: string, name: string, wanted: JsonObject[], live: JsonObject[]): Immutable {
  const find = (objects: JsonObject[]) => objects.find((one) => nameOf(one) === `${kind}/${name}`)
  const has = find(live)
  const fields = differences(find(wanted)?.spec, has?.spec, 'spec').filter((field) => !mayChange(kind, field))
  return { kind, name, namespace: has === undefined ? '' : metadataOf(has).namespace, fields }
}

const CHANGEABLE: Record<string, RegExp> = {
  StatefulSet:
    /^spec\.(replicas|template|updateStrategy|persistentVolumeClaimRetentionPolicy|minReadySeconds|ordinals|revisionHistoryLimit)\b/,
  Pod: /^spec\.((init)?[cC]ontainers\[\d+\]\.image|activeDeadlineSeconds|tolerations)\b/,
}

function mayChange(kind: string, field: string): boolean {
  return CHANGEABLE[kind]?.test(field) ?? false
}

/** Paths of what is wanted and is otherwise; what the server added is no difference. */
function differences(wanted: Json | undefined, has: Json | undefined, path: string): string[] {
  if (wanted === undefined || JSON.stringify(wanted) === JSON.stringify(has)) return []
  if (isObject(wanted) && isObject(has)) {
    return Object.keys(wanted).flatMap((key) => differences(wanted[key], has[key], `${path}.${key}`))
  }
  if (Array.isArray(wanted) && Array.isArray(has) && wanted.length === has.length) {
    return wanted.flatMap((one, at) => differences(one, has[at], `${path}[${at}]`))
  }
  return [path]
}
