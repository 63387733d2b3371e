/** Builds dist/: one bundled program, its compiled-code cache and the checks of task arguments. Run by `npm ci`. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { writeDeclarations } from './declarations.ts'
import { bundleApi, bundleProgram } from './program.ts'
import { compileSimulation } from './simulated-k3s.ts'
import { warmUp } from './warmup.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

rmSync(`${root}dist`, { recursive: true, force: true })
mkdirSync(`${root}dist`)
await Promise.all([
  bundleProgram(`${root}dist`),
  bundleApi(`${root}dist/api.mjs`),
  writeDeclarations(`${root}dist/types`),
])
writeFileSync(`${root}dist/k3s-simulated.js`, await compileSimulation())

// `npx provision` finds it here at once; a "bin" in package.json makes npx install the project into its cache first.
mkdirSync(`${root}node_modules/.bin`, { recursive: true })
rmSync(`${root}node_modules/.bin/provision`, { force: true })
symlinkSync('../../src/cli/launch.cjs', `${root}node_modules/.bin/provision`)

await warmUp(`${root}src/cli/launch.cjs`)
