import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import {
  changesOf,
  eventsOf,
  failuresOf,
  fault,
  inside,
  look,
  pathOf,
  play,
  playbook,
  start,
  useSmallLab,
  write,
} from './small.ts'

const HOST = 'rpi01'

/** Names and values that something on the way might take for more than text. */
const NASTY = [
  `it's "quoted"`,
  ' blanks around ',
  '$(touch pwned)',
  '`touch pwned`',
  '${HOME} $HOME ~ *',
  'a;touch pwned;b & c | d > e',
  'back\\slash \\n \\0 %s %%',
  '-rf',
  'ünïcödé ☃ 日本 \u{1f600}',
  'two\nlines',
  '\ttab\t',
  '#hash !bang',
]

/** A YAML scalar; JSON is YAML. */
const text = (value: unknown): string => JSON.stringify(value)

describe('contents and names', function () {
  this.timeout(120_000)
  this.slow(10_000)
  useSmallLab()

  before(() => look(HOST, 'rm -rf /root/* && mkdir /root/nasty'))

  it('leave a file with the access list that it has', async () => {
    // Its mode is 0660, where the group may only read: the bits of the group are the list's mask.
    await look(
      HOST,
      'cd /root && echo old > acl && chmod 640 acl && echo "a+ /root/acl - - - - u:nobody:rw" > acl.conf',
    )
    await look(HOST, 'systemd-tmpfiles --create /root/acl.conf && chmod 711 /root')
    const may = (user: string, right: string): Promise<string> =>
      look(HOST, `setpriv ${user} --clear-groups test -${right} /root/acl && echo yes || echo no`)
    const rights = async (): Promise<string[]> => [
      await look(HOST, 'stat -c %a /root/acl'),
      await may('--reuid=nobody --regid=nogroup', 'w'),
      await may('--reuid=daemon --regid=root', 'r'),
      await may('--reuid=daemon --regid=root', 'w'),
      await may('--reuid=daemon --regid=daemon', 'r'),
    ]
    const before = await rights()
    assert.deepEqual(before, ['660\n', 'yes\n', 'yes\n', 'no\n', 'no\n'])
    await play(`- hosts: ${HOST}\n  become: true\n  tasks:\n    - copy: { dest: /root/acl, content: new }\n`)
    assert.equal(await look(HOST, 'cat /root/acl'), 'new')
    assert.deepEqual(await rights(), before)
  })

  it('with quotes, blanks, newlines, substitutions and other scripts', async () => {
    const steps = NASTY.flatMap((value, at) => {
      write(`local/${value}`, value)
      const template = write(`local/template-${at}`, '{{ value }}')
      return [
        { copy: { dest: `/root/nasty/copy ${value}`, content: value } },
        { copy: { dest: `/root/nasty/local-${at}`, src: `local/${value}` } },
        { file: { path: `/root/nasty/dir ${value}`, state: 'directory' } },
        { file: { path: `/root/nasty/link-${at}`, state: 'link', target: value } },
        { template: { dest: `/root/nasty/template-${at}`, src: template }, vars: { value } },
        {
          command: {
            cmd: `printf %s {{ value | quote }} > /root/nasty/command-${at}`,
            creates: `/root/nasty/command-${at}`,
          },
          vars: { value },
        },
        ...(value.includes('\n')
          ? []
          : [{ line: { path: `/root/nasty/line-${at}`, line: value, create: true } }]),
      ]
    })
    const book = `- hosts: ${HOST}\n  become: true\n  tasks: ${text(steps)}\n`
    const made = await play(book)
    assert.equal(made.code, 0, failuresOf(made).join('\n') + made.stderr)
    const root = pathOf(HOST, '/root/nasty')
    for (const [at, value] of NASTY.entries()) {
      for (const name of [`copy ${value}`, `local-${at}`, `template-${at}`, `command-${at}`])
        assert.equal(readFileSync(`${root}/${name}`, 'utf8'), value, name)
      if (!value.includes('\n')) assert.equal(readFileSync(`${root}/line-${at}`, 'utf8'), `${value}\n`)
    }
    assert.equal(readdirSync(root).length, steps.length)
    assert.equal(await look(HOST, 'find / -xdev -name pwned'), '')
    const again = await play(book)
    assert.deepEqual([again.code, changesOf(again)], [0, []])
  })

  it('of no bytes, of all bytes and of 100 MB', async () => {
    const files = {
      empty: Buffer.alloc(0),
      binary: Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 256)),
      large: randomBytes(100e6),
    }
    const steps = Object.entries(files).map(([name, content]) => {
      write(`files/${name}`, content)
      return { copy: { src: name, dest: `/root/${name}`, mode: '0640' } }
    })
    const book = `- hosts: ${HOST}\n  become: true\n  tasks: ${text(steps)}\n`
    const made = await play(book)
    assert.equal(made.code, 0, failuresOf(made).join('\n'))
    for (const [name, content] of Object.entries(files)) {
      const sum = createHash('sha256').update(content).digest('hex')
      assert.equal(await look(HOST, `sha256sum < /root/${name}`), `${sum}  -\n`, name)
      assert.equal(await look(HOST, `stat -c '%a %U' /root/${name}`), '640 root\n')
    }
    const again = await play(book)
    assert.deepEqual([again.code, changesOf(again)], [0, []])
  })

  it('for which the disk has no room: the old ones stay, no half ones', async () => {
    await look(
      HOST,
      'rm -f /root/large; echo old > /root/small; cp /root/small /root/big; chmod 600 /root/small',
    )
    const listing = 'ls -lA --time-style=full-iso /root /root/nasty; cat /root/small /root/big'
    const before = await look(HOST, listing)
    const big = randomBytes(3e6)
    write('files/big', big)
    const book = (dest: string, given: string) =>
      `- hosts: ${HOST}\n  become: true\n  tasks:\n    - copy: {dest: ${dest}, ${given}}\n`
    const large = book('/root/big', 'src: big')
    await fault(HOST, 'fill')
    try {
      for (const wanted of [book('/root/small', `content: "${'x'.repeat(20_000)}"`), large]) {
        const ended = await play(wanted)
        assert.equal(ended.code, 3)
        assert.match(failuresOf(ended).join(), /can't write \/root\/\w+: no space left on device$/)
        assert.equal(await look(HOST, listing), before)
      }
    } finally {
      await fault(HOST, 'empty')
    }
    const ended = await play(large)
    assert.equal(ended.code, 0, failuresOf(ended).join())
    assert.deepEqual(readFileSync(pathOf(HOST, '/root/big')), big)
  })

  it('of packages, while another package manager holds the lock', async () => {
    await inside(HOST, 'dpkg --purge jq')
    const hold = `
      open my $lock, ">>", "/var/lib/dpkg/lock-frontend" or die;
      my $whole = pack("s s x4 q q i x4", 1, 0, 0, 0, 0);
      fcntl($lock, 6, $whole) or die;
      $| = 1; print "held"; sleep 60`
    const holder = inside(HOST, `perl -e '${hold}' > /root/held`)
    await look(HOST, 'for i in $(seq 50); do grep -q held /root/held && exit; sleep 0.1; done; exit 1')
    const run = start(
      ...playbook(
        `- hosts: ${HOST}\n  become: true\n  tasks:\n    - package: {name: jq}\n`,
        '--output',
        'json',
      ),
    )
    await run.event((event) => event.type === 'step-output' && /lock/i.test(event.text))
    await look(HOST, 'pkill perl')
    await holder
    const { code, events } = await run.end
    assert.equal(code, 0, JSON.stringify(eventsOf(events, 'step-end')))
    assert.equal(await look(HOST, 'echo [3] | jq .[0]'), '3\n')
  })
})
