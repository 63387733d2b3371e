import assert from 'node:assert/strict'
import type { Run } from '../../src/core/task.ts'
import k3s_leave from '../../tasks/k3s_leave.ts'
import { testTask } from './law.ts'

const nothing = { running: false, processes: false, mounts: [], interfaces: [], paths: [] }
const traces = {
  running: true,
  processes: true,
  mounts: ['/var/lib/kubelet/pods/1/volumes/x'],
  interfaces: ['cni0'],
  paths: ['/etc/rancher/node'],
}

testTask(k3s_leave, [
  { it: 'has nothing to do on a fresh machine', args: {}, facts: { traces: nothing }, changes: [] },
  {
    it: 'stops all and removes what the cluster knows it by',
    args: {},
    facts: { traces },
    changes: [
      {
        summary:
          'stop k3s-agent and its containers; unmount 1 of their directories; remove cni0; remove /etc/rancher/node',
      },
    ],
  },
  {
    it: 'stops containers that outlived their service',
    args: {},
    facts: { traces: { ...nothing, processes: true } },
    changes: [{ summary: 'stop k3s-agent and its containers' }],
  },
])

describe('k3s_leave', () => {
  it('never removes what is on another filesystem, nor anything below a directory of volumes', () => {
    const [change] = k3s_leave.plan({}, { traces })
    const { script } = change!.actions[0] as Run
    assert.match(script, /rm -rf --one-file-system -- /)
    assert.doesNotMatch(script, /rm .*(\/mnt|k3s\/storage|\/var\/lib\/kubelet)/)
    assert(script.indexOf('still mounted') < script.indexOf('rm -rf'))
  })
})
