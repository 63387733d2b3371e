import { spawn } from 'node:child_process'
import { constants, rmSync } from 'node:fs'
import { access, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Interrupted, UsageError } from '../core/errors.ts'

/**
 * Lets the user edit a text. It lies in a folder that only they can enter, in memory where the system has such a
 * place, and is gone afterwards, however it ends. `accept` may refuse what was written: with `again` the editor
 * opens once more.
 */
export async function editText<T>(
  text: string | Buffer,
  name: string,
  accept: (edited: Buffer) => Promise<T>,
  again: (error: unknown) => Promise<boolean>,
): Promise<T> {
  const folder = await mkdtemp(join(await privatePlace(), 'provision-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const end = (): never => {
    remove()
    process.exit(130)
  }
  // Ctrl-C belongs to the editor; the end of the terminal ends both.
  const ignore = (): void => {}
  process.on('SIGINT', ignore).on('SIGTERM', end).on('SIGHUP', end)
  try {
    const file = join(folder, basename(name).replace(/\.age$/, ''))
    await writeFile(file, text, { mode: 0o600, flag: 'wx' })
    for (;;) {
      await runEditor(file)
      try {
        return await accept(await readFile(file))
      } catch (error) {
        if (!(await again(error))) throw error
      }
    }
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', end).off('SIGHUP', end)
    remove()
  }
}

/** Linux keeps /dev/shm in memory: what is written there never reaches a disk. */
async function privatePlace(): Promise<string> {
  const places = ['/dev/shm', process.env.XDG_RUNTIME_DIR]
  for (const place of places) {
    const usable =
      place &&
      (await access(place, constants.W_OK).then(
        () => true,
        () => false,
      ))
    if (usable) return place
  }
  return tmpdir()
}

async function runEditor(file: string): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi'
  const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' })
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on('error', reject).on('exit', (...ending) => resolve(ending))
  })
  if (signal !== null) throw new Interrupted()
  if (code !== 0)
    throw new UsageError(
      `the editor '${editor}' ended with exit code ${code}; nothing was changed`,
      'name another in EDITOR',
    )
}
