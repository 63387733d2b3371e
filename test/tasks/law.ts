import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { TaskError } from '../../src/core/errors.ts'
import type { Json } from '../../src/core/json.ts'
import { AJV_OPTIONS } from '../../src/load/check/checks.ts'
import type { Change, Facts, Probes, Task } from '../../src/core/task.ts'

/** One line of a task's table: what is given, and the exact changes or the refusal that follow. */
export interface Row<P extends Probes> {
  it: string
  /** As the user writes them, but files as LocalFile; the schema is checked, and fills in the defaults. */
  args: Record<string, unknown>
  facts: Partial<Facts<P>>
  /** Of each change only the keys given here are compared; the laws look at the effects. */
  changes?: Partial<Change>[]
  refuses?: RegExp
  result?: Record<string, Json | undefined>
}

/** Facts that belong to no probe of the task itself, but to those of other tasks. */
const SHARED_KEYS = /^(file|unit|package|user|existing):/

/** Tests a task's table, and for each row the laws that hold for every task. */
export function testTask<P extends Probes>(task: Task<any, P>, rows: Row<P>[]): void {
  describe(`task ${task.name}, on facts alone`, () => {
    const complete = completion(task)
    it('describes itself and each argument', () => describesItself(task))
    for (const row of rows) {
      it(row.it, () => {
        const args = complete(row.args)
        freeze(args)
        freeze(row.facts)
        checkRow(task, { ...row, args })
      })
    }
  })
}

/** Tests that arguments are refused before any host is contacted. */
export function testArguments(task: Task, refused: Record<string, Record<string, unknown>>): void {
  describe(`arguments of ${task.name}`, () => {
    const complete = completion(task)
    for (const [name, args] of Object.entries(refused)) {
      it(`refuses ${name}`, () => assert.throws(() => complete(args)))
    }
  })
}

/** Checks arguments against the task's schema and fills in the defaults. */
export function completion(task: Task): (args: Record<string, unknown>) => Record<string, unknown> {
  const ajv = new Ajv2020({ ...AJV_OPTIONS, formats: {}, useDefaults: true })
  const validate = ajv.compile(task.args as object)
  return (args) => {
    const written = withPaths(args) as Record<string, unknown>
    assert.ok(validate(written), ajv.errorsText(validate.errors))
    return { ...written, ...args }
  }
}

function describesItself(task: Task): void {
  assert.ok(task.returns, 'says what its result holds')
  assert.match(task.summary, /^[A-Z].*\.$/)
  assert.ok(task.example.includes(`${task.name}:`))
  for (const [name, schema] of Object.entries(task.args.properties ?? {})) {
    assert.ok((schema as { description?: string }).description, `argument ${name} has no description`)
  }
}

function checkRow<P extends Probes>(task: Task<any, P>, row: Row<P>): void {
  const facts = row.facts as Facts<P>
  for (const probe of Object.values(task.probes(row.args))) {
    const { script } = probe
    checkSyntax(typeof script === 'string' ? script : script.survey.script([script.subject]))
  }
  if (row.refuses) {
    assert.throws(
      () => task.plan(row.args, facts),
      (error) => refusal(error, row.refuses!),
    )
    return
  }
  const changes = task.plan(row.args, facts)
  if (row.changes)
    assert.deepEqual(
      changes.map((change, at) => pick(change, row.changes?.[at])),
      row.changes,
    )
  if (row.result) assert.deepEqual(task.result?.(row.args, facts), row.result)
  checkResult(task, row.args, task.result?.(row.args, facts) ?? {})
  checkLaws(task, row, changes)
}

/** What a step registers is what the task says that it returns. */
function checkResult(task: Task, args: unknown, result: Record<string, Json | undefined>): void {
  const set = task.variables?.(args as never) ?? []
  const own = Object.fromEntries(Object.entries(result).filter(([name]) => !set.includes(name)))
  const schema = { type: 'object', properties: task.returns, additionalProperties: false }
  const validate = ajv.compile(schema)
  assert.ok(validate(JSON.parse(JSON.stringify(own))), ajv.errorsText(validate.errors))
}

const ajv = new Ajv2020({ ...AJV_OPTIONS, formats: {} })

function checkLaws<P extends Probes>(task: Task<any, P>, row: Row<P>, changes: Change[]): void {
  assert.deepEqual(JSON.parse(JSON.stringify(changes)), changes, 'changes are plain data')
  assert.deepEqual(task.plan(row.args, row.facts as Facts<P>), changes, 'the same facts give the same plan')
  const probes = Object.entries(task.probes(row.args))
  const facts: Record<string, Json | undefined> = { ...row.facts }
  for (const { actions, effects, repeats } of changes) {
    assert.ok(actions.length > 0 && (effects.length > 0 || repeats), 'a change has actions and effects')
    for (const action of actions) if ('script' in action) checkSyntax(action.script)
    for (const { key, value } of effects) {
      const names = probes.filter(([, probe]) => probe.key === key).map(([name]) => name)
      assert.ok(names.length > 0 || SHARED_KEYS.test(key), `nothing looks at ${key}`)
      for (const name of names) facts[name] = value
    }
  }
  const repeated = task.plan(row.args, facts as Facts<P>).filter((change) => !change.repeats)
  assert.deepEqual(repeated, [], 'after its own effects a task plans nothing')
}

function refusal(error: unknown, message: RegExp): boolean {
  assert.ok(error instanceof TaskError, String(error))
  assert.match(error.message, message)
  return true
}

function checkSyntax(script: string): void {
  const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' })
  assert.equal(status, 0, `${stderr}\n${script}`)
}

function pick(change: Change, wanted: Partial<Change> | undefined): Partial<Change> {
  const keys = new Set(Object.keys(wanted ?? change))
  // What a row does not name, but weighs heavily, may not appear unnoticed.
  for (const heavy of ['opaque', 'repeats']) if (heavy in change) keys.add(heavy)
  return Object.fromEntries(Object.entries(change).filter(([key]) => keys.has(key)))
}

/** Arguments as the user writes them: a file by its path. */
function withPaths(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPaths)
  if (typeof value !== 'object' || value === null) return value
  if ('sha256' in value && 'path' in value) return value.path
  if ('binaries' in value && 'version' in value) return value.version
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withPaths(one)]))
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const one of Object.values(value)) freeze(one)
}
