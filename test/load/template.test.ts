import assert from 'node:assert/strict'
import { evaluate, evaluateExpression, type Names } from '../../src/load/template/evaluate.ts'
import { isLate, LATE } from '../../src/core/late.ts'
import { parseExpression, parseTemplate } from '../../src/load/template/template.ts'
import { TemplateError, Undefined } from '../../src/load/template/templateerror.ts'
import type { Value } from '../../src/load/template/values.ts'

const vars: Record<string, Value> = {
  a: 1,
  b: 'x y',
  t: true,
  f: false,
  n: null,
  empty: '',
  l: [3, 1, 2],
  d: { k: 'v', nested: { m: [1, 2] } },
  users: [
    { name: 'bob', uid: 2, groups: ['x'] },
    { name: 'al', uid: 1, groups: [] },
  ],
  late: LATE,
  half: { known: 1, unknown: LATE },
}
const names: Names = {
  get: (name) =>
    Object.hasOwn(vars, name) ? (vars[name] as Value) : new Undefined(`'${name}' is not defined`),
}
const give = (source: string): unknown => evaluate(parseTemplate(source), names)
const decide = (source: string): unknown => evaluateExpression(parseExpression(source), names)

describe('templates', () => {
  const table: [string, unknown][] = [
    ['{{ a }}', 1],
    ['{{ l }}', [3, 1, 2]],
    ['{{ n }}', null],
    ['{{ d.nested }}', { m: [1, 2] }],
    ['{{ d["nested"].m[-1] }}', 2],
    ['x{{ a }}{{ t }}', 'x1true'],
    ['{{ l }}!', '[3,1,2]!'],
    ['{{ "<&>" }} \'"', '<&> \'"'],
    ['no template', 'no template'],
    ['{# gone #}x', 'x'],
    ['{% raw %}{{ a }}{% endraw %}', '{{ a }}'],
    ['{{ a + 2 * 3 }}', 7],
    ['{{ 7 // 2 }},{{ -7 % 3 }},{{ 2 ** 3 }},{{ 7 / 2 }}', '3,2,8,3.5'],
    ['{{ l + [4] }}', [3, 1, 2, 4]],
    ['{{ b ~ a }}', 'x y1'],
    ['{{ "yes" if a == 1 else "no" }}', 'yes'],
    ['{{ a == 1 and b != "x" }}', true],
    ['{{ 1 < a + 1 < 3 }}', true],
    ['{{ not empty }}', true],
    ['{{ empty or "default" }}', 'default'],
    ['{{ 2 in l and "k" in d and "x" in b and 9 not in l }}', true],
    ['{{ "1" == 1 }}', false],
    ['{{ l == [3, 1, 2] }}', true],
    ['{{ True }}', true],
    ['{{ None is none }}', true],
    ['{{ nope is defined }}', false],
    ['{{ nope is not defined }}', true],
    ['{{ d.nope is defined }}', false],
    ['{{ a is number and b is string and l is sequence and d is mapping }}', true],
    ['{{ b is match("x") and b is search("y") and b is not match("y") }}', true],
    ['{{ "1.25.10+k3s2" is version("1.25.9+k3s9", ">") }}', true],
    ['{{ {"changed": true} is changed }}', true],
    ['{% for x in l %}{{ loop.index }}={{ x }}{% if not loop.last %},{% endif %}{% endfor %}', '1=3,2=1,3=2'],
    ['{% for k, v in d.items() if k == "k" %}{{ k }}{{ v }}{% endfor %}', 'kv'],
    ['{% for x in [] %}x{% else %}none{% endfor %}', 'none'],
    [
      '{% for g in users | groupby("name") %}{{ g.grouper }}:{{ g.list | length }} {% endfor %}',
      'al:1 bob:1 ',
    ],
    ['{{ l.list is defined }}', false],
    ['{% set z = a + 1 %}{{ z }}', '2'],
    ['{% set z %}<{{ a }}>{% endset %}{{ z }}', '<1>'],
    ['{% if f %}1{% elif t %}2{% else %}3{% endif %}', '2'],
    ['a\n{% if t %}\nb\n{% endif %}\nc\n', 'a\nb\nc\n'],
    ['{{ range(3) }}', [0, 1, 2]],
    ['{{ b.upper().split() }}', ['X', 'Y']],
    ['{{ b.startswith("x") }}', true],
    ['{{ nope | default("z") }}', 'z'],
    ['{{ d.nope | d(5) }}', 5],
    ['{{ empty | default("z", true) }}', 'z'],
    ['{{ empty | default("z") }}', ''],
    ['{{ l | sort | join("-") }}', '1-2-3'],
    ['{{ users | map(attribute="name") | join(",") }}', 'bob,al'],
    ['{{ users | sort(attribute="uid") | map(attribute="name") | first }}', 'al'],
    ['{{ users | selectattr("uid", "gt", 1) | map(attribute="name") | list }}', ['bob']],
    ['{{ users | rejectattr("groups") | map(attribute="name") | list }}', ['al']],
    ['{{ l | select("odd") | list }}', [3, 1]],
    ['{{ ["a", "b"] | map("upper") | list }}', ['A', 'B']],
    ['{{ l | sum }} {{ l | min }} {{ l | max }} {{ l | length }} {{ l | last }}', '6 1 3 3 2'],
    ['{{ [1, 1, 2] | unique }}', [1, 2]],
    ['{{ [[1], [2, [3]]] | flatten }}', [1, 2, 3]],
    ['{{ d | to_json }}', '{"k":"v","nested":{"m":[1,2]}}'],
    ['{{ "[1, 2]" | from_json | last }}', 2],
    ['{{ {"a": [1]} | to_yaml }}', 'a:\n  - 1\n'],
    ['{{ "a: 1" | from_yaml }}', { a: 1 }],
    ['{{ b | b64encode }} {{ "eCB5" | b64decode }}', 'eCB5 x y'],
    ['{{ b | regex_replace("(x) (y)", "\\\\2-\\\\1$") }}', 'y-x$'],
    ['{{ "v1.25.4" | regex_search("[0-9]+[.][0-9]+") }}', '1.25'],
    ['{{ "k=v" | regex_search("(?P<key>.)=(.)", "\\\\g<key>", "\\\\2") }}', ['k', 'v']],
    ['{{ "a b; $(x)" | quote }}', "'a b; $(x)'"],
    ['{{ " x " | trim | upper | lower }}', 'x'],
    ['{{ "a-b" | replace("-", "$&") }}', 'a$&b'],
    ['{{ "12" | int + 1 }} {{ "x" | int(7) }} {{ "1.5" | float }}', '13 7 1.5'],
    ['{{ "yes" | bool }}', true],
    ['{{ "no" | bool }}', false],
    ['{{ "/a/b.c" | basename }} {{ "/a/b.c" | dirname }}', 'b.c /a'],
    ['{{ {"x": 1} | dict2items }}', [{ key: 'x', value: 1 }]],
    ['{{ [{"key": "x", "value": 1}] | items2dict }}', { x: 1 }],
    ['{{ {"a": {"b": 1} } | combine({"a": {"c": 2} }, recursive=true) }}', { a: { b: 1, c: 2 } }],
    ['{{ "a\nb" | indent(2) }}', 'a\n  b'],
    ['{{ 2.567 | round(1) }} {{ -3 | abs }}', '2.6 3'],
    ['{{ "a,b" | split(",") }}', ['a', 'b']],
    ['{{ "a\nb\n" | splitlines }}', ['a', 'b']],
    ['{{ t | ternary("on", "off") }}', 'on'],
    ['{{ "" | hash("sha256") }}', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['{{ "%s-%03d" | format("a", 7) }}', 'a-007'],
    ['{{ "2GiB" | human_to_bytes }}', 2 ** 31],
    ['{{ [1, 2] | difference([2]) }}', [1]],
    ['{{ l[1:] }}{{ l[::-1] }}{{ l[:-1] }}{{ b[2:] }}{{ l[-2:] }}', '[1,2][2,1,3][3,1]y[1,2]'],
    ['{{ l[::2] }}', [3, 2]],
    ['{{ 2 * 7 // 2 }} {{ 2 * 7 % 4 }} {{ 2 + 3 * 4 ** 2 }} {{ -2 ** 2 }} {{ 10 - 2 - 3 }}', '7 2 50 4 5'],
    ['{{ {"a": {"b": 1}} }}', { a: { b: 1 } }],
    ['{{ 4 is divisibleby 2 and "a" is in ["a"] }}', true],
    ['{{ "x" if 1 is odd else "y" }}', 'x'],
    ['{{ 1 not in l }} {{ not 1 == 2 }} {{ 1 < 2 < 3 }}', 'false true true'],
    ['{{ (1, 2) }}', [1, 2]],
    ['{{ "a" "b" }}', 'ab'],
    [
      '{{ nope.x.y | default(1) }} {{ [] | first | default("none") }} {{ d.zz.z is defined }}',
      '1 none false',
    ],
    ['{% set ns = namespace(n=0) %}{% for x in l %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}', '6'],
    ['{% macro m(a, b=2) %}[{{ a }}-{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}', '[1-2][1-3]'],
    ['{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}', '3210'],
    ['{% macro w(t) %}<{{ t }}>{{ caller() }}{% endmacro %}{% call w("b") %}hi{% endcall %}', '<b>hi'],
    ['{% filter upper %}abc{% endfilter %}', 'ABC'],
    ['{% with c = 1, e = 2 %}{{ c + e }}{% endwith %}', '3'],
    ['{% for x in l %}{{ loop.cycle("a", "b") }}{{ loop.previtem | default("-") }}{% endfor %}', 'a-b3a1'],
    ['{% for x in l -%}\n  {{ x }}\n{%- endfor %}', '312'],
    ['a \n {%- if t %} b {% endif -%} \n c', 'a b c'],
    ['{% if t +%}\nb{% endif %}', '\nb'],
    ['{# x -#}   y', 'y'],
    ["{{ 'a\\nb' }} {{ '\\d+\\1' }} {{ 'it\\'s' }} {{ '\\u00e9\\x41' }}", "a\nb \\d+\\1 it's éA"],
    ["{{ 'v1.25.4' | regex_search('\\d+\\.(\\d+)', '\\1') }}", ['25']],
    ["{{ 'foo bar' | regex_replace('(?P<a>\\w+) (?P<b>\\w+)', '\\g<b> \\1') }}", 'bar foo'],
    ["{{ 'foo\\n' | regex_search('o$') }}{{ 'a]b' | regex_findall('[]ab]') | join }}", 'oa]b'],
    ["{{ 'AbC' | regex_replace('(?i)b', 'x') }} {{ 'aaa' | regex_replace('a', 'b', count=2) }}", 'AxC bba'],
    ['{{ users | map("combine", {"z": 1}) | map(attribute="z") | sum }}', 2],
    ['{{ users | map(attribute="zz", default="q") | join }}', 'qq'],
    ['{{ users | selectattr("zz", "undefined") | list | length }}', 2],
    ['{{ [1, 2, 3] | batch(2, 0) }} {{ [1, 2, 3] | slice(2) }}', '[[1,2],[3,0]] [[1,2],[3]]'],
    ['{{ d.items() | map("first") | list }}', ['k', 'nested']],
    ['{{ "a" | ansible.builtin.upper }}', 'A'],
    ['{{ "%s and %05.1f" % ("a", 2) }}', 'a and 002.0'],
    ["{{ '{} {n} {:>3}|{:03d}'.format(1, 'x', 7, n=2) }}", '1 2   x|007'],
    ['{{ "a.b.c".rsplit(".", 1) }}', ['a.b', 'c']],
    ['{{ {"l": [1]} | combine({"l": [2]}, list_merge="append") }}', { l: [1, 2] }],
    ['{{ 2.5 | round }} {{ 3.5 | round }} {{ 3.14159 | round(2) }}', '2 4 3.14'],
    ['{{ "x" | to_uuid }}', '66b2f013-1baa-5313-9c8c-e6f1182e0e90'],
    ['{{ [1, 2] is subset([1, 2, 3]) and [1] is not superset([2]) }}', true],
  ]
  for (const [source, expected] of table) it(source, () => assert.deepEqual(give(source), expected))

  const mistakes: [string, RegExp, RegExp?][] = [
    ['{{ nope }}', /'nope' is not defined/],
    ['{{ nope and t }}', /'nope' is not defined/],
    ['{{ d.kk }}', /there is no 'kk'/, /did you mean 'k'/],
    ['{{ d.k.z }}', /text has no 'z'/],
    ['{{ l[9] }}', /a list has no item 9/],
    ['x{{ n }}', /null can't be put into text/, /default/],
    ['{{ "1" + 1 }}', /text \+ a number is not possible/, /~/],
    ['{{ "a" < 1 }}', /text can't be compared with a number/, /int/],
    ['{{ 1 / 0 }}', /division by zero/],
    ['{{ b | upcase }}', /there is no filter 'upcase'/],
    ['{% if f %}{{ b | uper }}{% endif %}', /there is no filter 'uper'/, /did you mean 'upper'/],
    ['{{ b is strng }}', /there is no test 'is strng'/, /did you mean 'string'/],
    ['{{ b.uper() }}', /there is no method '.uper\(\)'/, /did you mean 'upper'/],
    ['{{ b.unique() }}', /no method/, /use the filter: x \| unique/],
    ['{{ lookup("env", "HOME") }}', /nothing can be looked up here/],
    ['{{ upper(b) }}', /'upper' can't be called/, /x \| upper/],
    ['{{ a', /not closed/],
    ['{% if a %}', /bad template|not closed/],
    ['{{ a b }}', /bad template before 'b }}'/],
    ['{{ }}', /bad template/],
    ['{{ r/a/ }}', /bad template|regular expressions/],
    ['{% import "x" as y %}', /not supported/],
    ['{{ [] | first }}', /'first' of an empty list/],
    ['{{ "{" | from_json }}', /'from_json' can't read/],
    ['{{ "hunter two" | from_json }}', /'from_json' can't read this text: (?!.*h(unter|'))/],
    ['{{ "[1, *hunter]" | from_yaml }}', /'from_yaml' can't read this text: (?!.*hunter)/],
    ['{{ b | regex_search("(") }}', /is not a regular expression/],
    ['{% macro r(n) %}{{ r(n) }}{% endmacro %}{{ r(1) }}', /'r' calls itself without end/],
    ['{% macro m(a) %}{% endmacro %}{{ m(c=1) }}', /the macro 'm' takes no 'c'/],
    ['{% endfor %}', /endfor %} belongs to nothing/],
    ['{% if t %}{% endfor %}', /endfor %} belongs to nothing/],
    ['{% block x %}{% endblock %}', /block %} is not supported/, /include/],
    ['{% for x in l recursive %}{% endfor %}', /recursive %} is not supported/],
    ['{{ "a', /a text is not closed/],
    ['{{ t && f }}', /before '&& f }}'/, /write: and/],
    ['{{ [1] | join(sep=",") }}', /'join' takes no 'sep'/, /\(d, attribute\)/],
    ['{{ b is match }}', /lacks an argument/],
    ['{{ b | random }}', /'random' is not supported/, /every run/],
    ['{{ b | password_hash("sha512") }}', /'password_hash' is not supported/, /openssl passwd -6/],
    ['{{ now() }}', /now\(\) is not supported/],
    ['{{ b | zzzzzzzz }}', /there is no filter/, /known: abs, .*zip/],
    ['{{ "maybe" | bool }}', /'bool' can't read 'maybe'/],
    ['{{ "x" | b64decode }}', /not base64/],
    ['{{ 10 ** 400 }}', /not a finite number/],
    ['{% set a.b = 1 %}', /'a' is no namespace/],
    ['{{ range(10000000) }}', /more than 100000 numbers/],
    ['{{ "x" * 100000000 }}', /more than 16000000 characters/],
  ]
  for (const [source, message, hint] of mistakes)
    it(`refuses ${source}`, () =>
      assert.throws(
        () => give(source),
        (error: unknown) => {
          assert.ok(error instanceof TemplateError, String(error))
          assert.match(error.message, message)
          if (hint) assert.match(error.hint ?? '', hint)
          return true
        },
      ))

  it('says line and column inside the template', () =>
    assert.throws(
      () => give('a\nb {{ nope }}\n'),
      (error: unknown) => error instanceof TemplateError && error.at?.line === 1 && error.at.column === 5,
    ))

  describe('is no way out of the data', () => {
    const escapes = [
      '{{ range.constructor("return process.pid")() }}',
      '{{ "".constructor.constructor("return process.pid")() }}',
      '{{ b.constructor }}',
      '{{ b["constructor"] }}',
      '{{ b["con" ~ "structor"] }}',
      '{{ l.map }}',
      '{{ l["constructor"] }}',
      '{{ d.__proto__ }}',
      '{{ d["__proto__"]["polluted"] }}',
      '{{ d.toString() }}',
      '{{ a.toFixed }}',
      '{{ t.valueOf }}',
      '{{ n.x }}',
      '{{ cycler }}',
      '{{ joiner }}',
      '{{ cycler("a").next.constructor("return process")() }}',
      '{{ joiner(",").constructor("return process")() }}',
      '{{ range }}',
      '{{ [1] | map("constructor") | list }}',
      '{{ [1] | map(attribute="constructor") | list }}',
      '{{ [1] | select("constructor") | list }}',
      '{{ [{"a": 1}] | selectattr("constructor.constructor") | map(attribute="constructor") | list }}',
      '{{ [d] | map(attribute="__proto__") | list }}',
      '{{ [{"a": 1}] | items2dict(key_name="constructor") }}',
      '{{ [{"key": 1}] | items2dict(value_name="constructor") }}',
      '{{ "1" is version("1", "constructor") }}',
      '{{ "constructor" | extract(d) }}',
      '{{ [d] | groupby("constructor") }}',
      '{{ [d] | sum(attribute="constructor") }}',
      '{{ [d] | join(",", "constructor") }}',
      '{{ [d, d] | sort(attribute="constructor") }}',
      '{{ 2.5 | round(0, "constructor") }}',
      '{{ empty | default("x", __proto__={"boolean": true}) }}',
      '{{ a | constructor }}',
      '{{ a | toString }}',
      '{{ a is constructor }}',
      '{{ process }}',
      '{{ globalThis }}',
      '{{ this }}',
      '{{ self }}',
      '{{ caller() }}',
      '{{ super() }}',
      '{{ loop.constructor }}',
      '{{ ""["constructor"]["constructor"]("return process")() }}',
      '{{ d.toString.constructor }}',
      '{{ d | attr("__proto__") }}',
      '{{ "{0.__class__}".format(b) }}',
      '{{ "{a[0]}".format(a=l) }}',
      '{{ "%(__proto__)s" % d }}',
      '{{ "%(constructor)s" | format(d) }}',
      '{{ "".format.constructor }}',
      '{{ namespace.constructor }}',
      '{{ namespace().__proto__ }}',
      '{% set ns = namespace() %}{% set ns.__proto__ = d %}{{ ns.k }}',
      '{{ dict.constructor }}',
      '{% macro m() %}{% endmacro %}{{ m.constructor }}',
      '{{ lookup.constructor }}',
      '{{ lookup("constructor", "x") }}',
      '{{ [1] | map("__proto__") | list }}',
      '{{ l.push(1) }}',
      '{{ "a" | regex_search("a", "constructor") }}',
      '{{ "a" | regex_search("(?<a>a)", "__proto__") }}',
      '{{ 1 | round(0, "__proto__") }}',
      '{{ {"a": [1]} | combine({"a": [2]}, list_merge="constructor") }}',
      '{{ b | comment("constructor") }}',
      '{{ cycle("a") }}',
      '{{ "a".__class__.__mro__ }}',
      '{{ request.application.__globals__ }}',
    ]
    for (const source of escapes)
      it(source, () => {
        let result: unknown
        try {
          result = give(source)
        } catch (error) {
          assert.ok(error instanceof TemplateError, String(error))
          return
        }
        assert.deepEqual(result, [], `gave ${String(result)}`)
      })

    it('properties of objects are no keys', () => {
      assert.equal(give('{{ "constructor" in d }}'), false)
      assert.equal(give('{{ d.get("constructor", 1) }}'), 1)
    })
    it('keys named like properties of objects stay keys', () => {
      assert.equal(give('{{ {"constructor": 1}.constructor }}'), 1)
      assert.equal(
        JSON.stringify(give('{{ {"__proto__": {"polluted": 1} } | combine({"a": 1}) }}')).includes(
          'polluted',
        ),
        true,
      )
      assert.equal(({} as Record<string, unknown>).polluted, undefined)
    })
  })

  describe('ends what would take forever', () => {
    const hogs = [
      "{{ 'a' * 10**10 }}",
      '{{ l * 10**9 }}',
      '{{ range(10**9) }}',
      '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}',
      '{% set ns = namespace(x="a") %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}',
      '{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
      "{{ 'x' | indent(10**9) }}",
      "{{ 'x' | center(10**9) }}",
      "{{ 'x'.ljust(10**9) }}",
      "{{ '%999999999d' | format(1) }}",
      "{{ '{:>999999999}'.format(1) }}",
      '{{ range(1000) | product(range(1000), range(1000)) | list }}',
      `{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`,
      `{{ ${'-'.repeat(5000)}1 }}`,
      `{{ ${'not '.repeat(5000)}t }}`,
      `{{ ${'['.repeat(5000)}${']'.repeat(5000)} }}`,
      `${'{% if t %}'.repeat(500)}${'{% endif %}'.repeat(500)}`,
      "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | regex_search('^(a+)+$') }}",
      "{{ ['aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'] | select('match', '^(a+)+$') | list }}",
    ]
    for (const source of hogs)
      it(source.slice(0, 100), () => assert.throws(() => give(source), { name: 'TemplateError' }))

    it('variables that are made from each other', () => {
      const circle: Names = { get: () => evaluate(parseTemplate('{{ other | default(1) }}'), circle) }
      assert.throws(() => circle.get('one'), {
        name: 'TemplateError',
        message: 'variables are made from each other without end',
      })
    })

    it('what did too much once is not tried again', () => {
      const source = '{% for x in range(99999) %}{{ x }}{{ asked }}{% endfor %}'
      let asked = 0
      const counting: Names = { get: () => ++asked }
      const run = (): unknown => evaluate(parseTemplate(source), counting)
      assert.throws(run, /does too much/)
      const before = asked
      assert.throws(run, /does too much/)
      assert.equal(asked, before)
    })

    it('sums of any length are added up or refused', () => {
      let result: unknown
      try {
        result = give(`{{ 1${' + 1'.repeat(20_000)} }}`)
      } catch (error) {
        assert.ok(error instanceof TemplateError, String(error))
        return
      }
      assert.equal(result, 20_001)
    })
  })

  it('what hosts said is never a template', () => {
    const evil = '{{ a }}{% for x in l %}{{ x }}{% endfor %}'
    vars.evil = evil
    vars.evils = [evil, { name: evil }]
    assert.equal(give('{{ evil }}'), evil)
    assert.equal(give('{{ evils | map("default", "x") | first }}'), evil)
    assert.equal(give('{{ [evils[1]] | map(attribute="name") | join }}'), evil)
    assert.equal(give('{% for one in evils[:1] %}{{ one }}{% endfor %}'), evil)
    assert.equal(give('{% set x = evil %}{{ x }}'), evil)
    assert.equal(give('{% macro m(x) %}{{ x }}{% endmacro %}{{ m(evil) }}'), evil)
    assert.equal(give('{{ "%s" | format(evil) }}{{ "{}".format(evil) }}'), evil + evil)
    assert.equal(give('{{ "a" | regex_replace("a", evil) }}'), evil)
    assert.equal(give('{{ evil if t else b }}'), evil)
  })

  describe('values that are not known yet', () => {
    const unknown = [
      '{{ late }}',
      '{{ late.a.b[0] }}',
      'text {{ late }}',
      '{{ late + 1 }}',
      '{{ late ~ "x" }}',
      '{{ late == "x" }}',
      '{{ not late }}',
      '{{ late and t }}',
      '{{ f or late }}',
      '{{ a if late else b }}',
      '{{ late | int > 3 }}',
      '{{ late | default("x") }}',
      '{{ late is defined }}',
      '{{ late is match("x") }}',
      '{{ "x" in late }}',
      '{{ [1, late] | join }}',
      '{{ late.split(",") }}',
      '{{ half.unknown }}',
      '{{ half }}',
      '{{ half | to_json }}',
      '{{ d[late] }}',
      '{% if late %}x{% endif %}',
      '{% for x in late %}{{ x }}{% endfor %}',
      '{% for x in l if late %}{{ x }}{% endfor %}',
      '{{ range(late) }}',
      '{{ -late }}',
    ]
    for (const source of unknown) it(source, () => assert.equal(isLate(give(source)), true))

    const decided: [string, unknown][] = [
      ['{{ f and late }}', false],
      ['{{ late and f }}', false],
      ['{{ t or late }}', true],
      ['{{ late or t }}', true],
      ['{{ half.known }}', 1],
      ['{{ b if t else late }}', 'x y'],
      ['{{ [late, 1] | length }}', LATE],
    ]
    for (const [source, expected] of decided) it(source, () => assert.deepEqual(give(source), expected))

    it('finds mistakes on both sides of what is not known', () => {
      for (const source of [
        '{{ late and nope }}',
        '{{ nope if late else a }}',
        '{{ a if late else nope }}',
        '{% if late %}{{ nope }}{% endif %}',
      ])
        assert.throws(() => give(source), /'nope' is not defined/)
    })
  })

  describe('bare expressions', () => {
    it('give their value', () => assert.equal(decide("a == 1 and b is defined and 'x' in b"), true))
    it('go over several lines', () => assert.equal(decide('a == 1\n  and t'), true))
    for (const source of ['{{ a }}', 'a }} {{ b', 'a b', '', 'a == ', '{% if a %}'])
      it(`refuse '${source}'`, () => assert.throws(() => decide(source), TemplateError))
  })
})
