import assert from 'node:assert/strict'
import { parseCqlsh } from '../../src/lab/k3s/cassandra/cqlsh.ts'
import { runCql } from '../../src/lab/k3s/cassandra/cql.ts'
import { joinObstacle, type Newcomer } from '../../src/lab/k3s/cassandra/joining.ts'
import { emptyRing, type Member, merge, ownership, type Ring } from '../../src/lab/k3s/cassandra/ring.ts'
import { formatSize, statusText } from '../../src/lab/k3s/cassandra/status.ts'
import { allocateTokens } from '../../src/lab/k3s/cassandra/tokens.ts'
import { measure, parseYcsb, workloads } from '../../src/lab/k3s/cassandra/ycsb.ts'
import { results } from '../../src/lab/k3s/cassandra/ycsb-report.ts'

const idOf = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`

function memberOf(ring: Ring, number: number, rest: Partial<Member> = {}): Member {
  return {
    hostId: idOf(number),
    address: `10.42.${number}.2`,
    podUid: `uid-${number}`,
    pod: `default/cassandra-${number}`,
    node: `rpi${number}`,
    tokens: allocateTokens(ring, 16),
    datacenter: 'datacenter1',
    rack: 'rack1',
    release: '4.1.11',
    state: 'normal',
    isUp: true,
    at: 1,
    ...rest,
  }
}

function ringOf(count: number): Ring {
  const ring = emptyRing('default/K8Demo')
  for (let number = 0; number < count; number += 1) ring.members[idOf(number)] = memberOf(ring, number)
  return ring
}

describe('the ring of the simulated Cassandra', () => {
  it('shares everything out, as often as there are copies, and fairly', () => {
    const shares = [...ownership(ringOf(13), 3).values()]
    const sum = shares.reduce((total, share) => total + share, 0)
    assert.ok(Math.abs(sum - 3) < 1e-9)
    assert.ok(Math.min(...shares) > 0.12 && Math.max(...shares) < 0.4, String(shares))
  })

  it('has no more copies than nodes', () => {
    assert.deepEqual([...ownership(ringOf(1), 3).values()], [1])
  })

  it('keeps the newest of what two know', () => {
    const ring = ringOf(2)
    const removed = { ...ring, members: { [idOf(1)]: memberOf(ring, 1, { state: 'removed', at: 2 }) } }
    assert.equal(merge(ring, removed).members[idOf(1)]?.state, 'removed')
    assert.equal(merge(removed, ring).members[idOf(1)]?.state, 'removed')
  })

  it('prints rows of one width under the heading of nodetool', () => {
    const ring = ringOf(3)
    const text = statusText({ ring, live: [idOf(0), idOf(2)] })
    const lines = text.split('\n')
    assert.equal(lines[0], 'Datacenter: datacenter1')
    assert.match(lines[4] ?? '', /^-- {2}Address +Load +Tokens {2}Owns \(effective\) {2}Host ID +Rack $/)
    const rows = lines.slice(5, 8)
    assert.deepEqual(
      rows.map((row) => row.slice(0, 2)),
      ['UN', 'DN', 'UN'],
    )
    assert.equal(new Set(rows.map((row) => row.length)).size, 1)
  })

  it('says that nothing can be said of keyspaces with different copies', () => {
    const ring = ringOf(3)
    const keyspace = (copies: number) => ({ strategy: 'SimpleStrategy', copies, options: {}, tables: {} })
    ring.schema.keyspaces = { a: keyspace(1), b: keyspace(3) }
    assert.match(
      statusText({ ring, live: [] }),
      /\nNote: Non-system keyspaces don't have the same replication/,
    )
    assert.doesNotMatch(statusText({ ring, live: [] }, 'b'), /Note:/)
    assert.match(statusText({ ring, live: [] }, 'c'), /The keyspace c, does not exist/)
  })

  for (const [bytes, text] of [
    [512, '512 bytes'],
    [169_062, '165.1 KiB'],
    [110_000_000, '104.9 MiB'],
  ] as const) {
    it(`writes ${bytes} bytes as ${text}`, () => assert.equal(formatSize(bytes), text))
  }

  const newcomer = (rest: Partial<Newcomer>): Newcomer => ({
    hostId: idOf(9),
    address: '10.42.9.2',
    hasData: false,
    isSeed: false,
    live: new Set([idOf(0), idOf(1), idOf(2)]),
    mayBeInconsistent: false,
    ...rest,
  })
  const down = new Set([idOf(0), idOf(2)])
  const rows: [string, Partial<Newcomer>, RegExp | undefined][] = [
    ['joins a ring that is whole', {}, undefined],
    ['finds nobody', { live: new Set() }, /Unable to gossip with any peers/],
    ['founds a ring as its seed', { live: new Set(), isSeed: true }, undefined],
    [
      'waits for a node that is down',
      { live: down },
      /required to move the data consistently is down \(\/10\.42\.1\.2/,
    ],
    ['may be told not to', { live: down, mayBeInconsistent: true }, undefined],
    ['may not take an address that is known', { address: '10.42.1.2' }, /already exists, cancelling join/],
    ['comes back with its data', { live: down, hasData: true, hostId: idOf(1) }, undefined],
    ['takes the place of a dead one', { live: down, replaces: '10.42.1.2' }, undefined],
    ['takes no place of a live one', { replaces: '10.42.1.2' }, /Cannot replace a live node/],
  ]
  for (const [title, rest, words] of rows) {
    it(`a node ${title}`, () => {
      const found = joinObstacle(ringOf(3), newcomer(rest))
      if (words === undefined) assert.equal(found, undefined)
      else assert.match(found ?? '', words)
    })
  }

  it('lets only one node join at a time', () => {
    const ring = ringOf(3)
    ring.members[idOf(1)] = memberOf(ring, 1, { state: 'joining' })
    assert.match(
      joinObstacle(ring, newcomer({})) ?? '',
      /Other bootstrapping\/leaving\/moving nodes detected/,
    )
  })
})

describe('the simulated cqlsh', () => {
  const run = (ring: Ring, text: string) => runCql({ ring, release: '4.1.11' }, text)

  it('takes -p9042 for a password and the first word for the host', () => {
    const call = parseCqlsh([
      'db',
      '-p9042',
      '--cqlversion=3.4.4',
      '--connect-timeout',
      '10',
      '-e',
      'DESCRIBE KEYSPACES',
    ])
    assert.deepEqual(
      [call.host, call.port, call.cqlVersion, call.statements],
      ['db', 9042, '3.4.4', 'DESCRIBE KEYSPACES'],
    )
  })

  it('makes a keyspace once, and its table in it', () => {
    const ring = ringOf(3)
    const create =
      "create keyspace ycsb WITH REPLICATION = {'class' : 'SimpleStrategy', 'replication_factor': 3 };"
    const made = run(
      ring,
      `${create} USE ycsb; create table usertable (y_id varchar primary key,\n f varchar);`,
    )
    assert.deepEqual(made, { code: 0, stdout: '', stderr: '' })
    assert.equal(ring.schema.keyspaces.ycsb?.copies, 3)
    assert.equal(ring.schema.keyspaces.ycsb?.tables.usertable?.rows, 0)
    assert.match(run(ring, create).stderr, /AlreadyExists: Keyspace 'ycsb' already exists/)
    assert.equal(run(ring, 'DROP keyspace IF EXISTS ycsb; DROP keyspace IF EXISTS ycsb').code, 0)
    assert.equal(run(ring, 'DROP keyspace ycsb').code, 2)
  })

  it('goes on after a statement that it does not know, and says so', () => {
    const { code, stdout, stderr } = run(ringOf(1), 'GRANT ALL TO nobody; DESCRIBE KEYSPACES')
    assert.equal(code, 2)
    assert.match(stderr, /the simulated cqlsh .* does not know this statement: GRANT/)
    assert.match(stdout, /system_schema/)
  })
})

describe('the simulated YCSB', () => {
  const parse = (...args: string[]) => parseYcsb(args, (path) => workloads[path] ?? '')
  const service = { nodes: 13, copies: 3, failing: 0 }
  const calm = () => 0.5

  it('lets properties of the command line win over those of files', () => {
    const { properties, threads } = parse(
      'load',
      'cassandra-cql',
      '-p',
      'recordcount=7',
      '-P',
      'a',
      '-threads',
      '4',
    )
    assert.equal(properties.recordcount, '7')
    assert.equal(properties.readproportion, '0.5')
    assert.equal(threads, 4)
  })

  it('counts every operation once, by the shares of the workload', () => {
    const { series } = measure(
      parse('run', 'cassandra-cql', '-P', 'b', '-p', 'operationcount=10000'),
      service,
      calm,
    )
    assert.deepEqual(
      series.map(({ name, ok }) => [name, ok]),
      [
        ['READ', 9500],
        ['UPDATE', 500],
      ],
    )
  })

  it('is quicker with more threads and slower with more copies', () => {
    const time = (copies: number, threads: string) => {
      const load = parse('load', 'cassandra-cql', '-P', 'a', '-p', 'recordcount=20000', '-threads', threads)
      return measure(load, { ...service, copies }, calm).runTime
    }
    assert.ok(time(3, '4') < time(3, '1'))
    assert.ok(time(1, '1') < time(3, '1'))
  })

  it('reports failures beside what went well', () => {
    const load = parse('load', 'cassandra-cql', '-P', 'a', '-p', 'recordcount=1000')
    const text = results(measure(load, { ...service, failing: 0.1 }, calm))
    assert.match(text, /^\[INSERT\], Return=OK, 900$/m)
    assert.match(text, /^\[INSERT\], Return=ERROR, 100$/m)
    assert.match(text, /^\[INSERT-FAILED\], Operations, 100$/m)
    for (const line of text.trim().split('\n')) assert.match(line, /^\[[^\]]+\], [^,]+, .+$/)
  })

  it('refuses what it does not know', () => {
    assert.throws(() => parse('load', 'jdbc'), /knows the database cassandra-cql only/)
    assert.throws(() => parse('shell'), /usage:/)
  })
})
