import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { loadTask, taskNames } from '../load/library.ts'
import { compileValidators } from '../load/check/validators.ts'
import { laterModules } from './later.ts'
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
      const contents = `${source}\nmodule.exports = { precompiled: module.exports }`
      return { contents, loader: 'js', resolveDir: root }
    })
  },
}

/** In the file and not put around it by the launcher, which would take another copy of the program. */
const HEAD = '(function (exports, require, module, __filename, __dirname) {'
/** Modules find files of the project relative to their own place, which is two folders down, as in src/cli. */
const IMPORT_META =
  'const importMetaUrl = require("node:url").pathToFileURL(__dirname + "/../src/cli/main.ts").href;'

/** Writes the whole program into one file: a function that the launcher calls. */
export async function bundleProgram(outfile: string): Promise<void> {
  await build({
    entryPoints: [`${root}src/cli/main.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // The launcher reads it so.
    charset: 'ascii',
    minifySyntax: true,
    minifyWhitespace: true,
    banner: { js: `${HEAD}${IMPORT_META}` },
    footer: { js: '})' },
    define: { 'import.meta.url': 'importMetaUrl', TASK_NAMES: JSON.stringify(taskNames()) },
    plugins: [laterModules, leanSsh2, compiledChecks],
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
