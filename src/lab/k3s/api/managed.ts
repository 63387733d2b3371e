import {
  compare,
  covers,
  decode,
  describe,
  encode,
  type FieldSet,
  fieldsOf,
  itemElement,
  removeAt,
  valueAt,
} from './fieldset.ts'
import { copy, equal, type KubeObject, type ManagedFields, now, type Value } from './object.ts'
import { any, fieldSchema, isAtomic, type Schema } from './schema.ts'
import { ApiError } from './status.ts'

/** Who writes, and through which subresource. */
export interface Writer {
  manager: string
  subresource?: string
}

interface Owner {
  entry: ManagedFields
  fields: FieldSet
}

const bookkeeping = 'uid resourceVersion generation creationTimestamp managedFields selfLink'.split(' ')
const identity = ['name', 'namespace', 'generateName']

/** The part of an object that managers own: not its identity, nor what the server keeps itself. */
function owned(object: Value, applied: boolean): Value {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object
  const hidden = new Set([...bookkeeping, ...(applied ? identity : [])])
  const shown = Object.fromEntries(Object.entries(metadata ?? {}).filter(([name]) => !hidden.has(name)))
  return { ...(Object.keys(shown).length === 0 ? {} : { metadata: shown }), ...rest }
}

const ownersOf = (object: KubeObject | undefined): Owner[] =>
  (object?.metadata.managedFields ?? []).map((entry) => ({ entry, fields: decode(entry.fieldsV1) }))

const isBy = (owner: Owner, writer: Writer, operation: string) =>
  owner.entry.manager === writer.manager &&
  owner.entry.operation === operation &&
  (owner.entry.subresource ?? '') === (writer.subresource ?? '')

function entryFor(
  object: KubeObject,
  writer: Writer,
  operation: 'Apply' | 'Update',
  fields: FieldSet,
): ManagedFields {
  return {
    manager: writer.manager,
    operation,
    apiVersion: object.apiVersion,
    time: now(),
    fieldsType: 'FieldsV1',
    fieldsV1: encode(fields),
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  }
}

/** In one order whoever wrote last, so that a write that changes nothing gives the same object. */
const written = (owners: Owner[]): ManagedFields[] =>
  owners
    .filter((owner) => owner.fields.size > 0)
    .map((owner) => ({ ...owner.entry, fieldsV1: encode(owner.fields) }))
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))

const rank = (entry: ManagedFields) => `${entry.operation} ${entry.manager} ${entry.subresource ?? ''}`

/** Records an ordinary write: the writer owns what it changed, the others lose it. Returns the new entries. */
export function trackUpdate(
  before: KubeObject | undefined,
  after: KubeObject,
  schema: Schema,
  writer: Writer,
): ManagedFields[] {
  const owners = ownersOf(after.metadata.managedFields === undefined ? before : after)
  const { changed, removed } = compare(
    before === undefined ? {} : owned(before, false),
    owned(after, false),
    schema,
  )
  const mine = owners.find((owner) => isBy(owner, writer, 'Update'))
  const others = owners.filter((owner) => owner !== mine)
  for (const owner of others) owner.fields = without(without(owner.fields, changed), removed)
  if (changed.size === 0 && mine === undefined) return written(others)
  const fields = without(new Set([...(mine?.fields ?? []), ...changed]), removed)
  if (changed.size === 0 && mine !== undefined) return written([...others, { ...mine, fields }])
  return written([...others, { entry: entryFor(after, writer, 'Update', fields), fields }])
}

const without = (fields: FieldSet, taken: FieldSet): FieldSet =>
  new Set([...fields].filter((path) => !taken.has(path)))

/** Server-side apply. Returns the object as it should be; throws 409 when other managers own what would change. */
export function applyConfig(
  live: KubeObject | undefined,
  config: Value,
  schema: Schema,
  writer: Writer,
  force: boolean,
): KubeObject {
  const wanted = fieldsOf(owned(config, true), schema)
  const owners = ownersOf(live)
  const mine = owners.find((owner) => isBy(owner, writer, 'Apply'))
  const others = owners.filter((owner) => owner !== mine)
  const merged: KubeObject = live === undefined ? copy(config) : merge(live, config, schema)
  const contested = live === undefined ? new Set<string>() : changedPaths(live, merged, schema, wanted)
  settleConflicts(others, contested, force)
  prune(merged, schema, mine?.fields ?? new Set(), wanted, others)
  const entry =
    mine !== undefined && equal(mine.entry.fieldsV1, encode(wanted))
      ? mine.entry
      : entryFor(merged, writer, 'Apply', wanted)
  merged.metadata.managedFields = written([{ entry, fields: wanted }, ...others])
  return merged
}

