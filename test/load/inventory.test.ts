import assert from 'node:assert/strict'
import { UsageError } from '../../src/core/errors.ts'
import { loadInventory, readInventory } from '../../src/load/inventory/inventory.ts'
import { expandRange } from '../../src/load/inventory/ranges.ts'
import { parseYaml } from '../../src/load/yaml/yaml.ts'

const read = (text: string) => readInventory(parseYaml(text, 'i.yaml'))

async function faults(text: string): Promise<string[]> {
  try {
    return (await read(text)).warnings.map(
      ({ place, message }) => `warning ${place?.line}:${place?.column} ${message}`,
    )
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error))
    return error.diagnostics.map(
      ({ place, message, hint }) => `${place?.line}:${place?.column} ${message} [${hint}]`,
    )
  }
}

describe('inventory', () => {
  it('describes the cluster', async () => {
    const { inventory, warnings } = await loadInventory('inventory.yaml')
    assert.deepEqual(warnings, [])
    assert.equal(inventory.hosts.size, 15)
    for (const [index, host] of [...inventory.hosts.values()].slice(1).entries()) {
      assert.equal(host.connection.address, `16.0.0.${11 + index}`)
      assert.equal(host.connection.jump, 'rpicloud')
      assert.equal(host.vars.ram, '2GiB')
      assert.deepEqual(host.vars.storage, { device: '/dev/sda', size: '1TB', mount: '/mnt/storage' })
      assert.equal(host.vars.k3s_role, host.name === 'rpi01' ? 'server' : 'agent')
    }
    const access = inventory.hosts.get('rpicloud')
    assert.deepEqual(access?.connection, { kind: 'ssh', address: '16.0.0.10', user: 'pi' })
    assert.equal(access?.vars.ram, '4GiB')
    assert.equal(inventory.groups.get('cluster')?.length, 15)
    assert.deepEqual(inventory.groups.get('server'), ['rpi01'])
  })

  it('lets the nearest variable win: all < parent < child < host', async () => {
    const { inventory } = await read(`
all:
  vars: {a: all, b: all, c: all, d: all}
  children:
    parent:
      vars: {b: parent, c: parent, d: parent}
      children:
        child:
          vars: {c: child, d: child}
          hosts:
            h: {d: host}
`)
    const host = inventory.hosts.get('h')
    assert.deepEqual(host?.vars, { a: 'all', b: 'parent', c: 'child', d: 'host' })
    assert.deepEqual(host?.groups, ['child', 'parent', 'all'])
  })

  it('lets the later name win among equal groups, as Ansible does', async () => {
    const { inventory } = await read('zoo: {hosts: {h: }, vars: {x: z}}\nant: {hosts: {h: }, vars: {x: a}}\n')
    assert.equal(inventory.hosts.get('h')?.vars.x, 'z')
  })

  it('pairs ranges of hosts and addresses', async () => {
    const { inventory } = await read('all: {hosts: {"n[08:10]": {address: "10.0.0.[8:10]", port: 2222}}}')
    assert.deepEqual(
      [...inventory.hosts.values()].map(({ name, connection }) => [
        name,
        connection.address,
        connection.port,
      ]),
      [
        ['n08', '10.0.0.8', 2222],
        ['n09', '10.0.0.9', 2222],
        ['n10', '10.0.0.10', 2222],
      ],
    )
  })

  it('keeps the become password out of the variables', async () => {
    const host = (await read('all: {hosts: {h: {become_password: s3cret}}}')).inventory.hosts.get('h')
    assert.equal(host?.connection.becomePassword, 's3cret')
    assert.equal(JSON.stringify(host?.vars).includes('s3cret'), false)
  })

  it('unsets a connection variable with null', async () => {
    const { inventory } = await read(
      'all: {vars: {jump: a}, hosts: {a: {jump: null, address: 1.1.1.1}, b: {address: 1.1.1.2}}}',
    )
    assert.equal(inventory.hosts.get('a')?.connection.jump, undefined)
    assert.equal(inventory.hosts.get('b')?.connection.jump, 'a')
  })

  const ranges: [string, string[]][] = [
    ['a[1:3]', ['a1', 'a2', 'a3']],
    ['a[08:10].x', ['a08.x', 'a09.x', 'a10.x']],
    ['[a:c]', ['a', 'b', 'c']],
    ['a[0:6:3]', ['a0', 'a3', 'a6']],
    ['r[1:2]n[1:2]', ['r1n1', 'r1n2', 'r2n1', 'r2n2']],
  ]
  for (const [text, expected] of ranges)
    it(`expands ${text}`, () => assert.deepEqual(expandRange(text), expected))

  const mistakes: [string, string, RegExp][] = [
    [
      'list of hosts',
      'all:\n  hosts:\n    - h\n',
      /^3:5 the hosts of group 'all' must be a mapping, not a list \[.*without a dash/,
    ],
    [
      'unknown key',
      'all:\n  host: {h: }\n',
      /^2:3 'host' is not a key of group 'all' \[did you mean 'hosts'/,
    ],
    [
      'connection',
      'all: {hosts: {h: {connection: shh}}}',
      /'connection' must be ssh or local \[did you mean 'ssh'/,
    ],
    ['port', 'all: {hosts: {h: {port: 70000}}}', /^1:25 'port' must be a whole number from 1 to 65535/],
    ['port as text', 'all: {hosts: {h: {port: "22"}}}', /'port' must be a whole number/],
    [
      'address with too large a number',
      'all: {hosts: {h: {address: 10.0.0.300}}}',
      /'address' must be a host name or an IP address \[an IP address is four numbers from 0 to 255\]/,
    ],
    ['address that is cut short', 'all: {hosts: {h: {address: 10.0.1}}}', /four numbers from 0 to 255/],
    [
      'mistyped address',
      'all: {hosts: {h: {adress: 10.0.0.3}}}',
      /^warning 1:27 'adress' does not say where the host is reached/,
    ],
    ['user', 'all: {hosts: {h: {user: 5}}}', /'user' must be a user name \[quote it/],
    ['option injection', 'all: {hosts: {h: {address: "-oProxyCommand=x"}}}', /'address' must be a host name/],
    ['template', 'all: {hosts: {h: {address: "{{ x }}"}}}', /^1:29 'x' is not defined/],
    ['template of itself', 'all: {hosts: {h: {address: "{{ address }}"}}}', /^1:29 this is made from itself/],
    [
      'unknown jump',
      'all: {hosts: {cloud: , h: {jump: clowd}}}',
      /the jump host 'clowd' is not in the inventory \[did you mean 'cloud'/,
    ],
    ['jump circle', 'all: {hosts: {a: {jump: b}, b: {jump: a}}}', /form a circle: a > b > a/],
    [
      'jump to itself',
      'all: {vars: {jump: a}, hosts: {a: , b: }}',
      /form a circle: a > a \[write 'jump: null'/,
    ],
    [
      'group circle',
      'a: {children: {b: }}\nb: {children: {a: }, hosts: {h: }}',
      /group 'a' is its own child \(a > b > a\)/,
    ],
    [
      'child nowhere',
      'all: {children: {agents: {hosts: {h: }}, top: {children: {agnets: }}}}',
      /group 'agnets' is named but described nowhere \[did you mean 'agents'/,
    ],
    ['all as child', 'a: {children: {all: }, hosts: {h: }}', /'all' can't be the child/],
    ['range', 'all: {hosts: {"n[5:1]": }}', /ends before it begins/],
    ['addresses', 'all: {hosts: {"n[1:3]": {address: "10.0.0.[1:2]"}}}', /^1:\d+ 3 hosts but 2 addresses/],
    [
      'variable name',
      'all: {hosts: {h: {k3s-role: x}}}',
      /'k3s-role' can't be the name of a variable \[.*k3s_role/,
    ],
    ['reserved name', 'all: {vars: {groups: x}, hosts: {h: }}', /'groups' is a reserved name/],
    ['no hosts', 'all: {vars: {a: 1}}', /holds no hosts/],
    ['not a mapping', '- a\n', /^1:1 the inventory must be a mapping, not a list/],
    ['host with a scalar', 'all: {hosts: {h: x}}', /host 'h' must be a mapping, not text/],
    ['host name', 'all: {hosts: {"a b": }}', /'a b' can't be a host name/],
    [
      'same address',
      'all: {hosts: {a: {address: 1.1.1.1}, b: {address: 1.1.1.1}}}',
      /^warning 1:51 b has the same address as a/,
    ],
    [
      'no address',
      'all: {hosts: {rpi01: {address: 1.1.1.1}, rip01: }}',
      /^warning 1:42 host 'rip01' has no address/,
    ],
    ['host and group', 'web: {hosts: {web: }}', /^warning 1:1 'web' is both a host and a group/],
  ]
  for (const [name, text, expected] of mistakes)
    it(`finds: ${name}`, async () => {
      const found = await faults(text)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] as string, expected)
    })

  it('reports a mistake in group variables once, not per host', async () =>
    assert.equal((await faults('all: {vars: {port: x}, hosts: {"n[1:9]": }}')).length, 1))

  it('never shows a password', async () => {
    const found = await faults('all: {hosts: {h: {become_password: 123456}}}')
    assert.match(found[0] as string, /'become_password' must be text \[quote it/)
    assert.doesNotMatch(found.join(), /123456/)
  })
})
