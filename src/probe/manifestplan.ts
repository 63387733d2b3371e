import { TaskError } from '../core/errors.ts'
import type { Diff } from '../core/task.ts'
import { type NamedObject, objectsOf, titleOf } from './manifest.ts'
import type { Immutable, ManifestFact } from './objects.ts'

/** Refuses what Kubernetes would refuse, with the names that its own message leaves out. */
export function refuseManifest(
  source: string,
  objects: NamedObject[],
  fact: ManifestFact,
  recreate: boolean,
): void {
  refuseConflicts(source, objects, fact.errors)
  const stuck = fact.immutable.find((one) => !recreate || !canRecreate(one))
  if (stuck !== undefined) throw immutableError(stuck)
  // What kubectl says of a Pod goes on for many lines, so it can't be parted from other errors.
  const others =
    fact.immutable.length > 0 ? [] : fact.errors.split('\n').filter((line) => !MAY_COME.test(line))
  if (others.length > 0 && fact.errors !== '')
    throw new TaskError(`the cluster refuses ${source}: ${others.join('\n')}`)
}

/** A namespace or kind that an earlier step, or the manifest itself, brings. */
const MAY_COME =
  /^\s*$|^Warning: |\(NotFound\).*: namespaces "|namespaces ".*" not found|no matches for kind|ensure CRDs are installed first/

function canRecreate({ kind }: Immutable): boolean {
  return kind === 'Pod' || kind === 'Job'
}

/** Of the object kubectl says only its API version. */
function refuseConflicts(source: string, objects: NamedObject[], errors: string): void {
  if (!/Apply failed with \d+ conflict/.test(errors)) return
  const found = (form: RegExp) =>
    [...new Set([...errors.matchAll(form)].map((match) => match[1] ?? ''))].join(', ')
  const managers = found(/conflicts? with "([^"]+)"/g)
  const fields = found(/(?:^- |: )(\.\S+)$/gm)
  const versions = found(/ using ([^\s:]+)/g).split(', ')
  const meant = objects.filter(({ text }) => versions.some((one) => isOfVersion(text, one))).map(titleOf)
  const where = meant.length === 0 ? '' : ` of ${meant.join(' or ')}`
  throw new TaskError(
    `${source} sets fields${where} that ${managers} holds with another value: ${fields}`,
    "set 'force_conflicts: true' to take them over, or take them out of the manifest",
  )
}

function isOfVersion(text: string, version: string): boolean {
  return /^apiVersion:[ \t]*["']?([^\s"']+)/m.exec(text)?.[1] === version
}

function immutableError({ kind, name, namespace, fields }: Immutable): TaskError {
  const list = fields.length > 0 ? fields.join(', ') : 'fields that it does not name'
  const where = namespace === '' ? '' : ` -n ${namespace}`
  const remedy =
    kind === 'StatefulSet'
      ? `delete the StatefulSet but not its pods, then run again: kubectl delete sts ${name}${where} --cascade=orphan`
      : canRecreate({ kind, name, namespace, fields })
        ? "set 'recreate: true' to have it deleted and created anew"
        : `delete it by hand: kubectl delete ${kind.toLowerCase()} ${name}${where}`
  return new TaskError(
    `${kind} ${name} exists, and Kubernetes does not let these be changed: ${list}`,
    remedy,
  )
}

export interface Described {
  /** Empty when nothing would change. */
  summary: string
  diff: Pick<Diff, 'before' | 'after'>
}

/** What applying the manifest does to which objects. */
export function describeManifest(objects: NamedObject[], fact: ManifestFact): Described {
  const known = fact.state === 'seen' && fact.errors === ''
  const changes = known ? tried(objects, fact) : untried(objects, fact)
  const list = (verb: string) => {
    const titles = changes.filter((one) => one.verb === verb).map((one) => titleOf(one.object))
    return titles.length === 0 ? [] : [`${verb} ${titles.join(', ')}`]
  }
  const side = (name: 'before' | 'after') =>
    changes
      .map((one) => one[name])
      .filter((text) => text !== '')
      .join('---\n')
  return {
    summary: ['create', 'change', 'recreate', 'update'].flatMap(list).join('; '),
    diff: { before: side('before'), after: side('after') },
  }
}

interface ObjectChange {
  verb: string
  object: NamedObject
  before: string
  after: string
}

/** In the order of the manifest, which is not kubectl's. */
function tried(objects: NamedObject[], { diffs }: ManifestFact): ObjectChange[] {
  const rest = diffs.flatMap(({ before, after }) => objectsOf(after).map((seen) => ({ seen, before, after })))
  return objects.flatMap((object) => {
    const at = rest.findIndex(({ seen }) => isSame(object, seen))
    const [found] = at < 0 ? [] : rest.splice(at, 1)
    if (found === undefined) return []
    // Without what the server fills in, a new object reads as its author wrote it.
    return found.before === ''
      ? [creation(object)]
      : [{ verb: 'change', object, before: found.before, after: found.after }]
  })
}

/** Where the manifest names no namespace, the server has put one in. */
function isSame(written: NamedObject, seen: NamedObject): boolean {
  const elsewhere = written.namespace !== '' && written.namespace !== seen.namespace
  return written.kind === seen.kind && written.name === seen.name && !elsewhere
}

/** The cluster could not try it: what does not exist is created, the rest made as described. */
function untried(objects: NamedObject[], { existing, immutable }: ManifestFact): ObjectChange[] {
  return objects.map((object) => {
    if (!existing.includes(`${object.kind}/${object.name}`)) return creation(object)
    const anew = immutable.some((one) => one.kind === object.kind && one.name === object.name)
    return { verb: anew ? 'recreate' : 'update', object, before: '', after: '' }
  })
}

function creation(object: NamedObject): ObjectChange {
  const secret = object.kind === 'Secret'
  const after = secret ? object.text.replace(/^(data|stringData):[^]*/m, '$1: ********\n') : object.text
  return { verb: 'create', object, before: '', after }
}
