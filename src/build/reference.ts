import { mkdirSync, writeFileSync } from 'node:fs'
import { taskReference } from '../cli/reference.ts'
import { loadTask, taskNames } from '../load/library.ts'
import { eventSchema } from '../render/eventschema.ts'

// Writes what docs/ says of tasks and events from their source: npx tsx src/build/reference.ts
mkdirSync('docs/tasks', { recursive: true })
for (const name of taskNames()) writeFileSync(`docs/tasks/${name}.md`, taskReference(await loadTask(name)))
writeFileSync('docs/events.schema.json', `${JSON.stringify(eventSchema, null, 2)}\n`)
