import { mkdirSync, writeFileSync } from 'node:fs'
import { taskIndex, taskReference } from '../cli/reference.ts'
import { loadTask, taskNames } from '../load/library.ts'
import { eventSchema } from '../render/eventschema.ts'

// Writes what docs/ says of tasks and events from their source: npx tsx src/build/reference.ts
mkdirSync('docs/tasks', { recursive: true })
const tasks = await Promise.all(taskNames().map(loadTask))
for (const task of tasks) writeFileSync(`docs/tasks/${task.name}.md`, taskReference(task))
writeFileSync('docs/tasks/README.md', taskIndex(tasks))
writeFileSync('docs/events.schema.json', `${JSON.stringify(eventSchema, null, 2)}\n`)
