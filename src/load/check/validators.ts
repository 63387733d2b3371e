import { createRequire } from 'node:module'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { Task } from '../../core/task.ts'
import { AJV_OPTIONS, exportName } from './checks.ts'

interface Standalone {
  default(ajv: Ajv2020, names: Record<string, string>): string
}

/**
 * CommonJS source of a module that exports the validator of each task's arguments, for the build. It still requires
 * ajv's small runtime, so it must be bundled.
 */
export function compileValidators(tasks: Task[]): string {
  const ajv = new Ajv2020({ ...AJV_OPTIONS, code: { source: true } })
  const names: Record<string, string> = {}
  for (const task of tasks) {
    ajv.addSchema(task.args as object, task.name)
    names[exportName(task)] = task.name
  }
  const standalone = createRequire(import.meta.url)('ajv/dist/standalone') as Standalone
  return standalone.default(ajv, names)
}
