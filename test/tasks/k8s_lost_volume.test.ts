import k8s_lost_volume from '../../tasks/k8s_lost_volume.ts'
import { testTask } from './law.ts'

const args = { claim: 'data-db-1', uid: '93a25a8c', volume: 'pvc-93a25a8c', pod: 'db-1' }
const left = (uid: string, volume: boolean) => ({ left: { state: 'seen' as const, found: { uid, volume } } })

testTask(k8s_lost_volume, [
  {
    it: 'gives up claim and volume',
    args,
    facts: left('93a25a8c', true),
    changes: [{ summary: 'give up claim data-db-1 and volume pvc-93a25a8c; db-1 gets a new one' }],
  },
  {
    it: 'leaves a claim of that name which was made since',
    args,
    facts: left('318c4e08', false),
    changes: [],
  },
  {
    it: 'gives up a volume that was left over, and not the new claim',
    args: { ...args, pod: '' },
    facts: left('318c4e08', true),
    changes: [{ summary: 'give up volume pvc-93a25a8c' }],
  },
  {
    it: 'does not guess where the cluster does not answer',
    args,
    facts: { left: { state: 'down', found: null } },
    refuses: /the API server does not answer/,
  },
])