function changedPaths(live: Value, merged: Value, schema: Schema, wanted: FieldSet): FieldSet {
  return new Set(
    [...wanted].filter(
      (path) => !equal(valueAt(live, schema, path), valueAt(merged, schema, path)) && isLeafOf(path),
    ),
  )
}

const isLeafOf = (path: string) => !/(^|\0)k:[^\0]*$/.test(path)

function settleConflicts(others: Owner[], contested: FieldSet, force: boolean): void {
  const causes: Value[] = []
  for (const owner of others) {
    const lost = [...contested].filter((path) => owner.fields.has(path))
    if (force) owner.fields = without(owner.fields, new Set(lost))
    else causes.push(...lost.map((path) => causeOf(owner.entry, path)))
  }
  if (causes.length > 0) throw conflictError(causes)
}

function conflictError(causes: Value[]): ApiError {
  const by = new Map<string, string[]>()
  for (const cause of causes) by.set(cause.message, [...(by.get(cause.message) ?? []), cause.field])
  const groups = [...by].map(
    ([who, fields]) => `${who.replace('conflict', 'conflicts')}:\n- ${fields.join('\n- ')}`,
  )
  const text =
    causes.length === 1
      ? `1 conflict: ${causes[0].message}: ${causes[0].field}`
      : `${causes.length} conflicts: ${groups.join('\n')}`
  return new ApiError(409, 'Conflict', `Apply failed with ${text}`, { causes })
}

function causeOf(entry: ManagedFields, path: string): Value {
  const sub = entry.subresource === undefined ? '' : ` with subresource "${entry.subresource}"`
  const using = entry.operation === 'Update' ? ` using ${entry.apiVersion}` : ''
  return {
    reason: 'FieldManagerConflict',
    message: `conflict with "${entry.manager}"${sub}${using}`,
    field: describe(path),
  }
}

/** Takes away what this manager applied before and no longer does, unless another one owns it. */
function prune(
  merged: KubeObject,
  schema: Schema,
  before: FieldSet,
  wanted: FieldSet,
  others: Owner[],
): void {
  for (const path of before) {
    const isKept = covers(wanted, path) || others.some((owner) => covers(owner.fields, path))
    if (!isKept) removeAt(merged, schema, path)
  }
}

/** The live value with the applied one laid over it. */
function merge(live: Value, config: Value, schema: Schema): Value {
  const isPlain = (value: Value) => value !== null && typeof value === 'object'
  if (!isPlain(live) || !isPlain(config) || isAtomic(schema)) return copy(config)
  if (schema.is === 'list') return mergeList(live, config, schema)
  const result = copy(live)
  for (const [name, value] of Object.entries(config)) {
    result[name] = merge(live[name], value, fieldSchema(schema, name) ?? any)
  }
  return result
}

function mergeList(live: Value[], config: Value[], schema: Schema & { is: 'list' }): Value[] {
  const element = (item: Value) => itemElement(item, schema)
  const old = new Map(live.map((item) => [element(item), item]))
  const applied = new Map(config.map((item) => [element(item), item]))
  const kept = live.filter((item) => !applied.has(element(item)))
  const laid = [...applied].map(([name, item]) =>
    old.has(name) ? merge(old.get(name), item, schema.of) : copy(item),
  )
  return sameOrder(live, laid, kept, element)
}

/** Applied items in their order; items of others stay where they stood relative to the ones before them. */
function sameOrder(live: Value[], laid: Value[], kept: Value[], element: (item: Value) => string): Value[] {
  const result = [...laid]
  for (const item of kept) {
    const before = live.slice(0, live.indexOf(item)).map(element)
    const last = result.findLastIndex((one) => before.includes(element(one)))
    result.splice(last + 1, 0, copy(item))
  }
  return result
}
