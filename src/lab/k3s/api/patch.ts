import { copy, equal, type Value } from './object.ts'
import { any, fieldSchema, type Schema } from './schema.ts'
import { ApiError, badRequest } from './status.ts'

/** RFC 7386. */
export function mergePatch(target: Value, patch: Value): Value {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const result = target !== null && typeof target === 'object' && !Array.isArray(target) ? copy(target) : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = mergePatch(result[name], value)
  }
  return result
}

/** RFC 6902. */
export function jsonPatch(target: Value, operations: Value): Value {
  if (!Array.isArray(operations)) throw badRequest('a JSON patch must be a list of operations')
  return operations.reduce((value, operation) => applyOperation(value, operation), copy(target))
}

const parsePointer = (pointer: string) =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))

function applyOperation(root: Value, operation: Value): Value {
  const path = parsePointer(String(operation.path))
  switch (operation.op) {
    case 'add':
      return edit(root, path, (parent, name) => insert(parent, name, operation.value))
    case 'remove':
      return edit(root, path, (parent, name) => take(parent, name, operation.path))
    case 'replace':
      if (path.length === 0) return copy(operation.value)
      return edit(root, path, (parent, name) => {
        take(parent, name, operation.path)
        insert(parent, name, operation.value)
      })
    case 'test':
      if (equal(look(root, path), operation.value)) return root
      throw unprocessable(`testing value ${operation.path} failed`)
    case 'copy':
    case 'move':
      return relocate(root, operation, path)
    default:
      throw badRequest(`unknown JSON patch operation '${operation.op}'`)
  }
}

function relocate(root: Value, operation: Value, path: string[]): Value {
  const from = parsePointer(String(operation.from))
  const value = copy(look(root, from))
  const rest =
    operation.op === 'move' ? edit(root, from, (parent, name) => take(parent, name, operation.from)) : root
  return edit(rest, path, (parent, name) => insert(parent, name, value))
}

const unprocessable = (message: string) =>
  new ApiError(422, 'Invalid', `the server rejected our request: ${message}`)

const look = (root: Value, path: string[]): Value => path.reduce((value, name) => value?.[name], root)

function edit(root: Value, path: string[], change: (parent: Value, name: string) => void): Value {
  const parent = look(root, path.slice(0, -1))
  if (parent === null || typeof parent !== 'object')
    throw unprocessable(`path /${path.join('/')} does not exist`)
  change(parent, path.at(-1) ?? '')
  return root
}

function insert(parent: Value, name: string, value: Value): void {
  if (!Array.isArray(parent)) parent[name] = copy(value)
  else if (name === '-') parent.push(copy(value))
  else parent.splice(Number(name), 0, copy(value))
}

function take(parent: Value, name: string, path: string): void {
  if (!(name in parent)) throw unprocessable(`path ${path} does not exist`)
  if (Array.isArray(parent)) parent.splice(Number(name), 1)
  else delete parent[name]
}

/** Kubernetes' own patch: lists of named items are merged by their key, with $patch and its relatives. */
export function strategicPatch(target: Value, patch: Value, schema: Schema): Value {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return copy(patch)
  if (patch.$patch === 'replace') return clean(patch)
  const result = target !== null && typeof target === 'object' ? copy(target) : {}
  for (const [name, value] of Object.entries<Value>(patch)) {
    if (name.startsWith('$')) applyDirective(result, name, value)
    else if (value === null || value?.$patch === 'delete') delete result[name]
    else result[name] = patchField(result[name], value, fieldSchema(schema, name) ?? any)
  }
  orderLists(result, patch, schema)
  return result
}

const mergeKey = (schema: Schema): string | undefined =>
  schema.is === 'list' ? (schema.patchKey ?? schema.keys?.[0]) : undefined

function patchField(target: Value, patch: Value, schema: Schema): Value {
  if (!Array.isArray(patch)) return strategicPatch(target, patch, schema)
  const key = mergeKey(schema)
  if (key !== undefined && schema.is === 'list') return patchItems(target ?? [], patch, key, schema.of)
  if (schema.is === 'list' && schema.set === true) return [...new Set([...(target ?? []), ...patch])]
  return copy(patch)
}

function patchItems(target: Value[], patch: Value[], key: string, schema: Schema): Value[] {
  const isReplaced = patch.some((item) => item.$patch === 'replace')
  const result = isReplaced ? [] : copy(target)
  for (const item of patch) {
    if (item.$patch === 'replace' && Object.keys(item).length === 1) continue
    const index = result.findIndex((one) => one[key] === item[key])
    if (item.$patch === 'delete') {
      if (index >= 0) result.splice(index, 1)
    } else if (index >= 0) result[index] = strategicPatch(result[index], item, schema)
    else result.push(clean(item))
  }
  return result
}

/** Without the directives, which are instructions and no content. */
function clean(value: Value): Value {
  if (Array.isArray(value)) return value.map(clean)
  if (value === null || typeof value !== 'object') return value
  const kept = Object.entries(value).filter(([name]) => !name.startsWith('$'))
  return Object.fromEntries(kept.map(([name, item]) => [name, clean(item)]))
}

function applyDirective(result: Value, name: string, value: Value): void {
  if (name === '$retainKeys') {
    for (const field of Object.keys(result)) if (!value.includes(field)) delete result[field]
  }
  const from = /^\$deleteFromPrimitiveList\/(.+)$/.exec(name)?.[1]
  if (from !== undefined) result[from] = (result[from] ?? []).filter((item: Value) => !value.includes(item))
}

function orderLists(result: Value, patch: Value, schema: Schema): void {
  for (const [name, order] of Object.entries<Value>(patch)) {
    const field = /^\$setElementOrder\/(.+)$/.exec(name)?.[1]
    if (field === undefined || !Array.isArray(result[field])) continue
    const key = mergeKey(fieldSchema(schema, field) ?? any)
    const id = (item: Value) => (key === undefined ? item : item?.[key])
    const wanted: Value[] = order.map(id)
    const rank = (item: Value) => (wanted.includes(id(item)) ? wanted.indexOf(id(item)) : wanted.length)
    result[field].sort((a: Value, b: Value) => rank(a) - rank(b))
  }
}
