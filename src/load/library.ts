import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Task } from '../core/task.ts'

/** Names of all tasks; the bundle, which has no folder of them beside it, is given them when it is built. */
declare const TASK_NAMES: string[] | undefined

let names: string[] | undefined

/** Names of all tasks, in alphabetical order: the files of the folder tasks/. */
export function taskNames(): string[] {
  names ??= typeof TASK_NAMES === 'undefined' ? readNames() : TASK_NAMES
  return names
}

function readNames(): string[] {
  const files = readdirSync(fileURLToPath(new URL('../../tasks/', import.meta.url)))
  return files
    .filter((file) => /^[a-z][a-z0-9_]*\.ts$/.test(file))
    .map((file) => file.slice(0, -3))
    .sort()
}

/** Imports a task by a name from `taskNames()`. */
export async function loadTask(name: string): Promise<Task> {
  // The literal beginning lets the bundler find all files that may be meant.
  const module = (await import(`../../tasks/${name}.ts`)) as { default: Task }
  return module.default
}
