import { didYouMean } from '../base/suggest.ts'
import { UsageError } from '../core/errors.ts'
import type { Task } from '../core/task.ts'
import { loadTask, taskNames } from '../load/library.ts'
import { coloursFor } from '../render/colour.ts'
import { padEnd } from '../render/text.ts'
import { taskReferenceText, wrap } from './reference.ts'

/** Prints the reference of one task, by its name or its file, or the list of all. */
export async function showDocs(name?: string): Promise<void> {
  const colours = coloursFor(process.stdout)
  if (name === undefined) return print(await taskList())
  const columns = Math.min(process.stdout.columns || 80, 100)
  print(taskReferenceText(await taskCalled(name), colours, columns))
}

/** A task of the user's own is called by its file. */
async function taskCalled(name: string): Promise<Task> {
  if (name.endsWith('.ts')) return (await import('../load/typescript/owntasks.ts')).loadOwnTask(name)
  if (taskNames().includes(name)) return loadTask(name)
  throw new UsageError(`unknown task '${name}'`, didYouMean(name, taskNames()))
}

async function taskList(): Promise<string> {
  const tasks = await Promise.all(taskNames().map(loadTask))
  const widest = Math.max(...tasks.map((task) => task.name.length))
  // Whole lines for a pipe, so that grep finds them.
  const columns = process.stdout.isTTY ? process.stdout.columns - widest - 2 : Infinity
  const lines = tasks.flatMap(({ name, summary }) =>
    wrap(summary, columns).map((line, at) => `${padEnd(at === 0 ? name : '', widest)}  ${line}`),
  )
  return [...lines, '', 'One of them in full: provision docs NAME'].join('\n')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
