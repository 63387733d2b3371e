import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ansibleList } from '../../src/cli/inventory.ts'
import { UsageError } from '../../src/core/errors.ts'
import { becomeOn } from '../../src/core/host.ts'
import {
  type InventoryContext,
  type LoadedInventory,
  loadInventory,
} from '../../src/load/inventory/inventory.ts'

describe('inventories of Ansible', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'inventory-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    }
  }

  const load = (names: string[], context?: InventoryContext): Promise<LoadedInventory> =>
    loadInventory(
      names.map((name) => join(folder, name)),
      context,
    )

  async function faults(...names: string[]): Promise<string[]> {
    const error = await load(names).catch((reason: unknown) => reason)
    assert.ok(error instanceof UsageError, String(error))
    return error.diagnostics.map(({ place, message, hint }) => {
      const where = place && `${place.file.replace(`${folder}/`, '')}:${place.line}:${place.column} `
      return `${where ?? ''}${message} [${hint ?? ''}]`
    })
  }

  const SHOP = `[front]
shop[1:2] ansible_host=127.0.0.[11:12] ansible_user=web
[back]
store ansible_host=127.0.0.21 size=3
[all_of_it:children]
front
back
[all_of_it:vars]
ansible_user=deploy
ansible_port=2222
level=file
`

  it('say how to connect in their own words', async () => {
    write({ hosts: SHOP })
    const { inventory } = await load(['hosts'])
    assert.deepEqual(inventory.hosts.get('shop2')?.connection, {
      kind: 'ssh',
      address: '127.0.0.12',
      port: 2222,
      user: 'web',
    })
    assert.equal(inventory.hosts.get('store')?.connection.user, 'deploy')
    assert.equal(inventory.hosts.get('store')?.vars.address, '127.0.0.21')
    assert.deepEqual(inventory.hosts.get('store')?.groups, ['back', 'all_of_it', 'all'])
  })

  it('leave variables called port, user and address alone', async () => {
    write({
      'hosts.ini': 'web ansible_host=127.0.0.1 port=8080 user=shop key=abc\nbare port=99\n',
      'more.yml': 'all: {hosts: {tea: {ansible_host: 127.0.0.2, port: 80, user: 5}}}',
    })
    const { inventory, warnings } = await load(['hosts.ini', 'more.yml'])
    assert.deepEqual(inventory.hosts.get('web')?.connection, { kind: 'ssh', address: '127.0.0.1' })
    assert.deepEqual(inventory.hosts.get('bare')?.connection, { kind: 'ssh' })
    assert.deepEqual(inventory.hosts.get('tea')?.connection, { kind: 'ssh', address: '127.0.0.2' })
    assert.equal(inventory.hosts.get('web')?.vars.port, 8080)
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ["host 'bare' has no address; its name is used"],
    )
  })

  it('get variables from group_vars and host_vars in the order of Ansible', async () => {
    write({
      'inv/hosts': SHOP,
      'inv/group_vars/all.yml': 'level: all beside the inventory\na: all\nb: all\nc: all\n',
      'inv/group_vars/all_of_it.yaml': 'a: parent\nb: parent\nc: parent\n',
      'inv/group_vars/back/10-first.yml': 'b: child\nc: child\n',
      'inv/group_vars/back/20-second.json': '{"c": "later file"}',
      'inv/group_vars/back/notes.md': 'no variables',
      'play/group_vars/all': 'level: all beside the playbook\n',
      'play/group_vars/front.yml': '---\n',
      'inv/host_vars/store/x.yml': 'size: 4\nd: inventory\n',
      'play/host_vars/store.yml': '# nothing yet\n',
      'play/site.yml': '',
    })
    const { inventory } = await load(['inv/hosts'], { playbook: join(folder, 'play/site.yml') })
    const { a, b, c, d, level, size } = inventory.hosts.get('store')?.vars ?? {}
    assert.deepEqual(
      { a, b, c, d, level, size },
      { a: 'parent', b: 'child', c: 'later file', d: 'inventory', level: 'all beside the playbook', size: 4 },
    )
    const levels = (inventory.layers?.get('store') ?? []).filter(({ vars }) => 'level' in vars)
    assert.deepEqual(
      levels.map((one) => [
        one.title,
        `${one.placeOf('level').file.slice(folder.length)}:${one.placeOf('level').line}`,
      ]),
      [
        ['group all_of_it', '/inv/hosts:11'],
        ['group_vars of all, beside the inventory', '/inv/group_vars/all.yml:1'],
        ['group_vars of all, beside the playbook', '/play/group_vars/all:1'],
      ],
    )
  })

  it('may be folders, lists and several at once; later ones win', async () => {
    write({
      'site/10.ini': '[web]\na x=1\n',
      'site/20.yml': 'web: {hosts: {b: {x: 2}}, vars: {y: 1}}',
      'site/.hidden': '[[[',
      'site/old.bak': '[[[',
      'site/group_vars/web.yml': 'z: 1\n',
      'last.ini': '[web:vars]\ny=2\n[web]\na x=5\n',
    })
    const { inventory } = await load(['site', 'last.ini'])
    assert.deepEqual(inventory.hosts.get('a')?.vars, { x: 5, y: 2, z: 1 })
    assert.deepEqual(inventory.hosts.get('b')?.vars, { x: 2, y: 2, z: 1 })
    const list = await loadInventory('n[1:2],127.0.0.1:2200,')
    assert.deepEqual([...list.inventory.hosts.keys()], ['n1', 'n2', '127.0.0.1'])
    assert.equal(list.inventory.hosts.get('127.0.0.1')?.connection.port, 2200)
  })

  it('put hosts of no group into ungrouped', async () => {
    write({ hosts: 'alone\n[g]\nh\n[ungrouped:vars]\nx=1\n' })
    const { inventory } = await load(['hosts'])
    assert.deepEqual(inventory.groups.get('ungrouped'), ['alone'])
    assert.deepEqual(inventory.hosts.get('alone')?.vars, { x: 1 })
    assert.deepEqual(inventory.hosts.get('h')?.vars, {})
  })

  it('let ansible_group_priority decide among equal groups', async () => {
    write({ hosts: '[zoo]\nh\n[zoo:vars]\nx=zoo\n[ant]\nh\n[ant:vars]\nx=ant\nansible_group_priority=10\n' })
    assert.equal((await load(['hosts'])).inventory.hosts.get('h')?.vars.x, 'ant')
  })

  it('may make up how to connect from other variables', async () => {
    write({ hosts: 'h ansible_host="{{ net }}.{{ n }}" n=7\n[all:vars]\nnet=127.0.0\n' })
    assert.equal((await load(['hosts'])).inventory.hosts.get('h')?.connection.address, '127.0.0.7')
  })

  it('give way to extra variables about connecting', async () => {
    write({ 'i.yaml': 'all: {vars: {user: pi}, hosts: {h: {address: 127.0.0.1}}}' })
    const { inventory } = await load(['i.yaml'], { extraVars: { ansible_user: 'root', user: 'nobody' } })
    assert.deepEqual(inventory.hosts.get('h')?.connection, {
      kind: 'ssh',
      address: '127.0.0.1',
      user: 'root',
    })
  })

  it('say who becomes whom', async () => {
    write({
      hosts:
        'a ansible_become=yes\nb ansible_become=False\nc ansible_become_user=app ansible_become_method=sudo\nd',
    })
    const { hosts } = (await load(['hosts'])).inventory
    const on = (name: string) => [false, true, 'x'].map((wanted) => becomeOn(hosts.get(name)!, wanted))
    assert.deepEqual(on('a'), [true, true, 'x'])
    assert.deepEqual(on('b'), [false, false, false])
    assert.deepEqual(on('c'), [false, 'app', 'app'])
    assert.deepEqual(on('d'), [false, true, 'x'])
  })

  it('keep passwords out of variables and out of messages', async () => {
    write({ hosts: 'h ansible_become_pass=s3cr3t\n', bad: 'h ansible_password=s3cr3t ansible_user=pi\n' })
    const { inventory } = await load(['hosts'])
    assert.equal(inventory.hosts.get('h')?.connection.becomePassword, 's3cr3t')
    assert.doesNotMatch(JSON.stringify([inventory.hosts.get('h')?.vars, ansibleList(inventory)]), /s3cr3t/)
    assert.doesNotMatch(JSON.stringify(inventory.layers?.get('h')?.map(({ vars }) => vars)), /s3cr3t/)
    const [found] = await faults('bad')
    assert.match(
      found ?? '',
      /^bad:1:20 'ansible_password': logging in with a password .*ssh-copy-id pi@ADDRESS'/,
    )
    assert.doesNotMatch(found ?? '', /s3cr3t/)
  })

  const jumps: [string, string, Record<string, unknown>][] = [
    ['-o ProxyJump', '-o ProxyJump=pi@10.0.0.1', { jump: 'pi@10.0.0.1' }],
    ['-J and -p', '-J a@x.org:22,b@y.org -p 2200', { jump: 'a@x.org:22,b@y.org', port: 2200 }],
    ['joined flags', '-qp2200 -i ~/.ssh/id -oUser=me', { key: '~/.ssh/id', port: 2200, user: 'me' }],
    ['blanks for =', `-o 'Port 2200' -o IdentityFile=/k`, { key: '/k', port: 2200 }],
    ['the first word', '-o ProxyJump=a.b -J c.d', { jump: 'a.b' }],
    [
      'ProxyCommand',
      `-o ProxyCommand=\\"ssh -W %h:%p -q -p 2222 me@10.0.0.1\\"`,
      { jump: 'me@10.0.0.1:2222' },
    ],
    ['none', '-o ProxyJump=none -o ControlMaster=auto -C', {}],
    ['the name of a host', '-J cloud', { jump: 'cloud' }],
    ['the address of a host', '-J 127.0.0.9', { jump: 'cloud' }],
  ]
  for (const [name, args, expected] of jumps)
    it(`understand arguments of ssh: ${name}`, async () => {
      write({ hosts: `cloud ansible_host=127.0.0.9\nh.org ansible_ssh_common_args="${args}"\n` })
      const { inventory, warnings } = await load(['hosts'])
      assert.deepEqual(inventory.hosts.get('h.org')?.connection, { kind: 'ssh', ...expected })
      assert.deepEqual(warnings, [])
    })

  it('are warned of what is passed over', async () => {
    write({
      hosts: 'a.b ansible_ssh_extra_args="-o StrictHostKeyChecking=no -o Tunnel=yes -F x" ansible_hots=c\n',
    })
    const { warnings } = await load(['hosts'])
    assert.deepEqual(
      warnings.map(({ message, place }) => `${place?.line}:${place?.column} ${message}`),
      [
        "1:28 'StrictHostKeyChecking=no' is passed over: host keys are always checked",
        "1:28 the ssh option 'Tunnel=yes' is passed over",
        "1:28 '-F x' is passed over: ~/.ssh/config is read",
        "1:90 'ansible_hots' means nothing",
      ],
    )
  })

  const mistakes: [string, string, RegExp][] = [
    [
      'another ProxyCommand',
      `h ansible_ssh_common_args="-o ProxyCommand='nc -x s %h %p'"`,
      /^hosts:1:27 this ProxyCommand is no plain jump: it runs 'nc'.*ProxyJump=NAME/,
    ],
    [
      'a jump with a key',
      `h ansible_ssh_common_args="-o ProxyCommand='ssh -i k -W %h:%p b'"`,
      /the jump has a key of its own/,
    ],
    [
      'another way to become root',
      'h ansible_become_method=su',
      /^hosts:1:25 only sudo is supported, not 'su'/,
    ],
    [
      'another connection',
      'h ansible_connection=winrm',
      /^hosts:1:22 'ansible_connection' must be ssh or local/,
    ],
    ['a port', 'h ansible_port=70000', /^hosts:1:16 'ansible_port' must be a whole number/],
    [
      'a port of arguments',
      'h ansible_ssh_common_args="-p x"',
      /^hosts:1:27 'the port' must be a whole number/,
    ],
    ['an option as address', 'h ansible_host=-oProxyCommand=x', /'ansible_host' must be a host name/],
  ]
  for (const [name, text, expected] of mistakes)
    it(`are refused for ${name}`, async () => {
      write({ hosts: text })
      const found = await faults('hosts')
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0] ?? '', expected)
    })

  it('tell all mistakes of all files at once', async () => {
    write({
      'a.ini': '[x:vra]\n',
      'b.yml': 'all: [1]\n',
      'group_vars/all.yml': '- 1\n',
      'c.ini': 'h\n',
      'host_vars/h.yml': 'a-b: 1\n',
    })
    assert.deepEqual(
      (await faults('a.ini', 'b.yml', 'c.ini', 'nowhere')).map((one) => one.replace(/ .*/s, '')),
      ['a.ini:1:1', 'b.yml:1:6', 'there', 'group_vars/all.yml:1:1', 'host_vars/h.yml:1:1'],
    )
  })

  it('warn of files of variables that nobody gets', async () => {
    write({
      'h.ini': '[agents]\nh\n',
      'group_vars/agnets.yml': 'a: 1\n',
      'group_vars/agents/x.yml': 'b: 1\n',
    })
    assert.deepEqual((await load(['h.ini'])).warnings, [])
    write({ 'group_vars/agents.yml': 'a: 1\n', 'host_vars/g.yml': 'a: 1\n' })
    assert.match(
      (await load(['h.ini'])).warnings[0]?.message ?? '',
      /this file is not read: .*agents comes before it/,
    )
  })

  function program(name: string, script: string): void {
    write({ [name]: `#!/bin/sh\n${script}\n` })
    chmodSync(join(folder, name), 0o755)
  }

  it('may be programs that print JSON with _meta', async () => {
    const answer = {
      _meta: { hostvars: { a: { ansible_host: '127.0.0.3', port: 8 } } },
      web: { hosts: ['a', 'b'], vars: { x: [1] }, children: ['inner'] },
      inner: ['c'],
    }
    program('live', `[ "$1" = --list ] || exit 9\ncat <<'END'\n${JSON.stringify(answer)}\nEND`)
    const { inventory } = await load(['live'])
    assert.deepEqual(inventory.hosts.get('a')?.vars, {
      ansible_host: '127.0.0.3',
      address: '127.0.0.3',
      port: 8,
      x: [1],
    })
    assert.deepEqual(inventory.hosts.get('a')?.connection, { kind: 'ssh', address: '127.0.0.3' })
    assert.deepEqual(inventory.groups.get('web'), ['a', 'b', 'c'])
  })

  it('ask programs without _meta host by host', async () => {
    program(
      'live',
      `case $1 in --list) echo '{"g": ["a", "b"]}';; --host) echo "{\\"me\\": \\"$2\\"}";; esac`,
    )
    const { inventory } = await load(['live'])
    assert.deepEqual(
      [...inventory.hosts.values()].map(({ vars }) => vars.me),
      ['a', 'b'],
    )
  })

  const programs: [string, string, RegExp][] = [
    ['print without end', `exec yes '{'`, /live --list printed more than 64\.0 MB and was ended/],
    [
      'fail',
      'echo no cloud today >&2; exit 3',
      /^\S+live --list failed with exit code 3 \[it said: no cloud today\]/,
    ],
    ['print no JSON', `printf '{"a": {\\n  "hosts": [x]}}'`, /^live --list:2:13 this is no JSON: .*x\]/],
    ['print nothing', ':', /^live --list:1:1 this is no JSON: it printed nothing/],
    [
      'print something else',
      `echo '{"g": {"host": []}, "_meta": {"hostvars": {}}}'`,
      /^live --list:1:9 'host' is not a key of group 'g' \[did you mean 'hosts'/,
    ],
    ['kill themselves', 'kill -9 $$', /was ended by SIGKILL/],
  ]
  for (const [name, script, expected] of programs)
    it(`tell of programs that ${name}`, async () => {
      program('live', script)
      assert.match((await faults('live'))[0] ?? '', expected)
    })

  it('know a program that nobody may execute', async () => {
    write({ live: '#!/bin/sh\n' })
    assert.match(
      (await faults('live'))[0] ?? '',
      /^live:1:1 this is a program, but not executable \[.*chmod \+x/,
    )
  })

  it('are printed so that Ansible could take them back', async () => {
    write({
      'i.yaml':
        'all: {vars: {user: pi, jump: gate}, hosts: {gate: {address: 127.0.0.1, jump: null, port: 2200}}, children: {g: {hosts: {h: {address: 127.0.0.2, size: 1}}}}}',
    })
    const { inventory } = await load(['i.yaml'])
    const printed = JSON.stringify(ansibleList(inventory))
    program('again', `cat <<'END'\n${printed}\nEND`)
    const again = (await load(['again'])).inventory
    for (const [name, host] of inventory.hosts) {
      assert.deepEqual(again.hosts.get(name)?.connection, host.connection)
      assert.deepEqual(again.hosts.get(name)?.groups, host.groups)
    }
    assert.equal(again.hosts.get('h')?.vars.size, 1)
    assert.match(printed, /"ansible_ssh_common_args":"-o ProxyJump=pi@127\.0\.0\.1:2200"/)
  })
})
