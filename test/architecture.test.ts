import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** From the top down; a file imports from its own room and from rooms below it. */
const ROOMS = [
  'src/build',
  'src/cli',
  'src/lab',
  'src/render',
  'src/run',
  'src/connect',
  'src/load',
  'src/api',
  'tasks',
  'src/probe',
  'src/core',
  'src/base',
]

/** Each third-party library has one owning file, or one owning room. */
const OWNERS: Record<string, string | string[]> = {
  ssh2: ['src/connect/', 'src/build/warmup.ts'],
  zx: 'src/connect/local.ts',
  'js-yaml': ['src/load/yaml', 'src/probe/yamltext.ts'],
  ajv: 'src/load/',
  jiti: 'src/load/typescript/typescript.ts',
  listr2: 'src/render/live.ts',
  picocolors: 'src/render/colour.ts',
  diff: 'src/base/diff.ts',
  'fastest-levenshtein': 'src/base/suggest.ts',
  commander: 'src/cli/',
  esbuild: 'src/build/',
  'age-encryption': 'src/load/secret/secretage.ts',
  'p-limit': 'src/run/',
}

function sourcesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts')).map((name) => path.join(folder, name))
}

function roomOf(file: string): number {
  return ROOMS.findIndex((room) => file.startsWith(`${room}/`))
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const statements = /^(?:import|export)\s(?:[^'";=]*?\sfrom\s)?'([^']+)'/gm
  const calls = /\bimport\(['`]([^'`]+)['`]\)/g
  return [statements, calls].flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!))
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')
}

describe('architecture', () => {
  const files = ['src', 'tasks'].flatMap(sourcesIn)

  it('sees the files', () => assert.ok(files.length > 40))

  it('the rooms are those of docs/architecture.md, in its order', () => {
    const rows = readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `([a-z/]+)\/` \|/gm)
    assert.deepEqual(
      [...rows].map((row) => row[1]),
      ROOMS,
    )
    assert.deepEqual(
      files.filter((file) => roomOf(file) < 0),
      [],
    )
  })

  it('imports run strictly downward between rooms', () => {
    const upward = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => path.join(path.dirname(file), name))
        .filter((target) => roomOf(target) >= 0 && roomOf(target) < roomOf(file))
        .map((target) => `${file} imports ${target}`),
    )
    assert.deepEqual(upward, [])
  })

  it('tasks import only the vocabulary, the base and the probes', () => {
    const allowed = /^src\/(core|base|probe)\//
    const others = files
      .filter((file) => file.startsWith('tasks/'))
      .flatMap((file) => importsOf(file).map((name) => [file, name] as const))
      .filter(
        ([file, name]) => !name.startsWith('node:') && !allowed.test(path.join(path.dirname(file), name)),
      )
    assert.deepEqual(others, [])
  })

  it('none of Node is imported later: the bundle has no way to do that', () => {
    const late = files.filter((file) => /\bimport\(['`]node:/.test(readFileSync(file, 'utf8')))
    assert.deepEqual(late, [])
  })

  it('each library is imported only by its owner', () => {
    const strays = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
        .filter((name) => ![OWNERS[packageOf(name)] ?? []].flat().some((owner) => file.startsWith(owner)))
        .map((name) => `${file} imports ${name}`),
    )
    assert.deepEqual(strays, [])
  })
})
