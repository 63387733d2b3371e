import ycsb_load from '../../tasks/ycsb_load.ts'
import ycsb_run from '../../tasks/ycsb_run.ts'
import { testArguments, testTask } from './law.ts'

const GOOD = '[OVERALL], RunTime(ms), 5\n[OVERALL], Throughput(ops/sec), 20\n[INSERT], Return=OK, 100\n'
type State = 'none' | 'running' | 'ended'
const seen = (state: State, text = '') => ({ benchmark: { state: 'seen' as const, found: { state, text } } })
const OWN = 'out-load-13-100-rf3-a.txt'
const table = (found: boolean, latest = OWN) => ({
  table: { state: 'seen' as const, found },
  latest: { state: 'seen' as const, found: latest },
})
const unknown = { text: undefined, throughput: undefined, runtime: undefined, operations: undefined }
const nothing = { state: 'absent' as const, found: null }

testTask(ycsb_run, [
  {
    it: 'starts what has never run',
    args: { repetition: 2 },
    facts: seen('none'),
    changes: [{ summary: 'start repetition 2 of workload a' }],
    result: { file: 'out-13-100000-rf3-a-2.txt', ...unknown },
  },
  {
    it: 'waits for what runs already, for it is not started twice',
    args: { repetition: 1, workload: 'f', nodes: 3, rf: 2, records: 500 },
    facts: seen('running', '10 sec: 1 operations'),
    changes: [{ summary: 'wait for repetition 1 of workload f' }],
    result: { file: 'out-3-500-rf2-f-1.txt', ...unknown },
  },
  {
    it: 'leaves a good result alone',
    args: { repetition: 1 },
    facts: seen('ended', GOOD),
    changes: [],
    result: {
      file: 'out-13-100000-rf3-a-1.txt',
      text: GOOD,
      throughput: 20,
      runtime: 5,
      operations: { INSERT: { 'Return=OK': 100 } },
    },
  },
  {
    it: 'refuses a result that is cut off, and does not start again by itself',
    args: { repetition: 1 },
    facts: seen('ended', '10 sec: 1 operations\n'),
    refuses: /has failed: it was cut off/,
  },
  {
    it: 'sets a former result aside when told to do it again',
    args: { repetition: 1, force: true },
    facts: seen('ended', GOOD),
    changes: [{ summary: 'start repetition 1 of workload a again', repeats: true }],
  },
  {
    it: 'refuses without its pod',
    args: { repetition: 1 },
    facts: { benchmark: { state: 'seen', found: null } },
    refuses: /pod ycsb-benchmark can't be asked/,
  },
  {
    it: 'has nothing to run where there is no cluster yet',
    args: { repetition: 1 },
    facts: { benchmark: nothing },
    changes: [],
  },
])

testTask(ycsb_load, [
  {
    it: 'loads into a ring without the table',
    args: { records: 100 },
    facts: { ...seen('none'), ...table(false) },
    changes: [{ summary: 'start the load of 100 records for workload a' }],
    result: { file: 'out-load-13-100-rf3-a.txt', ...unknown },
  },
  {
    it: 'leaves a loaded table alone',
    args: { records: 100 },
    facts: { ...seen('ended', GOOD), ...table(true) },
    changes: [],
  },
  {
    it: 'refuses to go on with what another load has put into the table since',
    args: { records: 100 },
    facts: { ...seen('ended', GOOD), ...table(true, 'out-load-13-5-rf1-b.txt') },
    refuses: /no longer in the table: out-load-13-5-rf1-b\.txt came after it/,
  },
  {
    it: 'loads it again when told so',
    args: { records: 100, force: true },
    facts: { ...seen('ended', GOOD), ...table(true, 'out-load-13-5-rf1-b.txt') },
    changes: [{ summary: 'start the load of 100 records for workload a again', repeats: true }],
  },
  {
    it: 'refuses a load of which records are missing',
    args: { records: 101 },
    facts: { ...seen('ended', GOOD), ...table(true, 'out-load-13-101-rf3-a.txt') },
    refuses: /100 of 101 INSERT operations succeeded/,
  },
  {
    it: 'never drops a table that it knows nothing of',
    args: { records: 100 },
    facts: { ...seen('none'), ...table(true) },
    refuses: /loading would drop what is in it/,
  },
  {
    it: 'does not load again unasked when the table is gone',
    args: { records: 100 },
    facts: { ...seen('ended', GOOD), ...table(false) },
    refuses: /there is no table ycsb.usertable/,
  },
  {
    it: 'drops it when told so',
    args: { records: 100, force: true },
    facts: { ...seen('none'), ...table(true) },
    changes: [{ summary: 'start the load of 100 records for workload a' }],
  },
])

testArguments(ycsb_run, {
  'no repetition': {},
  'a workload that there is not': { repetition: 1, workload: 'z' },
})
