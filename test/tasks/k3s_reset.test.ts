import assert from 'node:assert/strict'
import { NO_REMAINS, remainsProbe } from '../../src/probe/k3sremains.ts'
import k3s_reset from '../../tasks/k3s_reset.ts'
import { testArguments, testTask } from './law.ts'

const unit = {
  load: 'loaded',
  active: 'active',
  sub: 'running',
  enabled: 'enabled',
  needsReload: false,
  path: '/etc/systemd/system/k3s-agent.service',
}
const bare = { server: null, agent: null, remains: NO_REMAINS }
const paths = ['/usr/local/bin/k3s', '/var/lib/rancher/k3s']
const remove = {
  summary: 'remove k3s and its files',
  diff: { title: 'paths', before: '/usr/local/bin/k3s\n/var/lib/rancher/k3s\n', after: '' },
}

testTask(k3s_reset, [
  { it: 'has nothing to do on a bare host', args: {}, facts: bare, changes: [] },
  {
    it: 'stops an agent, ends its containers, then unmounts, and only then removes',
    args: {},
    facts: {
      server: null,
      agent: unit,
      remains: {
        ...NO_REMAINS,
        running: true,
        mounts: ['/var/lib/kubelet/pods/u/v'],
        interfaces: ['cni0', 'flannel.1'],
        rules: true,
        paths,
      },
    },
    changes: [
      { summary: 'stop and disable k3s-agent' },
      { summary: 'end what k3s has started' },
      {
        summary: 'unmount what k3s has mounted',
        diff: { title: 'paths', before: '/var/lib/kubelet/pods/u/v\n', after: '' },
      },
      { summary: 'remove cni0, flannel.1, its rules of the packet filter' },
      remove,
    ],
  },
  {
    it: 'disables a server that failed to start',
    args: {},
    facts: { ...bare, server: { ...unit, active: 'failed' }, remains: { ...NO_REMAINS, paths } },
    changes: [{ summary: 'stop and disable k3s' }, remove],
  },
  {
    it: 'goes on after an interruption',
    args: {},
    facts: { ...bare, remains: { ...NO_REMAINS, paths: ['/var/lib/cni'] } },
    changes: [{ summary: 'remove k3s and its files' }],
  },
  {
    it: 'refuses where a disk of the owner is mounted in the midst',
    args: { delete_data: true },
    facts: { ...bare, remains: { ...NO_REMAINS, paths, permanent: ['/var/lib/rancher/k3s/storage'] } },
    refuses: /\/etc\/fstab mounts a disk at \/var\/lib\/rancher\/k3s\/storage/,
  },
  {
    it: 'refuses to remove volumes unasked',
    args: {},
    facts: { ...bare, remains: { ...NO_REMAINS, paths, volumes: ['pvc-1_default_data'] } },
    refuses: /\/var\/lib\/rancher\/k3s\/storage holds 1 volume: pvc-1_default_data/,
  },
  {
    it: 'removes volumes when told so',
    args: { delete_data: true },
    facts: { ...bare, remains: { ...NO_REMAINS, paths, volumes: ['pvc-1_default_data'] } },
    changes: [remove],
  },
  {
    it: 'refuses where the data are elsewhere',
    args: {},
    facts: { ...bare, remains: { ...NO_REMAINS, paths, dataDir: '/mnt/storage/k3s' } },
    refuses: /keeps its data in \/mnt\/storage\/k3s here/,
  },
  {
    it: 'does not mind where the data directory is named as it is anyway',
    args: {},
    facts: { ...bare, remains: { ...NO_REMAINS, paths, dataDir: '/var/lib/rancher/k3s' } },
    changes: [remove],
  },
])

testArguments(k3s_reset, { 'a slip': { delete_date: true } })

describe('probe of what there is of k3s', () => {
  const look = (stdout: string, code = 0) =>
    remainsProbe.parse({ code, stdout: Buffer.from(stdout), stderr: 'awry' })

  it('sees a bare host', () => assert.deepEqual(look(''), NO_REMAINS))

  it('sees blanks in mount points, and each kind of thing', () => {
    const text =
      'running\nmount /run/k3s/a\\040b\npermanent /var/lib/kubelet\ninterface cni0\nrules\nrules\npath /x\nvolume pvc-1\ndata /d\n'
    assert.deepEqual(look(text), {
      running: true,
      mounts: ['/run/k3s/a b'],
      permanent: ['/var/lib/kubelet'],
      interfaces: ['cni0'],
      rules: true,
      paths: ['/x'],
      volumes: ['pvc-1'],
      dataDir: '/d',
    })
  })

  it('takes a look that failed for no answer', () => {
    assert.throws(() => look('', 1), /can't look for what there is of k3s: awry/)
  })
})
