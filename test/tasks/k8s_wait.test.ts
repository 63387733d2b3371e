import k8s_wait from '../../tasks/k8s_wait.ts'
import { testArguments, testTask } from './law.ts'

const seen = (...found: { name: string; value: string }[]) => ({ objects: { state: 'seen' as const, found } })
const pod = (name: string, value: string) => ({ name, value })

testTask(k8s_wait, [
  {
    it: 'does not wait for a pod that is ready',
    args: { kind: 'Pod', name: 'ycsb-benchmark' },
    facts: seen(pod('ycsb-benchmark', 'True')),
    changes: [],
  },
  {
    it: 'waits for one that is not, or not there yet',
    args: { kind: 'Pod', name: 'ycsb-benchmark' },
    facts: seen(),
    changes: [{ summary: 'wait until Pod ycsb-benchmark is ready', opaque: true }],
  },
  {
    it: 'waits until there are enough with these labels',
    args: { kind: 'Pod', labels: 'app=cassandra', count: 3 },
    facts: seen(pod('cassandra-0', 'True'), pod('cassandra-1', 'True')),
    changes: [{ summary: 'wait until each Pod with app=cassandra is ready', opaque: true }],
  },
  {
    it: 'waits for a claim until it is bound',
    args: { kind: 'PersistentVolumeClaim', name: 'data' },
    facts: seen(pod('data', 'Pending')),
    changes: [{ summary: 'wait until PersistentVolumeClaim data is ready' }],
  },
  {
    it: 'has nothing to wait for when all are gone',
    args: { kind: 'Pod', labels: 'app=cassandra', state: 'absent' },
    facts: seen(),
    changes: [],
  },
  {
    it: 'waits until the last one is gone',
    args: { kind: 'Pod', labels: 'app=cassandra', state: 'absent' },
    facts: seen(pod('cassandra-0', 'True')),
    changes: [{ summary: 'wait until each Pod with app=cassandra is gone' }],
  },
  {
    it: 'leaves the waiting to the steps that make the cluster when there is none',
    args: { kind: 'Pod', name: 'x' },
    facts: { objects: { state: 'absent', found: null } },
    changes: [],
  },
])

testArguments(k8s_wait, {
  'a kind that it can not judge': { kind: 'ConfigMap', name: 'x' },
  'no kind': { name: 'x' },
})
