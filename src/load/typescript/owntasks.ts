import { basename } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Diagnostic } from '../../core/place.ts'
import type { Task } from '../../core/task.ts'
import { explainArgs } from '../check/argfaults.ts'
import { argsErrors, prepareChecks } from '../check/checks.ts'
import { taskNames } from '../library.ts'
import { pointerKey } from '../yaml/plaindata.ts'
import { type Schema, withDefaults } from '../check/schemas.ts'
import { guardTask } from './taskguard.ts'
import { importDefault } from './typescript.ts'
import { describe, isMapping } from '../template/values.ts'
import { type WrittenPlaces, writtenPlaces } from './written.ts'
import { parseYaml } from '../yaml/yaml.ts'

/**
 * Loads a task of the user's own and checks it as the built-in ones are checked. What it throws later is told with its
 * file and line. Throws UsageError with every mistake in it.
 */
export async function loadOwnTask(file: string): Promise<Task> {
  const task = await importDefault(file, 'export default defineTask({ ... })')
  const places = writtenPlaces(task, file)
  const faults: Diagnostic[] = []
  const report: Report = (pointer, message, hint) => {
    const place = pointer.endsWith('#key') ? places.keyPlaceOf(pointer.slice(0, -4)) : places.placeOf(pointer)
    faults.push({ severity: 'error', place, message, hint })
  }
  checkShape(task, basename(file, '.ts'), report)
  if (faults.length === 0) await checkSchema(task as Task, report)
  if (faults.length === 0) checkExample(task as Task, places, faults)
  if (faults.length > 0) throw new UsageError(faults)
  return guardTask(task as Task, file, places)
}

type Report = (pointer: string, message: string, hint?: string) => void

function checkShape(task: unknown, name: string, report: Report): void {
  if (!isMapping(task as Json))
    return report('', 'the default export is no task', "write 'export default defineTask({ ... })'")
  const given = task as Record<string, unknown>
  const wrong = (key: string, wanted: string): void =>
    given[key] === undefined
      ? report('', `the task lacks '${key}'`, wanted)
      : report(`/${key}`, `'${key}' of the task can't be ${describe(given[key] as Json)}`, wanted)
  for (const [key, wanted] of Object.entries(TEXTS))
    if (typeof given[key] !== 'string' || given[key] === '') wrong(key, wanted)
  for (const [key, wanted] of Object.entries(FUNCTIONS))
    if (typeof given[key] !== 'function') wrong(key, wanted)
  if (!isMapping(given.args as Json)) wrong('args', 'write the JSON Schema of its arguments')
  else checkArguments(given.args as Schema, report)
  if (typeof given.name !== 'string' || given.name === '') return
  if (given.name !== name)
    report(
      '/name',
      `the task '${given.name}' lies in a file named ${name}.ts`,
      `write name: '${name}', or rename the file`,
    )
  if (taskNames().includes(given.name))
    report(
      '/name',
      `there is a task '${given.name}' already`,
      `'provision docs ${given.name}' shows it; take another name`,
    )
}

const TEXTS = {
  name: 'write its name, which is that of its file',
  summary: 'write one sentence that says what it does',
  example: 'write a step that uses it, as YAML',
}

const FUNCTIONS = {
  probes: 'write a function of the arguments that gives the probes by name',
  plan: 'write a function of the arguments and the facts that gives the list of changes',
}

function checkArguments(schema: Schema & { additionalProperties?: unknown }, report: Report): void {
  if (schema.type !== 'object') report('/args', "the schema of the arguments must have type: 'object'")
  if (schema.additionalProperties !== false)
    report('/args', 'the schema of the arguments must not allow others', 'write additionalProperties: false')
  for (const [name, one] of Object.entries(schema.properties ?? {}))
    if (!one?.description)
      report(
        `/args/properties/${pointerKey(name)}#key`,
        `the argument '${name}' has no description`,
        "editors and 'provision docs' show it: write description: '...'",
      )
}

/** Errors of ajv name the keyword by its pointer: `data/properties/x/type must be ...`. */
async function checkSchema(task: Task, report: Report): Promise<void> {
  try {
    await prepareChecks([task])
  } catch (error) {
    const reason = (error as Error).message.replace(/^schema is invalid: /, '')
    const [, pointer = ''] = /^data(\/\S+)/.exec(reason) ?? []
    report(`/args${pointer}`, `the schema of the arguments is wrong: ${reason.replace(/^data\/\S+ /, '')}`)
  }
}

/** The example is what the reference shows, so it must be right. */
function checkExample(task: Task, places: WrittenPlaces, faults: Diagnostic[]): void {
  const place = places.placeOf('/example')
  const problem = (message: string, hint?: string): void =>
    void faults.push({ severity: 'error', place, message: `the example of the task: ${message}`, hint })
  try {
    const { value } = parseYaml(task.example, '')
    const steps = (Array.isArray(value) ? value : []).filter(
      (step): step is JsonObject => isMapping(step) && Object.hasOwn(step, task.name),
    )
    if (steps.length === 0) problem(`no step uses ${task.name}`, `write '- ${task.name}: { ... }'`)
    for (const step of steps) {
      const args = withDefaults(task.args as Schema, step[task.name] ?? {}) as JsonObject
      for (const { message, hint } of explainArgs(task, args, argsErrors(task, args))) problem(message, hint)
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    for (const { message, hint } of error.diagnostics) problem(message, hint)
  }
}
