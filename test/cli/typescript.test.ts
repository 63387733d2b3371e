import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { writeDeclarations } from '../../src/build/declarations.ts'
import { bundleApi, bundleProgram } from '../../src/build/program.ts'
import type { RunEvent } from '../../src/core/event.ts'

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** The code blocks of docs/own-tasks.md by the file that their first line names. */
function pageFiles(): Record<string, string> {
  const blocks = readFileSync('docs/own-tasks.md', 'utf8').matchAll(
    /^```(?:ts|yaml)\n(?:\/\/|#) (\S+)\n(.*?)^```$/gms,
  )
  return Object.fromEntries([...blocks].map(([, path, text]) => [path!, text!]))
}

describe('TypeScript of the user, by the bundled program', function () {
  this.timeout(120_000)

  let folder: string
  let home: string
  const page = pageFiles()
  const task = page['tasks/current_release.ts']!

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'provision-typescript-'))
    const program = join(home, 'program')
    mkdirSync(join(program, 'src/cli'), { recursive: true })
    copyFileSync('src/cli/launch.cjs', join(program, 'src/cli/launch.cjs'))
    copyFileSync('package.json', join(program, 'package.json'))
    symlinkSync(resolve('node_modules'), join(program, 'node_modules'))
    await Promise.all([
      bundleProgram(join(program, 'dist')),
      bundleApi(join(program, 'dist/api.mjs')),
      writeDeclarations(join(program, 'dist/types')),
    ])
  })
  after(() => rmSync(home, { recursive: true }))

  beforeEach(() => {
    folder = mkdtempSync(join(home, 'project-'))
    write('package.json', '{ "type": "module" }')
    write('inventory.yaml', 'all: { children: { web: { hosts: { here: { connection: local } } } } }\n')
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(join(home, 'program'), join(folder, 'node_modules/provision'))
    // Its link goes into the folder, and not to where the page says.
    for (const [path, text] of Object.entries(page))
      write(path, path === 'site.yaml' ? text.replaceAll('/srv/shop', folder) : text)
  })

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }

  function start(...words: string[]): Promise<Ended> {
    const env = { ...process.env, XDG_CACHE_HOME: join(home, 'cache'), NO_COLOR: '1' }
    return new Promise((done) => {
      execFile(process.execPath, words, { cwd: folder, env }, (error, stdout, stderr) =>
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      )
    })
  }

  const provision = (...words: string[]): Promise<Ended> =>
    start(join(home, 'program/src/cli/launch.cjs'), ...words)

  /** Runs the playbook of the page; what became of its only step. */
  async function run(...words: string[]) {
    const { code, stdout, stderr } = await provision('site.yaml', '--output', 'json', ...words)
    const events = stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as RunEvent)
    const ends = events.filter((event) => event.type === 'step-end')
    assert.equal(ends.length, 1, stdout + stderr)
    return { code, ...ends[0]! }
  }

  it('the example of the page: a check tells what is then done, and a second run does nothing', async () => {
    const release = `${folder}/releases/42`
    const planned = await run('--check')
    assert.deepEqual([planned.code, planned.status], [2, 'changed'])
    assert.equal(planned.changes[0]?.summary, `point ${folder}/current at ${release}`)
    assert.equal(existsSync(join(folder, 'current')), false)
    const made = await run()
    assert.deepEqual([made.code, made.status], [0, 'changed'])
    assert.deepEqual(made.changes, planned.changes)
    assert.equal(readlinkSync(join(folder, 'current')), release)
    const again = await run()
    assert.deepEqual([again.code, again.status], [0, 'ok'])
  })

  it('a refusal is one, with its hint: the class is that of the program', async () => {
    write('current', 'a file')
    const { code, failure } = await run()
    assert.equal(code, 3)
    assert.deepEqual(
      { kind: failure?.kind, message: failure?.message, hint: failure?.hint, stack: failure?.stack },
      { kind: 'task', message: `${folder}/current is no link`, hint: 'move it away first', stack: undefined },
    )
  })

  it('what a task throws is told with its line, and not as a bug', async () => {
    const throwing = task.replace('    return [\n', '    ;(link as any).none.none()\n    return [\n')
    write('tasks/current_release.ts', throwing)
    const line = throwing.split('\n').findIndex((one) => one.includes('none.none')) + 1
    const { code, failure } = await run()
    assert.equal(code, 3)
    assert.equal(failure?.kind, 'task')
    assert.match(
      failure.message,
      new RegExp(`^tasks/current_release\\.ts:${line}:5 'plan' throws: Cannot read`),
    )
  })

  it('a task that does not do what it says has not converged', async () => {
    write('tasks/current_release.ts', task.replace('ln -sfn --', 'true'))
    const { code, failure } = await run()
    assert.equal(code, 3)
    assert.match(failure!.message, /did not converge/)
  })

  it('the playbook of the page is right, and its mistakes have places', async () => {
    const { code, stdout, stderr } = await provision('validate', 'site.ts')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^site\.ts: 1 play, 2 steps, nothing wrong/)
    const wrong = page['site.ts']!.replace("release: '{{ release }}'", 'release: 42')
    write('site.ts', wrong)
    const line = wrong.split('\n').findIndex((one) => one.includes('42 }')) + 1
    const found = await provision('validate', 'site.ts')
    assert.equal(found.code, 1)
    assert.match(
      found.stderr,
      new RegExp(`^site\\.ts:${line}:\\d+: error: 'release' must be text, not a number`),
    )
    assert.doesNotMatch(found.stderr, /^\s+at /m)
  })

  it('own tasks have a reference, and are in the schema for editors', async () => {
    const { stdout } = await provision('docs', 'tasks/current_release.ts')
    assert.match(stdout, /^current_release: Points a symbolic link at a release\.\n/)
    assert.match(stdout, /Where the link is\./)
    const schema = await provision('schema', 'playbook', 'site.yaml')
    const { definitions } = JSON.parse(schema.stdout)
    assert.deepEqual(definitions.current_release.required, ['path', 'release'])
  })

  it('the tests of the page pass, and checkTask finds what breaks a law', async () => {
    const test = (): Promise<Ended> =>
      start('--import', import.meta.resolve('tsx'), '--test', 'test/current_release.test.ts')
    const passed = await test()
    assert.equal(passed.code, 0, passed.stdout)
    write(
      'tasks/current_release.ts',
      task.replace('effect(linkProbe(path), release)', "effect(linkProbe(path), '')"),
    )
    const failed = await test()
    assert.equal(failed.code, 1)
    assert.match(failed.stdout, /task current_release: after its own effects it must plan nothing/)
  })

  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['preserve', 'bundler'],
  ])
    it(`types with moduleResolution ${moduleResolution}`, async () => {
      const options = { module, moduleResolution, target: 'es2022', strict: true, types: [] }
      const compilerOptions = {
        ...options,
        noEmit: true,
        skipLibCheck: true,
        allowImportingTsExtensions: true,
      }
      write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts', 'tasks'] }))
      const steps = [
        "mount: { path: '/x', device: 1 }",
        'mont: {}',
        'current_release: { path: 1 }',
        "debug: { message: 'x' }, when: 3",
        "current_release: { path: '/x', release: '{{ y }}' }, become: true",
      ]
      const types = page['site.ts']!.slice(0, page['site.ts']!.indexOf('const shops'))
      write(
        'wrong.ts',
        `${types}definePlaybook([{ hosts: 'web', tasks: [\n{ ${steps.join(' },\n{ ')} },\n] }])\n`,
      )
      const { stdout } = await start(resolve('node_modules/typescript/bin/tsc'), '-p', '.')
      const first = types.split('\n').length + 1
      const found = stdout
        .split('\n')
        .flatMap((line) => /^(\S+)\((\d+),/.exec(line)?.slice(1, 3).join(':') ?? [])
      assert.deepEqual(
        found,
        [0, 1, 2, 3].map((index) => `wrong.ts:${first + index}`),
        stdout,
      )
    })
})
