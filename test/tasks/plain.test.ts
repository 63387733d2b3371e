import assertTask from '../../tasks/assert.ts'
import debug from '../../tasks/debug.ts'
import reboot from '../../tasks/reboot.ts'
import setFact from '../../tasks/set_fact.ts'
import { testArguments, testTask } from './law.ts'

testTask(reboot, [
  {
    it: 'restarts each time',
    args: {},
    facts: { required: false },
    changes: [{ summary: 'restart the host', actions: [{ do: 'reboot', timeout: 600 }], repeats: true }],
  },
  {
    it: 'restarts nothing that does not ask for it',
    args: { if_required: true },
    facts: { required: false },
    changes: [],
  },
  {
    it: 'restarts what asks for it, once',
    args: { if_required: true, timeout: 900 },
    facts: { required: true },
    changes: [{ summary: 'restart the host, which asks for it', actions: [{ do: 'reboot', timeout: 900 }] }],
  },
])

testTask(assertTask, [
  { it: 'lets pass what holds', args: { that: true }, facts: {}, changes: [] },
  { it: 'lets pass what holds altogether', args: { that: [true, true] }, facts: {}, changes: [] },
  {
    it: 'names the condition',
    args: { that: [true, false] },
    facts: {},
    refuses: /^condition 2 of 2 does not hold$/,
  },
  {
    it: 'says what the user wrote',
    args: { that: false, message: 'too small' },
    facts: {},
    refuses: /^too small$/,
  },
])
testArguments(assertTask, {
  'a text, which would always be true': { that: 'false' },
  'no condition': { that: [] },
})

testTask(debug, [
  { it: 'shows a message', args: { message: 'hi' }, facts: {}, changes: [], result: { message: 'hi' } },
  {
    it: 'shows a value',
    args: { value: [1, { a: null }] },
    facts: {},
    changes: [],
    result: { message: JSON.stringify([1, { a: null }], null, 2) },
  },
])
testArguments(debug, { nothing: {}, 'two things': { message: 'a', value: 'b' } })

testTask(setFact, [
  {
    it: 'keeps values',
    args: { values: { a: [1], b: 'x' } },
    facts: {},
    changes: [],
    result: { a: [1], b: 'x' },
  },
])
testArguments(setFact, { 'a list': { values: ['a'] } })
