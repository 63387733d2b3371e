import k8s_node from '../../tasks/k8s_node.ts'
import { testArguments, testTask } from './law.ts'

const node = {
  ready: true,
  schedulable: true,
  labels: { 'kubernetes.io/hostname': 'rpi07', old: 'x' },
  annotations: {},
  taints: [{ key: 'access', value: '', effect: 'NoSchedule' }],
  version: 'v1.25.4+k3s1',
  pods: ['default/cassandra-6', 'kube-system/coredns-1'],
  unmanaged: [] as string[],
}
const seen = (more: object = {}) => ({ node: { state: 'seen' as const, found: { ...node, ...more } } })
const none = (state: 'seen' | 'absent' | 'down') => ({ node: { state, found: null } })
const K =
  'export KUBECONFIG=/etc/rancher/k3s/k3s.yaml; k() { /usr/local/bin/k3s kubectl --cache-dir=/run/provision-kubectl "$@"; }\n'
const run = (command: string, more: object = {}) => [{ do: 'run' as const, script: K + command, ...more }]

testTask(k8s_node, [
  {
    it: 'leaves a node that is as wanted alone',
    args: { name: 'rpi07', schedulable: true },
    facts: seen(),
    changes: [],
  },
  {
    it: 'cordons',
    args: { name: 'RPI07', schedulable: false },
    facts: seen(),
    changes: [{ summary: 'cordon node rpi07', actions: run('k cordon rpi07') }],
  },
  {
    it: 'uncordons',
    args: { name: 'rpi07', schedulable: true },
    facts: seen({ schedulable: false }),
    changes: [{ summary: 'uncordon node rpi07', actions: run('k uncordon rpi07') }],
  },
  {
    it: 'drains, and waits longer than kubectl itself does',
    args: { name: 'rpi07', drained: true, timeout: 100 },
    facts: seen(),
    changes: [
      {
        summary: 'drain node rpi07',
        actions: run('k drain rpi07 --ignore-daemonsets --timeout=100s', { timeout: 160 }),
      },
    ],
  },
  {
    it: 'does not drain away what nothing would start anew',
    args: { name: 'rpi07', drained: true },
    facts: seen({ unmanaged: ['default/ycsb-benchmark'] }),
    refuses: /rpi07 can't be drained: nothing would start default\/ycsb-benchmark anew/,
  },
  {
    it: 'deletes such pods where that is wanted',
    args: { name: 'rpi07', drained: true, delete_unmanaged_pods: true, timeout: 100 },
    facts: seen({ unmanaged: ['default/ycsb-benchmark'] }),
    changes: [{ actions: run('k drain rpi07 --ignore-daemonsets --timeout=100s --force', { timeout: 160 }) }],
  },
  {
    it: 'drains a node that is to leave',
    args: { name: 'rpi07', state: 'absent', drained: true },
    facts: seen(),
    changes: [{ summary: 'drain node rpi07' }, { summary: 'delete node rpi07 and its password' }],
  },
  {
    it: 'does not wait for the pods of a dead node that is to leave',
    args: { name: 'rpi07', state: 'absent', drained: true },
    facts: seen({ ready: false }),
    changes: [{ summary: 'delete node rpi07 and its password' }],
  },
  {
    it: 'has nothing to drain when it is cordoned and empty',
    args: { name: 'rpi07', drained: true },
    facts: seen({ schedulable: false, pods: [] }),
    changes: [],
  },
  {
    it: 'sets and removes labels and annotations',
    args: { name: 'rpi07', labels: { old: null, disk: 'it is "x"' }, annotations: { a: 'b' } },
    facts: seen(),
    changes: [
      {
        summary: 'label node rpi07: old-, disk=it is "x"',
        actions: run(`k label node rpi07 --overwrite old- 'disk=it is "x"'`),
      },
      { summary: 'annotate node rpi07: a=b', actions: run('k annotate node rpi07 --overwrite a=b') },
    ],
  },
  {
    it: 'replaces taints',
    args: { name: 'rpi07', taints: [{ key: 'ssd', value: 'no', effect: 'NoExecute' }] },
    facts: seen(),
    changes: [
      {
        summary: 'taint node rpi07: access:NoSchedule-, ssd=no:NoExecute',
        actions: run('k taint node rpi07 --overwrite access:NoSchedule- ssd=no:NoExecute'),
      },
    ],
  },
  {
    it: 'deletes a node with the password that it has joined with',
    args: { name: 'rpi07', state: 'absent' },
    facts: seen(),
    changes: [{ summary: 'delete node rpi07 and its password' }],
  },
  { it: 'has nothing to delete', args: { name: 'rpi07', state: 'absent' }, facts: none('seen'), changes: [] },
  {
    it: 'leaves a node to a cluster that is not there yet',
    args: { name: 'rpi07' },
    facts: none('absent'),
    changes: [],
  },
  {
    it: 'refuses a node that has never joined',
    args: { name: 'rpi77', schedulable: false },
    facts: none('seen'),
    refuses: /there is no node 'rpi77'/,
  },
  {
    it: 'refuses when the server does not answer',
    args: { name: 'rpi07' },
    facts: none('down'),
    refuses: /API server does not answer/,
  },
  {
    it: 'refuses to drain and to open a node at once',
    args: { name: 'rpi07', drained: true, schedulable: true },
    facts: seen(),
    refuses: /a drained node is not schedulable/,
  },
])

testArguments(k8s_node, {
  'an effect that there is not': { name: 'x', taints: [{ key: 'a', effect: 'Never' }] },
  'a label that is a number': { name: 'x', labels: { a: 1 } },
})
