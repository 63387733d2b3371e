import { join, relative, resolve } from 'node:path'
import { LIBRARY, taskNamesIn } from '../library.ts'

/** The tasks of the user's own beside a playbook or in a role, whose folder is given: files by the name of the task. */
export function ownTaskFiles(folder: string): Map<string, string> {
  const tasks = join(folder, 'tasks')
  if (relative(LIBRARY, resolve(tasks)) === '') return new Map()
  return new Map(taskNamesIn(tasks).map((name) => [name, join(tasks, `${name}.ts`)]))
}
