import stat from '../../tasks/stat.ts'
import { testArguments, testTask } from './law.ts'

const seen = { mode: '0644', owner: 'root', group: 'adm', size: 3, sha256: 'abc', text: 'x\n' }

testTask(stat, [
  {
    it: 'tells of a file',
    args: { path: '/etc/x' },
    facts: { file: { type: 'file', ...seen } },
    changes: [],
    result: {
      stat: {
        exists: true,
        path: '/etc/x',
        isreg: true,
        isdir: false,
        islnk: false,
        mode: '0644',
        pw_name: 'root',
        gr_name: 'adm',
        size: 3,
        checksum: 'abc',
      },
    },
  },
  {
    it: 'tells where a link points',
    args: { path: '/etc/x' },
    facts: { file: { type: 'link', ...seen, size: 0, target: '../y', sha256: null, text: null } },
    changes: [],
    result: {
      stat: {
        exists: true,
        path: '/etc/x',
        isreg: false,
        isdir: false,
        islnk: true,
        mode: '0644',
        pw_name: 'root',
        gr_name: 'adm',
        size: 0,
        lnk_target: '../y',
      },
    },
  },
  {
    it: 'tells that nothing is there',
    args: { path: '/etc/x' },
    facts: { file: null },
    changes: [],
    result: { stat: { exists: false } },
  },
])
testArguments(stat, { 'no path': {}, 'a relative path': { path: 'etc' } })
