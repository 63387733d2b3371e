import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin, transform } from 'esbuild'
import { loadTask, taskNames } from '../load/library.ts'
import { compileValidators } from '../load/check/validators.ts'
import { laterModules } from './later.ts'
import { moduleTable, RARE, refuseMissing, taken, takenFrom } from './parts.ts'
import { leanSsh2 } from './ssh2.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** ajv needs longer to start and to compile than a whole settled run takes. */
const compiledChecks: Plugin = {
  name: 'compiled-checks',
  setup(building) {
    const namespace = 'compiled-checks'
    building.onResolve({ filter: /\/precompiled\.ts$/ }, () => ({ path: 'precompiled.cjs', namespace }))
    building.onLoad({ filter: /.*/, namespace }, async () => {
      const source = compileValidators(await Promise.all(taskNames().map(loadTask)))
      // No name in it means anything to anybody, and ajv writes down schemas that it does not use.
      const { code } = await transform(source, { minify: true, treeShaking: true, format: 'cjs' })
      const contents = `${code}\nmodule.exports = { precompiled: module.exports }`
      return { contents, loader: 'js', resolveDir: root }
    })
  },
}

/** Modules find files of the project relative to their own place, which is two folders down, as in src/cli. */
const IMPORT_META =
  'const importMetaUrl = require("node:url").pathToFileURL(__dirname + "/../src/cli/main.ts").href;'

/**
 * Writes the program in two parts: what every run may need, and what few do. Both are functions that the launcher calls,
 * and that get each other's modules by a function.
 */
export async function bundleProgram(folder: string): Promise<void> {
  refuseMissing()
  const rare = `module.exports = ${moduleTable(RARE)}`
  const alone = await bundlePart('', 'rare', RARE)
  const main = modulesOf(alone)
  const few = await bundlePart(rare, 'shared', main, `${folder}/rare.cjs`)
  const table = moduleTable(taken('shared', modulesOf(few)))
  await bundlePart(`module.exports = ${table}`, 'rare', RARE, `${folder}/provision.cjs`)
}

function modulesOf({ metafile }: { metafile: Metafile }): string[] {
  return Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs))
}

/** A part with an entry of the given text; `from` is the function that gives it the modules of the other part. */
function bundlePart(text: string, from: string, elsewhere: string[], outfile?: string) {
  const start = from === 'rare' ? `\nrequire('./src/cli/main.ts')` : ''
  return build({
    stdin: { contents: `${text}${start}`, resolveDir: root, sourcefile: `${from}-entry.cjs` },
    outfile,
    write: outfile !== undefined,
    metafile: true,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // The launcher reads it so.
    charset: 'ascii',
    minifySyntax: true,
    minifyWhitespace: true,
    // In the file and not put around it by the launcher, which would take another copy of the program.
    banner: { js: `(function (exports, require, module, __filename, __dirname, ${from}) {${IMPORT_META}` },
    footer: { js: '})' },
    define: { 'import.meta.url': 'importMetaUrl', TASK_NAMES: JSON.stringify(taskNames()) },
    plugins: [takenFrom(from, elsewhere), leanSsh2, laterModules, compiledChecks],
    logLevel: 'warning',
  })
}

/** Writes what `import ... from 'provision'` gives outside of the program, e.g. in tests of own tasks. */
export async function bundleApi(outfile: string): Promise<void> {
  await build({
    entryPoints: [`${root}src/api/provision.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
  })
}
