import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeSimulatedK3s } from '../lab/k3s/file.ts'

/** The program of the simulated k3s in one piece, without its first lines: the same for every version. */
export async function compileSimulation(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../lab/k3s/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
  })
  return result.outputFiles[0]?.text ?? ''
}

/** Builds the executable file that stands in for the k3s binary of that version, e.g. `v1.25.4+k3s1`. */
export async function buildSimulatedK3s(version: string, outFile: string): Promise<void> {
  await writeSimulatedK3s(await compileSimulation(), version, outFile)
}
