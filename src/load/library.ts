import { fileURLToPath } from 'node:url'
import type { Task } from '../core/task.ts'
import { namesIn } from './playbook/folders.ts'

/** Names of all tasks; the bundle, which has no folder of them beside it, is given them when it is built. */
declare const TASK_NAMES: string[] | undefined

/** The folder of the tasks that come with the program. */
export const LIBRARY = fileURLToPath(new URL('../../tasks/', import.meta.url))

let names: string[] | undefined

/** Names of all tasks that come with the program, in alphabetical order: the files of the folder tasks/. */
export function taskNames(): string[] {
  names ??= typeof TASK_NAMES === 'undefined' ? taskNamesIn(LIBRARY) : TASK_NAMES
  return names
}

/** Names of the tasks that lie in a folder, in alphabetical order. */
export function taskNamesIn(folder: string): string[] {
  return namesIn(folder)
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
