import { execFile } from 'node:child_process'
import { cpSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

const OPTIONS = [
  '--ignoreConfig --declaration --emitDeclarationOnly --strict --skipLibCheck --allowImportingTsExtensions',
  '--module nodenext --target es2022 --types node',
].flatMap((line) => line.split(' '))

/** Writes the types of what `import ... from 'provision'` gives, as editors and compilers take them from packages. */
export async function writeDeclarations(folder: string): Promise<void> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const entry = join(root, 'src/api/provision.ts')
  const words = [compiler, ...OPTIONS, '--rootDir', root, '--outDir', folder, entry]
  await promisify(execFile)(process.execPath, words, { cwd: root })
  // What is a declaration already is not written again.
  cpSync(join(root, 'schemas/playbook.d.ts'), join(folder, 'schemas/playbook.d.ts'))
}
