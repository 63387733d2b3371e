import k8s_nodes from '../../tasks/k8s_nodes.ts'
import { testArguments, testTask } from './law.ts'

const ready = (name: string) => ({ name, ready: true, version: 'v1.25.4+k3s1' })
const args = { names: ['rpi01', 'RPI02', 'rpi03'] }

testTask(k8s_nodes, [
  {
    it: 'has nothing to wait for when all are Ready, whatever else is in the cluster',
    args,
    facts: { cluster: { state: 'seen', nodes: ['rpi01', 'rpi02', 'rpi03', 'rpi04'].map(ready) } },
    changes: [],
  },
  {
    it: 'names those that are not Ready, or missing',
    args,
    facts: { cluster: { state: 'seen', nodes: [ready('rpi01'), { ...ready('rpi02'), ready: false }] } },
    changes: [{ summary: 'wait until rpi02, rpi03 are Ready' }],
  },
  {
    it: 'waits for a server that does not answer',
    args: { names: ['rpi01'] },
    facts: { cluster: { state: 'down', nodes: [] } },
    changes: [{ summary: 'wait until rpi01 is Ready' }],
  },
  {
    it: 'leaves the waiting to the steps that make the cluster when there is none',
    args,
    facts: { cluster: { state: 'absent', nodes: [] } },
    changes: [],
  },
])

testArguments(k8s_nodes, { 'no names': { names: [] }, 'one name that is no list': { names: 'rpi01' } })
