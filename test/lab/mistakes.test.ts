import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { asNobody, look, play, playbook, provision, SMALL, useSmallLab, workplace, write } from './small.ts'

const tasks = (steps: string): string =>
  `- hosts: all\n  become: true\n  tasks:\n${steps.replaceAll(/^/gm, '    ')}\n`

/** A mistake, what is said of it, and where it is said to be: line:column of the playbook. */
const MISTAKES: [name: string, playbook: string, place: string | undefined, said: RegExp][] = [
  ['an unknown task', tasks('- fiel: {path: /tmp/x}'), '4:7', /fiel.*\n.*did you mean 'file'/s],
  ['an unknown key of a step', tasks('- file: {path: /tmp/x}\n  wen: true'), '5:7', /wen.*when/s],
  ['an unknown key of a play', '- hosts: all\n  taskz: []\n', '2:3', /taskz.*tasks/s],
  ['an unknown argument', tasks('- file: {path: /tmp/x, moed: "0644"}'), '4:28', /moed.*mode/s],
  ['a wrong type', tasks('- file: {path: [1]}'), '4:20', /path/],
  ['a number where a mode is meant', tasks('- file: {path: /tmp/x, mode: 644}'), '4:34', /mode.*quotes?/s],
  ['an undefined variable', tasks('- file: {path: "/tmp/{{ nam }}"}'), undefined, /'nam'/],
  ['an unclosed template', tasks('- file: {path: "/tmp/{{ name"}'), undefined, /\}\}/],
  ['a missing local file', tasks('- copy: {src: nowhere.txt, dest: /tmp/x}'), undefined, /nowhere\.txt/],
  ['an unknown host in a play', '- hosts: rpi99\n  tasks: []\n', '1:10', /rpi99/],
  ['an unknown handler', tasks('- file: {path: /tmp/x}\n  notify: nobody'), '5:15', /nobody/],
  ['a tab', '- hosts: all\n\ttasks: []\n', '2:1', /tab/i],
  ['a key written twice', '- hosts: all\n  hosts: rpi01\n  tasks: []\n', '2:3', /hosts.*(twice|duplicate)/i],
  ['an unknown anchor', '- hosts: *all\n  tasks: []\n', undefined, /all/],
  ['an unclosed quote', '- hosts: "all\n  tasks: []\n', undefined, /quote|string|scalar/i],
  ['no list of plays', 'hosts: all\n', '1:1', /list of plays/],
  ['an empty file', '', undefined, /empty|no play/i],
]

describe('mistakes are found before anything is contacted', function () {
  this.timeout(60_000)
  this.slow(5_000)
  useSmallLab()

  let baseline: string
  const connections = () => look('rpicloud', "awk '/^Tcp: [0-9]/ {print $7}' /proc/net/snmp")
  before(async () => void (baseline = await connections()))

  for (const [name, text, place, said] of MISTAKES) {
    it(name, async () => {
      const words = playbook(text)
      const { code, stdout, stderr } = await provision(...words)
      assert.equal(code, 1, stdout + stderr)
      assert.equal(stdout, '')
      assert.match(stderr, said)
      if (place)
        assert(stderr.includes(`${words[0]}:${place}`), `${words[0]}:${place} expected in\n${stderr}`)
      assert.match(stderr, /nothing was contacted/)
    })
  }

  it('all of them at once', async () => {
    const { code, stderr } = await play(
      tasks('- fiel: {path: /x}\n- file: {paht: /x}\n- copy: {src: no, dest: /x}'),
    )
    assert.equal(code, 1)
    for (const word of ['fiel', 'paht', "'no'"]) assert(stderr.includes(word), `${word} in\n${stderr}`)
  })

  it('a host that --limit does not know', async () => {
    const { code, stderr } = await play(tasks('- file: {path: /tmp/x}'), '--limit', 'rpi1')
    assert.equal(code, 1)
    assert.match(stderr, /rpi1.*\n.*rpi01/s)
  })

  it('a limit that leaves no host', async () => {
    const { code, stderr } = await play(tasks('- file: {path: /tmp/x}'), '--limit', 'rpi01:!nodes')
    assert.equal(code, 1)
    assert.match(stderr, /no host/)
  })

  it('files that are missing, or may not be read, or are folders', async () => {
    write('folder/file', '')
    for (const words of [
      ['nowhere.yaml', '-i', SMALL],
      ['folder', '-i', SMALL],
      [playbook('')[0]!, '-i', 'nowhere.yaml'],
      [playbook('')[0]!, '-i', SMALL, '-e', '@nowhere.yaml'],
    ]) {
      const { code, stderr } = await provision(...words, '--lab')
      assert.equal(code, 1, stderr)
      assert.match(stderr, /nowhere\.yaml|folder/)
      assert.doesNotMatch(stderr, /ENOENT|EISDIR/)
    }
  })

  it('options that do not exist or lack their value', async () => {
    for (const [words, said] of [
      [['--chekc'], /--check/],
      [['--forks', 'many'], /whole number/],
      [['--forks', '0'], /whole number/],
      [['--output', 'xml'], /live, plain, json/],
      [['--limit'], /--limit/],
      [['-e', 'no-value'], /no-value/],
    ] as const) {
      const { code, stderr } = await provision(...playbook(tasks('- debug: {msg: x}')), ...words)
      assert.equal(code, 1, stderr)
      assert.match(stderr, said)
    }
  })

  it('a wrong inventory', async () => {
    for (const [text, said] of [
      ['all:\n  hosts:\n    a: {adress: 1.2.3.4, port: high}\n', /port/],
      ['all:\n  hosts:\n    rpi[3:1]:\n', /rpi\[3:1\]/],
      ['all:\n  hosts:\n    a: {jump: nobody here}\n', /jump/],
      ['all:\n  host:\n    a:\n', /host.*hosts/s],
      ['- a\n- b\n', /all/],
    ] as const) {
      const inventory = write('wrong-inventory.yaml', text)
      const { code, stderr } = await provision(
        playbook(tasks('- debug: {msg: x}'))[0]!,
        '-i',
        inventory,
        '--lab',
      )
      assert.equal(code, 1, stderr)
      assert.match(stderr, said)
      assert.match(stderr, /wrong-inventory\.yaml:\d+:\d+/)
    }
  })

  it('a local file that can be opened but not read', async () => {
    const { code, stderr } = await play(tasks('- copy: {src: /proc/self/mem, dest: /tmp/x}'))
    assert.equal(code, 1, stderr)
    assert.match(stderr, /\/proc\/self\/mem can't be read/)
  })

  it('a local file without permission to read it', async () => {
    const file = write('unreadable.txt', 'x')
    chmodSync(file, 0)
    chmodSync(workplace(), 0o755)
    const [name] = playbook(tasks(`- copy: {src: ${file}, dest: /tmp/x}`))
    const { code, stderr } = await asNobody('validate', name!, '-i', SMALL)
    assert.equal(code, 1, stderr)
    assert.match(stderr, /no permission to read .*unreadable\.txt/)
  })

  it('and none of these runs has contacted anything', async () => {
    assert.equal(await connections(), baseline)
  })
})
