import hostsFile from '../../tasks/hosts_file.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const entries = { '16.0.0.10': 'rpicloud', '16.0.0.11': ['rpi01', 'k3s-server'] }
const block = '# BEGIN provision\n16.0.0.10\trpicloud\n16.0.0.11\trpi01 k3s-server\n# END provision\n'

function edit(it: string, args: Record<string, unknown>, before: string, after: string) {
  const changes = before === after ? [] : [{ diff: { title: '/etc/hosts', before, after } }]
  return { it, args, facts: { hosts: seen({ text: before }) }, changes }
}

testTask(hostsFile, [
  edit('adds a block', { entries }, '127.0.0.1 localhost', `127.0.0.1 localhost\n${block}`),
  edit('is content', { entries }, `a\n${block}b\n`, `a\n${block}b\n`),
  edit(
    'replaces the block alone',
    { entries },
    '# mine\n# BEGIN provision\n16.0.0.10\told\n# END provision\n16.0.0.99 x',
    `# mine\n${block}16.0.0.99 x`,
  ),
  edit(
    'leaves the block of another name',
    { entries, block: 'lab' },
    block,
    `${block}${block.replaceAll('provision', 'lab')}`,
  ),
  edit('removes the block when there are no entries', { entries: {} }, `a\n${block}`, 'a\n'),
  edit('has no block to remove', { entries: {} }, 'a', 'a'),
  edit(
    'is content with the same said elsewhere, and with the own name',
    { entries },
    `127.0.1.1 rpi01\n16.0.0.11 rpi01\n${block}`,
    `127.0.1.1 rpi01\n16.0.0.11 rpi01\n${block}`,
  ),
  {
    it: 'refuses what another line makes void',
    args: { entries },
    facts: { hosts: seen({ text: '16.0.0.99 old rpi01 # x\n' }) },
    refuses: /already says rpi01 is 16\.0\.0\.99, not 16\.0\.0\.11/,
  },
  {
    it: 'refuses a block without an end',
    args: { entries },
    facts: { hosts: seen({ text: '# BEGIN provision\n16.0.0.10 x\n' }) },
    refuses: /without '# END provision'/,
  },
])

testArguments(hostsFile, {
  'a name in place of an address': { entries: { rpi01: '16.0.0.11' } },
  'a name with a blank': { entries: { '16.0.0.11': 'a b' } },
})
