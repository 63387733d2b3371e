import { editorSchema, FILE_KINDS, type FileKind } from '../load/editorschemas.ts'
import { loadTask, taskNames } from '../load/library.ts'
import { padEnd } from '../render/text.ts'

/** Prints the JSON Schema of a kind of file, or the list of kinds. */
export async function showSchema(kind?: FileKind): Promise<void> {
  print(kind === undefined ? kindList() : await schemaText(kind))
}

/** The JSON Schema of a kind of file, as it is written to schemas/. */
export async function schemaText(kind: FileKind): Promise<string> {
  const tasks = await Promise.all(taskNames().map(loadTask))
  return JSON.stringify(editorSchema(kind, tasks), null, 2)
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
