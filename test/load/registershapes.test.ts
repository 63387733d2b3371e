import assert from 'node:assert/strict'
import { FACTS, HOST_FACTS, hostProbe } from '../../src/probe/host.ts'
import { lateItem, lateOf, shapeOf } from '../../src/load/check/lateshapes.ts'
import { isLate } from '../../src/core/late.ts'
import { faults, tasks } from './written.ts'

const READ = '- { command: { cmd: uptime, changes: false }, register: reg }'
const LOOP = '- { command: { cmd: "echo {{ item }}" }, loop: [1, 2], register: many }'
const NODES = '- { k8s_nodes: { names: [a] }, register: cluster }'
const SET = '- { set_fact: { values: { a: 1 } }, register: set }'
const FAILING = '- { package: { name: curl }, ignore_errors: true, register: tried }'

/** A template in a step after those. */
function said(template: string): Promise<string[]> {
  const show = `- { name: show, debug: { message: ${JSON.stringify(template)} } }`
  return faults(tasks(READ, LOOP, NODES, SET, FAILING, show))
}

function condition(when: string): Promise<string[]> {
  return faults(tasks(READ, LOOP, NODES, SET, `- { name: show, debug: { message: x }, when: "${when}" }`))
}

describe('results of steps in templates', () => {
  const wrong: Record<string, string> = {
    '{{ reg.stdou }}': "the result of command has no 'stdou' [did you mean 'stdout'?]",
    '{{ reg.stdout.lines }}': "text has no 'lines' []",
    '{{ reg.rc.x }}': "a number has no 'x' []",
    '{{ reg.changed.x }}': "true or false has no 'x' []",
    '{{ hosts.web1.reg.stdou }}': "the result of command has no 'stdou' [did you mean 'stdout'?]",
    '{{ many.stdout }}':
      "the result of a loop over command has no 'stdout' [the step loops: each of 'results' has its own 'stdout']",
    '{{ many.results.stdout }}': "a list has no 'stdout' []",
    '{{ many.results[0].stdou }}': "the result of command has no 'stdou' [did you mean 'stdout'?]",
    '{{ (many.results | first).stdou }}': "the result of command has no 'stdou' [did you mean 'stdout'?]",
    "{{ many.results | map(attribute='stdou') }}":
      "the result of command has no 'stdou' [did you mean 'stdout'?]",
    '{% for one in many.results %}{{ one.stdou }}{% endfor %}':
      "the result of command has no 'stdou' [did you mean 'stdout'?]",
    "{{ cluster.nodes | selectattr('ready') | map(attribute='nam') }}":
      "it has no 'nam' [did you mean 'name'?]",
    '{{ set.b }}': "the result of set_fact has no 'b' [did you mean 'a'?]",
    '{{ facts.hostnam }}': "facts has no 'hostnam' [did you mean 'hostname'?]",
    '{{ tried.versons }}': "the result of package has no 'versons' [did you mean 'versions'?]",
  }
  for (const [template, message] of Object.entries(wrong))
    it(`has something to say of ${template}`, async () => {
      const [first, ...others] = await said(template)
      assert.match(first ?? '', /^p\.yaml:8:/)
      assert.equal(first?.slice(first.indexOf(' ') + 1), message)
      assert.deepEqual(others, [])
    })

  it('lets pass what there is, and what nobody can know', async () => {
    const right = [
      '{{ reg.stdout }} {{ reg.rc }} {{ reg.changed }} {{ reg.skipped }} {{ reg.msg }} {{ reg.stdout[0] }}',
      "{{ reg.stdou | default('x') }} {{ reg.stdou is defined }}",
      '{{ (reg.stdout | from_json).anything }} {{ reg[reg.stdout] }} {{ hosts[reg.stdout].anything }}',
      "{{ many.results | selectattr('changed') | map(attribute='stdout') | join }} {{ many.results[0].rc }}",
      '{{ cluster.nodes[0].name }} {{ set.a }} {{ a.anything }}',
      '{{ tried.versions.x }} {{ tried.stdout }} {{ tried.rc }}',
      '{{ facts.hostname }} {{ facts.addresses[0] }}',
    ]
    for (const template of right) assert.deepEqual(await said(template), [], template)
  })

  it('must be true or false as a condition, and a list for a loop', async () => {
    assert.match((await condition('reg.stdout')).join(), /'when' must be true or false, not text/)
    assert.match((await condition('reg.rc')).join(), /'when' must be true or false, not a number/)
    assert.deepEqual(await condition('reg.changed'), [])
    assert.deepEqual(await condition("reg.stdout == 'x'"), [])
    const loop = (list: string): Promise<string[]> =>
      faults(
        tasks(READ, LOOP, `- { name: show, debug: { message: "{{ item.rc }}" }, loop: "{{ ${list} }}" }`),
      )
    assert.match((await loop('reg.stdout')).join(), /'loop' must be a list, not text/)
    assert.deepEqual(await loop('many.results'), [])
  })

  it('are known in the conditions over them', async () => {
    const step = (more: string): Promise<string[]> =>
      faults(tasks(`- { command: { cmd: x }, register: reg, ${more} }`))
    assert.match((await step('until: reg.rcx == 0')).join(), /has no 'rcx'/)
    assert.match((await step('changed_when: result.stdot == ""')).join(), /has no 'stdot'/)
    assert.deepEqual(await step(`failed_when: "'x' in result.stderr", until: reg.rc == 0`), [])
  })

  it('are one of several where several steps register them', async () => {
    const both = [READ, '- { systemd: { unit: ssh }, register: reg, when: check_mode }']
    const show = (name: string): string => `- { name: show, debug: { message: "{{ reg.${name} }}" } }`
    assert.deepEqual(await faults(tasks(...both, show('stdout'), show('active'))), [])
    assert.equal((await faults(tasks(...both, show('stdou')))).length, 1)
  })
})

describe('shapes of values that are not known yet', () => {
  it('travel with the value, but not through text', () => {
    const value = lateOf({ type: 'array', items: { type: 'string' } })
    assert.ok(isLate(value) && isLate(`${value} and more`))
    assert.deepEqual(shapeOf(lateItem(value)), { type: 'string' })
    assert.equal(shapeOf(`${value}${value}`), undefined)
    assert.equal(shapeOf(`x${value}`), undefined)
  })

  it('say of facts what a look at a host gives', () => {
    const lines = ['hostname=a', 'architecture=b', 'kernel=c', 'os=d', 'os_version=1', 'os_name=e', 'cpus=1']
    const more = ['memory=1024', 'uptime=1.5', 'machine_id=x', 'boot_id=y', 'addresses=10.0.0.1']
    const seen = hostProbe.parse({ code: 0, stdout: Buffer.from([...lines, ...more].join('\n')), stderr: '' })
    assert.deepEqual(Object.keys(seen).sort(), Object.keys(HOST_FACTS).sort(), FACTS)
  })
})
