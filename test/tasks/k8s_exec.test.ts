import k8s_exec from '../../tasks/k8s_exec.ts'
import { testArguments, testTask } from './law.ts'

const K =
  'export KUBECONFIG=/etc/rancher/k3s/k3s.yaml; k() { /usr/local/bin/k3s kubectl --cache-dir=/run/provision-kubectl "$@"; }\n'
const printed = { rc: 0, stdout: 'UN\n', stderr: '' }

testTask(k8s_exec, [
  {
    it: 'runs each time without a guard, never with a terminal',
    args: { pod: 'cassandra-0', container: 'cassandra', cmd: "nodetool 'x'" },
    facts: { printed: null },
    changes: [
      {
        summary: "run nodetool 'x' in pod cassandra-0",
        actions: [
          {
            do: 'run',
            script: `${K}k exec  cassandra-0 -n default -c cassandra -- sh -c 'nodetool '\\''x'\\'''`,
            ok: [0],
            keep: k8s_exec.probes({
              pod: 'cassandra-0',
              container: 'cassandra',
              cmd: "nodetool 'x'",
              namespace: 'default',
              changes: true,
              ok: [0],
            } as never).printed.key,
          },
        ],
        opaque: true,
        repeats: true,
      },
    ],
  },
  {
    it: 'does not run when the guard says that nothing is to do',
    args: { pod: 'cassandra-0', cmd: 'make it', unless: 'test -e /it' },
    facts: { printed: null, unless: true },
    changes: [],
  },
  {
    it: 'tells what a command that only reads has printed',
    args: { pod: 'cassandra-0', cmd: 'nodetool status', changes: false },
    facts: { printed },
    changes: [],
    result: { rc: 0, stdout: 'UN', stderr: '' },
  },
  {
    it: 'refuses when that command fails',
    args: { pod: 'cassandra-0', cmd: 'nodetool status', changes: false },
    facts: { printed: { rc: 1, stdout: '', stderr: 'no such pod' } },
    refuses: /exit code 1: no such pod/,
  },
])

testArguments(k8s_exec, { 'no pod': { cmd: 'ls' }, 'no command': { pod: 'x' } })
