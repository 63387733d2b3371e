import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Json } from '../../src/core/json.ts'
import { readIni } from '../../src/load/inventory/inventoryini.ts'
import { emptyInventory, type WrittenInventory } from '../../src/load/inventory/inventorymodel.ts'
import { parsePythonLiteral } from '../../src/load/inventory/pythonliteral.ts'

function read(text: string): WrittenInventory {
  const inventory = emptyInventory()
  readIni(text, 'hosts.ini', inventory)
  return inventory
}

function varsOf(text: string, host: string): Record<string, Json> {
  const entries = (read(text).hosts.get(host)?.vars ?? []).flatMap((vars) => [...vars])
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
}

function groupVars(text: string, group: string): Record<string, Json> {
  const entries = (read(text).groups.get(group)?.vars ?? []).flatMap((vars) => [...vars])
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
}

function faults(text: string): string[] {
  return read(text).problems.map(
    ({ severity, place, message, hint }) =>
      `${severity} ${place?.line}:${place?.column} ${message} [${hint ?? ''}]`,
  )
}

describe('inventories of the INI kind', () => {
  it('hold hosts, groups, children and variables, with comments of both kinds', () => {
    const { hosts, groups, problems } = read(`
# the racks
lonely
[rack-a]
node[01:03]
node[a:c]   ; no comment here
[rack-a:vars]
; said of all
floor = 2
[house:children]
rack-a   # and more to come
`)
    assert.deepEqual(
      problems.map(({ message }) => message),
      ["';' is no variable", "'no' is no variable", "'comment' is no variable", "'here' is no variable"],
    )
    assert.deepEqual([...hosts.keys()], ['lonely', 'node01', 'node02', 'node03', 'nodea', 'nodeb', 'nodec'])
    assert.deepEqual([...groups.keys()], ['ungrouped', 'rack-a', 'house'])
    assert.deepEqual([...(groups.get('house')?.children.keys() ?? [])], ['rack-a'])
  })

  it('read values behind a host as a shell would split them and Python would read them', () => {
    const line = `h a=1 b='x y' c="[1, 'z']" d=True e=yes f=0644 g=1.10 h=10.0.0.1 i= j="it's" k={'a':1} n=2.0 l=x#cut m=9`
    assert.deepEqual(varsOf(line, 'h'), {
      a: 1,
      b: 'x y',
      c: [1, 'z'],
      d: true,
      e: 'yes',
      f: '0644',
      g: 1.1,
      h: '10.0.0.1',
      i: '',
      j: "it's",
      k: '{a:1}',
      n: '2.0',
      l: 'x',
    })
  })

  it('read values in :vars as they stand', () => {
    const text = `[g]\nh\n[g:vars]\na = "5"\nb=5\nc=hello world\nd={'x': [True, None]}\ne=None\nf='-o A=b'\n i = 1\n`
    assert.deepEqual(groupVars(text, 'g'), {
      a: '5',
      b: 5,
      c: 'hello world',
      d: { x: [true, null] },
      e: null,
      f: '-o A=b',
      i: 1,
    })
  })

  it('know where each value stands', () => {
    const { hosts, groups } = read('[g]\n  web  a=1 b="x"\n[g:vars]\nlong =  text\n')
    const [vars] = hosts.get('web')?.vars ?? []
    assert.deepEqual(vars?.get('a')?.place, { file: 'hosts.ini', line: 2, column: 10 })
    assert.deepEqual(vars?.get('b')?.place, { file: 'hosts.ini', line: 2, column: 14 })
    assert.deepEqual(groups.get('g')?.vars[0]?.get('long')?.place, { file: 'hosts.ini', line: 4, column: 9 })
  })

  it('take ports and IPv6 addresses', () => {
    assert.equal(varsOf('web:2222', 'web').ansible_port, 2222)
    assert.equal(varsOf('web[1:2]:22 ansible_port=23', 'web2').ansible_port, 23)
    assert.deepEqual(
      [...read('2001:db8::1\n[2001:db8::2]:22\n').hosts.keys()],
      ['2001:db8::1', '2001:db8::2'],
    )
    assert.equal(varsOf('[2001:db8::2]:2200', '2001:db8::2').ansible_port, 2200)
  })

  const mistakes: [string, string, RegExp][] = [
    ['a variable without a value', 'h a', /^error 1:3 'a' is no variable \[.*name=value/],
    ['an open quote', 'h a="x', /^error 1:5 the quote " is never closed/],
    ['a kind of section', '[g:var]\nx=1', /^error 1:1 'var' is no kind of section \[did you mean 'vars'/],
    ['an open bracket', '[web # x\nh', /^error 1:1 the bracket \[ is never closed \[write \[web\]/],
    ['a section with blanks', '[my group]\nh', /^error 1:1 \[my group\] is no section/],
    [
      'variables of nobody',
      '[web]\nh\n[wbe:vars]\na=1',
      /^error 3:1 \[wbe:vars\] gives .* \[did you mean 'web'/,
    ],
    ['a line that is no variable', '[g:vars]\n  nothing\n[g]\n', /^error 2:3 'nothing' is no variable/],
    ['a child with variables', '[g:children]\na b=1', /^error 2:1 'a b=1' is no group/],
    ['all as a child', '[g:children]\nall', /^error 2:1 'all' can't be the child/],
    ['YAML', '---\nall:', /^error 1:1 this looks like YAML/],
    ['a range', 'h[5:1]', /^error 1:1 \[5:1\] ends before it begins/],
    ['a name of a variable', 'h a-b=1', /^error 1:3 'a-b' can't be the name/],
    ['a comment that is none', '[g]\n[g:vars]\na=b # c', /^warning 3:5 this is part of the value/],
  ]
  for (const [name, text, expected] of mistakes)
    it(`finds: ${name}`, () => assert.match(faults(text)[0] ?? '', expected))

  it('never crash, and every mistake has a place', () => {
    const good = `a ansible_host=10.0.0.1 x="[1, 'b']"\n[g]\nn[01:03]:22\n[g:vars]\ny={'k': (1, 2.5)}\n[h:children]\ng\n`
    const piece = fc.constantFrom(
      '[',
      ']',
      ':',
      '=',
      '"',
      "'",
      '\\',
      '#',
      ';',
      '{',
      '(',
      ' ',
      '\n',
      '\t',
      '\0',
      'é',
      ':vars',
      '---',
      '__proto__',
      '[[[',
      '0x',
      '1e999',
      '\r\n',
    )
    const edit = fc.record({ at: fc.nat(good.length), cut: fc.nat(6), piece })
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 5 }), (edits) => {
        const text = edits.reduce(
          (now, one) => now.slice(0, one.at) + one.piece + now.slice(one.at + one.cut),
          good,
        )
        for (const { place, message } of read(text).problems) {
          assert.ok(place !== undefined && place.line > 0 && place.column > 0, message)
          assert.doesNotMatch(message, /undefined|\[object/)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('Python literals', () => {
  const literals: [string, Json | undefined][] = [
    ['12', 12],
    ['-1.5e3', -1500],
    ['1_000', 1000],
    ['0x1F', 31],
    ['007', undefined],
    ['0', 0],
    ['00', 0],
    ['.5', 0.5],
    ['0.5', 0.5],
    ['12345678901234567890', undefined],
    ['1e999', undefined],
    ['\'a\' "b"', 'ab'],
    [`"\\x41\\n\\q"`, 'A\n\\q'],
    [`r'\\d'`, '\\d'],
    ['(1,)', [1]],
    ['(1)', 1],
    ['()', []],
    ['[1, [2, ], ]', [1, [2]]],
    ["{'a': 1, 2: 'b'}", { a: 1, '2': 'b' }],
    ["{'__proto__': 1}", undefined],
    ['1 # one', 1],
    ['true', undefined],
    ['1 2', undefined],
    ['[1', undefined],
    ["'open", undefined],
    ['', undefined],
    ['['.repeat(5000), undefined],
  ]
  for (const [text, value] of literals)
    it(`reads ${text.slice(0, 20)}`, () => assert.deepEqual(parsePythonLiteral(text), value))
})
