import { createHash } from 'node:crypto'
import { quote } from '../base/shell.ts'
import type { Output } from '../core/task.ts'
import type { Play, Step } from '../load/program.ts'

/**
 * Handlers that were notified but have not run yet are kept as one small file each on the host, written before the
 * change is made and removed when the handler has run. So a run that breaks in between is completed by the next one.
 */
export interface PendingHandler {
  id: string
  play: string
  handler: string
}

/** Root's notes live with the system's state, those of a login user with his own. */
function directory(become: boolean): string {
  return become ? '/var/lib/provision/pending' : '"$HOME/.local/state/provision/pending"'
}

export function pendingId(play: Play, handler: Step): string {
  return createHash('sha256').update(`${play.name}\0${handler.name}`).digest('hex').slice(0, 16)
}

export function readPendingScript(become: boolean): string {
  return `for note in ${directory(become)}/*.json; do [ -f "$note" ] && cat "$note"; done; :`
}

/** Lines that are no notes of ours are passed over: a torn write must not stop the run. */
export function parsePending(output: Output): PendingHandler[] {
  return output.stdout
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      try {
        const note = JSON.parse(line)
        return typeof note?.id === 'string' && typeof note.handler === 'string'
          ? [note as PendingHandler]
          : []
      } catch {
        return []
      }
    })
}

/** Synced, so that a power cut does not take the note of a change that it leaves. */
export function recordPendingScript(become: boolean, play: Play, handlers: Step[]): string {
  const notes = handlers.map((handler) => {
    const note: PendingHandler = { id: pendingId(play, handler), play: play.name, handler: handler.name }
    return { file: `${directory(become)}/${note.id}.json`, text: quote(JSON.stringify(note)) }
  })
  return [
    `umask 077; mkdir -p ${directory(become)}`,
    ...notes.map(({ file, text }) => `printf '%s\\n' ${text} | cat > ${file}.new`),
    `sync ${notes.map(({ file }) => `${file}.new`).join(' ')}`,
    ...notes.map(({ file }) => `mv -f ${file}.new ${file}`),
    `sync ${directory(become)}`,
  ].join(' && ')
}

export function removePendingScript(become: boolean, play: Play, handler: Step): string {
  return `rm -f ${directory(become)}/${pendingId(play, handler)}.json`
}
