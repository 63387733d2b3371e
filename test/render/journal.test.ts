import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Journal } from '../../src/render/journal.ts'
import { foldRun } from '../../src/render/report.ts'
import { runEvents, startedAt } from './fixture.ts'

/** Events of one turn of the loop are written together. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('journal', () => {
  let root: string
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'journal-'))))
  afterEach(() => rmSync(root, { recursive: true }))
  const silent = (message: string) => assert.fail(message)
  const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n')

  it('has every event as it happens, and the report at the end', async () => {
    const runs = join(root, 'runs')
    const journal = new Journal(runs, silent)
    const events = [
      { at: startedAt, type: 'notice', message: 'booting' } as const,
      ...runEvents({ plays: 1, steps: 2 }),
    ]
    events.slice(0, 40).forEach((event) => journal.event(event))
    const path = join(runs, '20261122T183000Z-a1b2c3d4')
    assert.equal(journal.path, path)
    await nextTurn()
    assert.equal(lines(join(path, 'events.ndjson')).length, 40)
    events.slice(40).forEach((event) => journal.event(event))
    journal.close()
    assert.deepEqual(
      lines(join(path, 'events.ndjson')).map((line) => JSON.parse(line)),
      JSON.parse(JSON.stringify(events)),
    )
    assert.deepEqual(
      JSON.parse(readFileSync(join(path, 'summary.json'), 'utf8')),
      JSON.parse(JSON.stringify(foldRun(events))),
    )
    assert.deepEqual(
      [path, join(path, 'events.ndjson'), join(path, 'summary.json')].map(
        (name) => statSync(name).mode & 0o777,
      ),
      [0o700, 0o600, 0o600],
    )
  })

  it('keeps the last 50 runs and leaves alone what is none', async () => {
    for (let day = 10; day < 70; day++) mkdirSync(join(root, `202601${day}T000000Z-x`))
    mkdirSync(join(root, 'notes'))
    const journal = new Journal(root, silent)
    for (const event of runEvents({ plays: 1, steps: 1 })) journal.event(event)
    journal.close()
    await journal.tidied
    const kept = readdirSync(root).filter((name) => name !== 'notes')
    assert.deepEqual(
      [kept.length, kept[0], kept.at(-1)],
      [50, '20260121T000000Z-x', '20261122T183000Z-a1b2c3d4'],
    )
    assert.equal(readdirSync(root).length, 51)
  })

  it('that can not be written warns once and stops nothing', () => {
    writeFileSync(join(root, 'file'), '')
    const warnings: string[] = []
    const journal = new Journal(join(root, 'file'), (message) => warnings.push(message))
    for (const event of runEvents({ plays: 1, steps: 1 })) journal.event(event)
    journal.close()
    assert.equal(journal.path, undefined)
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /^this run is not journalled: ENOTDIR/)
  })

  it('keeps a run id from leading elsewhere', () => {
    const journal = new Journal(join(root, 'runs'), silent)
    journal.event({
      at: startedAt,
      type: 'run-start',
      run: '../../x',
      mode: 'apply',
      playbook: 'p',
      plays: [],
    })
    journal.close()
    assert.deepEqual(readdirSync(root), ['runs'])
    assert.deepEqual(readdirSync(join(root, 'runs')), ['20261122T183000Z-______x'])
  })
})
