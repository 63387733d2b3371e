import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { RunEvent } from '../../src/core/event.ts'
import type { ValueOf } from '../../src/core/schema.ts'
import { eventSchema } from '../../src/render/eventschema.ts'
import { createJson } from '../../src/render/json.ts'
import { runEvents } from './fixture.ts'

type Described = ValueOf<typeof eventSchema>

// The compiler holds the schema to the type: each fits the other, key by key.
const described = (event: RunEvent): Described => event
const meant = (event: Described): RunEvent => event
type KeysOf<Union, Type> = Union extends { type: Type } ? keyof Union : never
type Stray = {
  [T in RunEvent['type']]:
    | Exclude<KeysOf<RunEvent, T>, KeysOf<Described, T>>
    | Exclude<KeysOf<Described, T>, KeysOf<RunEvent, T>>
}[RunEvent['type']]
const noStrayKeys: [Stray] extends [never] ? true : Stray = true

describe('schema of the events', () => {
  const validate = new Ajv2020({ allErrors: false }).compile(eventSchema)

  it('is the published one', () => {
    const published = JSON.parse(readFileSync('docs/events.schema.json', 'utf8'))
    assert.deepEqual(published, JSON.parse(JSON.stringify(eventSchema)))
  })

  it('describes every line of --output json', () => {
    const seen = new Set<string>()
    const events = [...runEvents()]
    let written = ''
    const renderer = createJson((text) => (written += text))
    for (const event of events) renderer.event(meant(described(event)))
    void renderer.close()
    assert.ok(written.endsWith('\n'))
    const lines = written.slice(0, -1).split('\n')
    assert.equal(lines.length, events.length)
    for (const line of lines) {
      const event = JSON.parse(line) as RunEvent
      seen.add(event.type)
      assert.ok(validate(event), `${line} ${JSON.stringify(validate.errors)}`)
    }
    assert.ok(seen.size >= 12 && noStrayKeys)
  })

  it('refuses what is no event', () => {
    assert.equal(validate({ at: 1, type: 'play-end', play: 0, more: 1 }), false)
    assert.equal(validate({ at: 1, type: 'no-such' }), false)
    assert.equal(validate({ type: 'play-end', play: 0 }), false)
  })
})
