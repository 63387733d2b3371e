import line from '../../tasks/line.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

/** A row whose change is told by the text before and after. */
function edit(it: string, args: Record<string, unknown>, before: string, after: string) {
  const facts = { file: seen({ text: before }) }
  const diff = { title: '/f', before, after }
  const given = { path: '/f', ...args }
  return {
    it,
    args: given,
    facts,
    changes: before === after ? [] : [{ summary: summary(before, after), diff }],
  }
}

function summary(before: string, after: string): string {
  return `change /f (${Buffer.byteLength(before)} -> ${Buffer.byteLength(after)} bytes)`
}

testTask(line, [
  edit('adds a line at the end', { line: 'b' }, 'a\n', 'a\nb\n'),
  edit('finishes an unfinished last line first', { line: 'b' }, 'a', 'a\nb\n'),
  edit('adds to an empty file', { line: 'b' }, '', 'b\n'),
  edit('leaves a line that is there', { line: 'b' }, 'a\nb\nc', 'a\nb\nc'),
  edit('takes part of a line for no line', { line: 'b' }, 'abc\n', 'abc\nb\n'),
  edit('replaces the last match', { line: 'S=p', match: '^#?S=' }, '#S=a\n#S=b\nx\n', '#S=a\nS=p\nx\n'),
  edit(
    'stops at the line it has written',
    { line: 'S=p', match: '^#S=' },
    '#S=a\nS=p\nx\n',
    '#S=a\nS=p\nx\n',
  ),
  edit('adds where nothing matches', { line: 'S=p', match: '^#?S=' }, 'x\n', 'x\nS=p\n'),
  edit('keeps foreign line ends', { line: 'b', match: '^a$' }, 'a\r\nc\r\n', 'b\r\nc\r\n'),
  edit('adds with the line ends of the file', { line: 'b' }, 'a\r\n', 'a\r\nb\r\n'),
  edit('keeps a missing final line end', { line: 'b', match: '^c' }, 'a\nc', 'a\nb'),
  edit('puts a line behind the last match', { line: 'n', after: '^a' }, 'a1\na2\nb\n', 'a1\na2\nn\nb\n'),
  edit('puts a line before the first match', { line: 'n', before: '^b' }, 'a\nb1\nb2\n', 'a\nn\nb1\nb2\n'),
  edit('puts it at the end where neither is found', { line: 'n', after: 'zz' }, 'a\n', 'a\nn\n'),
  edit(
    'is not fooled by quotes, $() and unicode',
    { line: `it's "$(x)" é $&` },
    'é\n',
    `é\nit's "$(x)" é $&\n`,
  ),
  edit('puts $& in as it is', { line: '$&', match: 'a' }, 'a\n', '$&\n'),
  edit('removes a line, each time it is there', { line: 'b', state: 'absent' }, 'b\na\nb', 'a\n'),
  edit('removes all matches', { match: '^#', state: 'absent' }, '#1\na\n#2\n', 'a\n'),
  edit('has nothing to remove', { line: 'b', state: 'absent' }, 'a\n', 'a\n'),
  {
    it: 'creates a file',
    args: { path: '/f', line: 'a', create: true, mode: '0600' },
    facts: { file: null },
    changes: [
      {
        summary: 'create /f (0600, 2 bytes)',
        actions: [{ do: 'put', path: '/f', content: { text: 'a\n' }, mode: '0600' }],
      },
    ],
  },
  {
    it: 'creates only when told to',
    args: { path: '/f', line: 'a' },
    facts: { file: null },
    refuses: /does not exist/,
  },
  {
    it: 'has nothing to remove from no file',
    args: { path: '/f', line: 'a', state: 'absent' },
    facts: { file: null },
    changes: [],
  },
  {
    it: 'does not edit what is not text',
    args: { path: '/f', line: 'a' },
    facts: { file: seen({ text: null, sha256: 'a'.repeat(64) }) },
    refuses: /binary or larger than 64 KiB/,
  },
  {
    it: 'gives an expression up that would stop the run',
    args: { path: '/f', line: 'a', match: '^(a+)+$' },
    facts: { file: seen({ text: `${'a'.repeat(60)}!\n` }) },
    refuses: /to find '\^\(a\+\)\+\$' in \/f takes too long/,
  },
  {
    it: 'names a bad expression',
    args: { path: '/f', line: 'a', match: '(' },
    facts: { file: seen({ text: 'x\n' }) },
    refuses: /'\(' is no regular expression/,
  },
])

testArguments(line, {
  'no line': { path: '/f' },
  'nothing to remove': { path: '/f', state: 'absent' },
  'two places': { path: '/f', line: 'a', after: 'x', before: 'y' },
  'two lines in one': { path: '/f', line: 'a\nb' },
})
