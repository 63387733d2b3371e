import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Ending of modules that come from another part, whatever they are there. */
const FORM = '.cjs'
const FROM_HERE = Symbol('asked by a plugin of ours')

/**
 * What few runs need, and what only it needs in turn, is a part of its own: the text of a program is in memory as long as it
 * runs, and each function that it holds takes time at the start.
 */
export const RARE = [
  'src/cli/backup.ts',
  'src/cli/completion.ts',
  'src/cli/dashboard.ts',
  'src/cli/docs.ts',
  'src/cli/explain.ts',
  'src/cli/lab.ts',
  'src/cli/rebuild.ts',
  'src/cli/schema.ts',
  'src/cli/secret.ts',
  'src/connect/local.ts',
  'src/load/typescript/owntasks.ts',
  'src/load/typescript/tsdocument.ts',
  'node_modules/age-encryption/dist/index.js',
  'node_modules/ajv/dist/2020.js',
  'node_modules/bcrypt-pbkdf/index.js',
  'node_modules/tweetnacl/nacl-fast.js',
]

/** Each of the modules under its path, not evaluated before it is asked for. */
export function moduleTable(files: string[]): string {
  const rows = files.map((file) => `${JSON.stringify(file)}: () => require(${JSON.stringify(`./${file}`)})`)
  return `{ ${rows.join(',\n')} }`
}

/** Has the modules found in `elsewhere` come from the part that holds them, by its function `from`. */
export function takenFrom(from: string, elsewhere: Iterable<string>): Plugin {
  const there = new Set(elsewhere)
  return {
    name: `taken-from-${from}`,
    setup(building) {
      building.onResolve({ filter: /./ }, async ({ path: name, pluginData, ...rest }) => {
        if (pluginData === FROM_HERE || rest.kind === 'entry-point' || rest.namespace === from)
          return undefined
        const found = await building.resolve(name, { ...rest, pluginData: FROM_HERE })
        const file = path.relative(root, found.path)
        return found.namespace === 'file' && there.has(file)
          ? { path: `${file}${FORM}`, namespace: from }
          : undefined
      })
      building.onLoad({ filter: /.*/, namespace: from }, ({ path: taken }) => {
        const file = taken.slice(0, -FORM.length)
        refuseDefault(file)
        return { contents: `module.exports = ${from}(${JSON.stringify(file)})` }
      })
    },
  }
}

/** Importing it would give the whole module, as with a CommonJS module in Node. */
function refuseDefault(file: string): void {
  if (/^export default /m.test(readFileSync(path.join(root, file), 'utf8')))
    throw new Error(`${file} is in another part than who imports it: give what it exports by default a name`)
}

/** Those among `files` that takenFrom() put there in place of others. */
export function taken(from: string, files: string[]): string[] {
  return files
    .filter((file) => file.startsWith(`${from}:`))
    .map((file) => file.slice(from.length + 1, -FORM.length))
}

/** A file that has moved would silently be a part of every run again. */
export function refuseMissing(): void {
  const missing = RARE.filter((file) => !existsSync(path.join(root, file)))
  if (missing.length > 0) throw new Error(`no such file: ${missing.join(', ')}`)
}
