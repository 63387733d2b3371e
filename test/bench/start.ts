import path from 'node:path'
import { writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { type Contender, race, table } from './race.ts'

const LAUNCHER = 'src/cli/launch.cjs'

/** How long the program needs before it does anything. */
export async function startUp(rounds: number): Promise<string> {
  const ours = (name: string, ...words: string[]): Contender => ({
    name,
    argv: [process.execPath, LAUNCHER, ...words],
  })
  const contenders = [
    { name: 'node -e 0', argv: [process.execPath, '-e', '0'] },
    ours('provision --help', '--help'),
    ours('provision validate playbooks/cluster.yaml', 'validate', 'playbooks/cluster.yaml'),
  ]
  return table(await race(contenders, rounds))
}

/** The floor as a program that starts as ours does: one script, compiled from V8's cache. */
export async function floorProgram(folder: string): Promise<string> {
  const outfile = path.join(folder, 'floor.cjs')
  const external = ['*.node', 'cpu-features']
  await build({
    entryPoints: ['test/bench/floor.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    external,
    minify: true,
  })
  const starter = path.join(folder, 'start.cjs')
  writeFileSync(
    starter,
    `const fs = require('fs'), vm = require('vm'), file = ${JSON.stringify(outfile)}
const read = (name) => { try { return fs.readFileSync(name) } catch { return undefined } }
const script = new vm.Script('(function(exports,require,module,__filename,__dirname){' + read(file) + '\\n})', { filename: file, cachedData: read(file + '.cache') })
process.on('exit', () => { if (!fs.existsSync(file + '.cache')) fs.writeFileSync(file + '.cache', script.createCachedData()) })
script.runInThisContext()({}, require, {}, file, ${JSON.stringify(folder)})`,
  )
  return starter
}
