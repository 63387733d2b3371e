import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { Jiti } from 'jiti'
import { UsageError } from '../../core/errors.ts'
import { cacheFolder, isFile } from '../playbook/folders.ts'
import { importFault } from './tsfaults.ts'
import { notePlaces } from './written.ts'

/** Counts up when what is made of a file changes, so that nothing older is taken from the cache. */
const FORM = 1

let jiti: Promise<Jiti> | undefined

/**
 * Runs a file in TypeScript and gives its default export. Its `import ... from 'provision'` gets the objects of this
 * very program, so that classes are the same on both sides. Throws UsageError with the place of what went wrong.
 */
export async function importDefault(file: string, wanted: string): Promise<unknown> {
  const at = { file, line: 1, column: 1 }
  if (!isFile(file))
    throw new UsageError([{ severity: 'error', place: at, message: 'there is no such file' }])
  jiti ??= start()
  const runner = await jiti
  let exported: object
  try {
    exported = await runner.import<object>(resolve(file))
  } catch (error) {
    throw new UsageError([importFault(error, file)])
  }
  if (Object.hasOwn(exported, 'default')) return (exported as { default: unknown }).default
  throw new UsageError([
    { severity: 'error', place: at, message: 'the file has no default export', hint: `write '${wanted}'` },
  ])
}

/** Loaded only here: programs without TypeScript of their own do not pay for it. */
async function start(): Promise<Jiti> {
  const provision = await import('../../api/provision.ts')
  // The bundle can't import what is outside of it, but it can require it.
  const { createJiti } = createRequire(import.meta.url)('jiti') as typeof import('jiti')
  return createJiti(`${process.cwd()}/`, {
    fsCache: cacheFolder(`typescript-${FORM}`),
    interopDefault: false,
    virtualModules: { provision },
    transformOptions: { babel: { plugins: [notePlaces] } },
  })
}
