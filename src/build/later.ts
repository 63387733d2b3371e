import type { Plugin } from 'esbuild'

/** Modules of Node that take milliseconds to load and that few runs call, with what is called of them. */
const LATER: Record<string, string[]> = {
  child_process: ['execFile', 'execFileSync', 'spawn', 'spawnSync'],
  dns: ['lookup'],
  'readline/promises': ['createInterface'],
}

/** Functions that load the module when they are called; `promisify` finds a function's own promises by a symbol. */
function loadedWhenCalled(module: string): string {
  const exported = LATER[module]!.map((name) => `export const ${name} = later('${name}')`)
  return `import { promisify } from 'node:util'
const real = (name) => require('node:${module}')[name]
const later = (name) =>
  Object.defineProperty((...words) => real(name)(...words), promisify.custom, {
    get: () => real(name)[promisify.custom],
  })
${exported.join('\n')}`
}

/** Whoever imports these modules of Node's gets them when he first calls them. */
export const laterModules: Plugin = {
  name: 'later-modules',
  setup(building) {
    const namespace = 'later-modules'
    const filter = new RegExp(`^(node:)?(${Object.keys(LATER).join('|')})$`)
    building.onResolve({ filter }, ({ path, importer, namespace: from }) =>
      // zx takes the whole module, and is loaded by plays on this machine only.
      from === namespace || importer.includes('/node_modules/zx/')
        ? undefined
        : { path: path.replace('node:', ''), namespace },
    )
    building.onLoad({ filter: /.*/, namespace }, ({ path }) => ({ contents: loadedWhenCalled(path) }))
  },
}
