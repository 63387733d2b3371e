import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { loadTask, taskNames } from '../load/library.ts'
import { compileValidators } from '../load/check/validators.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** ssh2 tries optional native parts; without them it is as fast for us, and each failed try would cost start-up. */
const withoutNative: Plugin = {
  name: 'without-native',
  setup(building) {
    building.onResolve({ filter: /\.node$|^cpu-features$/ }, ({ path }) => ({ path, namespace: 'absent' }))
    building.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({
      contents: 'throw new Error("not bundled")',
    }))
  },
}

/** What ssh2 has for web clients brings all of Node's HTTP and TLS with it, and we have no use for it. */
const withoutHttp: Plugin = {
  name: 'without-http',
  setup(building) {
    const namespace = 'no-http'
    building.onResolve({ filter: /^\.\/http-agents\.js$/ }, ({ path }) => ({ path, namespace }))
    building.onLoad({ filter: /.*/, namespace }, () => ({ contents: 'module.exports = {}' }))
  },
}

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

/** Writes the whole program into one file. */
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
    // Modules find files of the project relative to their own place, which is two folders down, as in src/cli.
    banner: {
      js: 'const importMetaUrl = require("node:url").pathToFileURL(__dirname + "/../src/cli/main.ts").href;',
    },
    define: { 'import.meta.url': 'importMetaUrl', TASK_NAMES: JSON.stringify(taskNames()) },
    plugins: [withoutNative, withoutHttp, compiledChecks],
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
