import { dirname } from 'node:path'
import type { Task } from '../core/task.ts'
import { editorSchema, FILE_KINDS, type FileKind } from '../load/editor/editorschemas.ts'
import { loadTask, taskNames } from '../load/library.ts'
import { ownTaskFiles } from '../load/typescript/owntaskfiles.ts'
import { padEnd } from '../render/text.ts'

/** Prints the JSON Schema of a kind of file, or the list of kinds; with the tasks of the user's own beside a playbook. */
export async function showSchema(kind?: FileKind, playbook?: string): Promise<void> {
  print(kind === undefined ? kindList() : await schemaText(kind, await tasksBeside(playbook)))
}

/** The JSON Schema of a kind of file, as it is written to schemas/. */
export async function schemaText(kind: FileKind, own: Task[] = []): Promise<string> {
  const tasks = await Promise.all(taskNames().map(loadTask))
  return JSON.stringify(editorSchema(kind, [...tasks, ...own]), null, 2)
}

async function tasksBeside(playbook: string | undefined): Promise<Task[]> {
  if (playbook === undefined) return []
  const files = [...ownTaskFiles(dirname(playbook)).values()]
  const { loadOwnTask } = await import('../load/typescript/owntasks.ts')
  return Promise.all(files.map(loadOwnTask))
}

function kindList(): string {
  return [
    ...Object.entries(FILE_KINDS).map(([kind, meaning]) => `${padEnd(kind, 9)}  ${meaning}`),
    '',
    'For an editor: provision schema playbook > playbook.schema.json, and as first line of a playbook',
    '# yaml-language-server: $schema=playbook.schema.json',
  ].join('\n')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
