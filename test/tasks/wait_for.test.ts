import { SOMETHING } from '../../src/probe/files.ts'
import waitFor from '../../tasks/wait_for.ts'
import { completion, testArguments, testTask } from './law.ts'

const scriptOf = (args: Record<string, unknown>) => {
  const { key } = waitFor.probes(completion(waitFor)(args) as never).holds
  return key.slice('holds:'.length)
}

function waits(args: Record<string, unknown>, what: string, more = {}) {
  const { timeout = 300, every = 2 } = args as { timeout?: number; every?: number }
  const action = { do: 'wait' as const, what, script: scriptOf(args), timeout, every }
  return {
    it: `waits for ${what}`,
    args,
    facts: { holds: false, ...more },
    changes: [{ summary: `wait for ${what}`, actions: [action] }],
  }
}

testTask(waitFor, [
  { it: 'does not wait for what holds', args: { port: 22 }, facts: { holds: true }, changes: [] },
  waits({ port: 5000, timeout: 60, every: 0.5 }, 'port 5000 of 127.0.0.1'),
  waits({ port: 6443, host: 'rpi01' }, 'port 6443 of rpi01'),
  waits({ url: 'http://127.0.0.1:5000/v2/' }, 'http://127.0.0.1:5000/v2/'),
  waits({ path: "/run/it's" }, "/run/it's", { file: null }),
  {
    it: 'does not wait for a path that a step before makes',
    args: { path: '/run/x' },
    facts: { holds: false, file: SOMETHING as never },
    changes: [],
  },
  waits({ command: 'kubectl get nodes\ntrue' }, 'success of: kubectl get nodes'),
  waits({ command: 'kubectl get nodes', what: 'the nodes' }, 'the nodes'),
])

testArguments(waitFor, {
  nothing: {},
  'two things': { port: 1, path: '/x' },
  'a port beyond the last': { port: 65536 },
  'a file as url': { url: 'file:///etc/passwd' },
  'a host that is an option': { port: 1, host: '-x' },
})
