/** Builds dist/: one bundled program, its compiled-code cache and the checks of task arguments. Run by `npm ci`. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { loadTask, taskNames } from '../load/library.ts'
import { compileValidators } from '../load/validators.ts'
import { compileSimulation } from './simulated-k3s.ts'
import { warmUp } from './warmup.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const out = `${root}dist/provision.cjs`

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

rmSync(`${root}dist`, { recursive: true, force: true })
mkdirSync(`${root}dist`)
await build({
  entryPoints: [`${root}src/cli/main.ts`],
  outfile: out,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  // Modules find files of the project relative to their own place, which is two folders down, as in src/cli.
  banner: {
    js: 'const importMetaUrl = require("node:url").pathToFileURL(__dirname + "/../src/cli/main.ts").href;',
  },
  define: { 'import.meta.url': 'importMetaUrl', TASK_NAMES: JSON.stringify(taskNames()) },
  plugins: [withoutNative, compiledChecks],
  logLevel: 'warning',
})
writeFileSync(`${root}dist/k3s-simulated.js`, await compileSimulation())

// `npx provision` finds it here at once; a "bin" in package.json makes npx install the project into its cache first.
mkdirSync(`${root}node_modules/.bin`, { recursive: true })
rmSync(`${root}node_modules/.bin/provision`, { force: true })
symlinkSync('../../src/cli/launch.cjs', `${root}node_modules/.bin/provision`)

await warmUp(`${root}src/cli/launch.cjs`)
