import type { Json, JsonObject } from '../../core/json.ts'
import { applyFilter, testCondition } from './calls.ts'
import type { Filter } from './filters.ts'
import { type Args, operation, required } from './operations.ts'
import { checkFilter, checkTest } from './templatenames.ts'
import { TemplateError, Undefined } from './templateerror.ts'
import { keyText, list, memberPath, plain, truth } from './values.ts'

export const PICK_FILTERS: Record<string, Filter> = {
  map: operation('* **', (value, args, named) => map(list(value, "the filter 'map'"), args, named)),
  select: picking('select', true),
  reject: picking('reject', false),
  selectattr: pickingBy('selectattr', true),
  rejectattr: pickingBy('rejectattr', false),
}

function picking(name: string, wanted: boolean): Filter {
  return operation('*', (value, [test, ...args]) =>
    list(value, `the filter '${name}'`).filter((one) => holds(one, test, args) === wanted),
  )
}

function pickingBy(name: string, wanted: boolean): Filter {
  return operation('*', (value, [path, test, ...args]) => {
    const key = required(path, `'${name}'`)
    return list(value, `the filter '${name}'`).filter((one) => {
      const found = memberPath(one, key)
      // Without a test, an attribute that is not there counts as false.
      if (test === undefined && found instanceof Undefined) return !wanted
      return holds(found, test, args) === wanted
    })
  })
}

/** `map('filter', ...)` or `map(attribute='name', default=...)`. */
function map(
  items: Json[],
  [name, ...args]: Args,
  { attribute, default: otherwise, ...named }: JsonObject,
): Json[] {
  if (attribute !== undefined) {
    return items.map((one) => {
      const found = memberPath(one, attribute)
      return found instanceof Undefined && otherwise !== undefined ? otherwise : plain(found)
    })
  }
  if (name === undefined) throw new TemplateError("'map' wants the name of a filter, or attribute='...'")
  const filter = checkFilter(keyText(name))
  const given = {
    args: args as Json[],
    named: { ...named, ...(otherwise !== undefined && { default: otherwise }) },
  }
  return items.map((one) => plain(applyFilter(filter, one, given)))
}

function holds(value: ReturnType<typeof memberPath>, test: Json | undefined, args: Args): boolean {
  if (test === undefined) return truth(plain(value))
  const name = checkTest(keyText(test))
  return testCondition(name, value, { args: args as Json[], named: {} }) === true
}
