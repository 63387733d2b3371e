import k3s_restore from '../../tasks/k3s_restore.ts'
import { testArguments, testTask } from './law.ts'

const backup = 'rpi01-2026-11-30T171908Z'
const args = { from: `/var/lib/provision-restore/${backup}/server`, backup }
const found = (over: object) => ({
  restore: { unpacked: true, datastore: false, restored: '', ...over },
})

testTask(k3s_restore, [
  {
    it: 'puts a backup in place where there is no datastore',
    args,
    facts: found({}),
    changes: [{ summary: `put datastore, token and certificates of ${backup} in place` }],
  },
  {
    it: 'has nothing to do once that backup is in place, whether or not it is still unpacked',
    args,
    facts: found({ unpacked: false, datastore: true, restored: backup }),
    changes: [],
  },
  {
    it: 'never overwrites a datastore',
    args,
    facts: found({ datastore: true }),
    refuses: /a datastore here already; it is never overwritten/,
  },
  {
    it: 'does not mix two backups',
    args,
    facts: found({ datastore: true, restored: 'rpi01-2026-11-29T000000Z' }),
    refuses: /a restore from rpi01-2026-11-29T000000Z has begun/,
  },
  {
    it: 'needs the backup on the host',
    args,
    facts: found({ unpacked: false }),
    refuses: /there is no \/var/,
  },
])

testArguments(k3s_restore, { 'a name that is a path': { ...args, backup: '../etc' } })
