import { mkdirSync, writeFileSync } from 'node:fs'
import { taskIndex, taskReference } from '../cli/reference.ts'
import { schemaText } from '../cli/schema.ts'
import { templateReference } from '../cli/templatereference.ts'
import { editorSchema, FILE_KINDS, type FileKind } from '../load/editor/editorschemas.ts'
import { loadTask, taskNames } from '../load/library.ts'
import { eventSchema } from '../render/eventschema.ts'
import { playbookTypes } from './playbooktypes.ts'

// Writes what docs/ and schemas/ say of tasks, files and events from their source: npx tsx src/build/reference.ts
mkdirSync('docs/tasks', { recursive: true })
const tasks = await Promise.all(taskNames().map(loadTask))
for (const task of tasks) writeFileSync(`docs/tasks/${task.name}.md`, taskReference(task))
writeFileSync('docs/tasks/README.md', taskIndex(tasks))
writeFileSync('docs/templates.md', templateReference())
writeFileSync('docs/events.schema.json', `${JSON.stringify(eventSchema, null, 2)}\n`)
mkdirSync('schemas', { recursive: true })
for (const kind of Object.keys(FILE_KINDS) as FileKind[])
  writeFileSync(`schemas/${kind}.schema.json`, `${await schemaText(kind)}\n`)
writeFileSync('schemas/playbook.d.ts', playbookTypes(editorSchema('playbook', tasks)))
