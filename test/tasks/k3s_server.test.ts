import assert from 'node:assert/strict'
import server from '../../tasks/k3s_server.ts'
import { bare, handMade, release, settled } from './k3s.ts'
import { completion, testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const version = release('v1.25.4+k3s1')
const args = { version, config: { 'node-ip': '16.0.0.11' } }
const facts = { ...settled('server', 'v1.25.4+k3s1', args), token: 'K10abc::server:def' }
const { k3s } = facts
const start = { summary: 'start k3s until its node is ready' }
const restart = (why: string) => ({ summary: `restart k3s for ${why} until its node is ready` })
const config = '/etc/rancher/k3s/config.yaml'

testTask(server, [
  {
    it: 'leaves a server alone that runs as it should, and tells how to join it',
    args,
    facts,
    changes: [],
    result: { version: 'v1.25.4+k3s1', token: 'K10abc::server:def', url: 'https://16.0.0.11:6443' },
  },
  {
    it: 'installs everything on a bare host; the token is known once it runs',
    args: { ...args, registries: { mirrors: {} }, requires_mounts: ['/mnt/storage'] },
    facts: { ...bare('server'), token: null },
    changes: [
      { summary: 'install k3s v1.25.4+k3s1 (arm64)' },
      { summary: 'link kubectl, crictl, ctr in /usr/local/bin to k3s' },
      { summary: 'create /etc/rancher/k3s/config.yaml (0600 root:root)' },
      { summary: 'create /etc/systemd/system/k3s.service.env (0600 root:root)' },
      { summary: 'create /etc/systemd/system/k3s.service (0644 root:root)' },
      { summary: 'create /etc/rancher/k3s/registries.yaml (0600 root:root)' },
      { summary: 'create /etc/systemd/system/k3s.service.d/10-storage.conf (0644 root:root)' },
      start,
    ],
    result: { version: 'v1.25.4+k3s1', token: undefined, url: 'https://16.0.0.11:6443' },
  },
  {
    it: 'restarts for a changed setting, and shows the change',
    args: { version, config: { 'node-ip': '16.0.0.12' } },
    facts,
    changes: [
      {
        summary: 'change /etc/rancher/k3s/config.yaml (0600 root:root)',
        diff: { title: config, before: 'node-ip: "16.0.0.11"\n', after: 'node-ip: "16.0.0.12"\n' },
      },
      restart('config.yaml'),
    ],
  },
  {
    it: 'shows neither the old nor the new token',
    args: { version, token: 'new-secret' },
    facts: { ...facts, [config]: seen({ text: 'token: old-secret\n', mode: '0600' }) },
    changes: [
      { diff: { title: config, before: 'token: ********\n', after: 'token: ********\n' } },
      restart('config.yaml'),
    ],
  },
  {
    it: 'makes a config.yaml private that others may read, without a restart',
    args,
    facts: { ...facts, [config]: seen({ text: 'node-ip: "16.0.0.11"\n', mode: '0644' }) },
    changes: [{ summary: `make ${config} 0600 root:root (was 0644 root:root)` }],
  },
  {
    it: 'upgrades by one minor',
    args: { ...args, version: release('v1.26.1+k3s1') },
    facts,
    changes: [
      { summary: 'install k3s v1.26.1+k3s1 (arm64) over v1.25.4+k3s1' },
      restart('version v1.26.1+k3s1'),
    ],
  },
  {
    it: 'takes another build of the same version for another one',
    args: { ...args, version: release('v1.25.4+k3s2') },
    facts,
    changes: [
      { summary: 'install k3s v1.25.4+k3s2 (arm64) over v1.25.4+k3s1' },
      restart('version v1.25.4+k3s2'),
    ],
  },
  {
    it: 'starts what was stopped',
    args,
    facts: { ...facts, k3s: { ...k3s, active: 'failed' } },
    changes: [start],
  },
  {
    it: 'restarts what was started before its files changed',
    args,
    facts: { ...facts, k3s: { ...k3s, newer: [config] } },
    changes: [restart('config.yaml')],
  },
  {
    it: 'waits for one that is about to start, without another restart',
    args,
    facts: { ...facts, k3s: { ...k3s, active: 'activating' } },
    changes: [{ summary: 'wait for k3s until its node is ready' }],
  },
  {
    it: 'enables one that would not come back after a reboot',
    args,
    facts: { ...facts, k3s: { ...k3s, enabled: false } },
    changes: [{ summary: 'enable k3s' }],
  },
  {
    it: 'leaves a kubectl alone that is not ours',
    args,
    facts: { ...facts, '/usr/local/bin/kubectl': seen({ mode: '0755' }) },
    changes: [],
  },
  {
    it: 'is content with the version where checksums can not be had',
    args: { ...args, version: { version: 'v1.25.4+k3s1', binaries: {}, problem: 'no network' } },
    facts: { ...facts, k3s: { ...k3s, binary: { sha256: 'other', version: 'v1.25.4+k3s1' } } },
    changes: [],
  },
  {
    it: 'says why there is no binary for a host that needs one',
    args: { ...args, version: { version: 'v1.25.4+k3s1', binaries: {}, problem: 'no network' } },
    facts: { ...bare('server'), token: null },
    refuses: /k3s v1\.25\.4\+k3s1 for arm64 can't be had: no network/,
  },
  {
    it: 'has no binary for an architecture that k3s does not know',
    args,
    facts: { ...bare('server'), token: null, k3s: { ...bare('server').k3s, arch: 'riscv64' } },
    refuses: /no k3s for the architecture riscv64/,
  },
  ...Object.entries({
    'v1.25.5+k3s1': /was withdrawn: with it, a restart of k3s restarts all pods/,
    'v1.25.3+k3s1': /k3s is at v1\.25\.4\+k3s1, v1\.25\.3\+k3s1 is wanted: k3s can not be downgraded/,
    'v1.27.1+k3s1': /an upgrade must not skip a minor version/,
    latest: /latest is no version of k3s/,
  }).map(([name, refuses]) => ({
    it: `refuses ${name}`,
    args: { ...args, version: release(name) },
    facts,
    refuses,
  })),
])

const unit = '/etc/systemd/system/k3s.service'
const flags = ['--disable', 'traefik', '--write-kubeconfig-mode', '644']
const byHand = { ...handMade('server', 'v1.25.4+k3s1', { flags }), token: 'K10abc::server:def' }

describe('k3s_server where the install script was run by hand', () => {
  testTask(server, [
    { it: 'keeps settings that are not asked for', args: { version }, facts: byHand, changes: [] },
    {
      it: 'adds to a list of flags in config.yaml, where all of it then stands',
      args: { version, config: { disable: ['local-storage'] } },
      facts: byHand,
      changes: [
        {
          summary: `set disable in ${config}`,
          diff: { title: config, before: '', after: 'disable:\n  - "traefik"\n  - "local-storage"\n' },
        },
        { summary: `change ${unit} (0644 root:root)` },
        restart('config.yaml, k3s.service'),
      ],
    },
    {
      it: 'shows no token that stands among the flags',
      args: { version, token: 'another-one' },
      facts: { ...byHand, ...handMade('server', 'v1.25.4+k3s1', { flags: ['--token', 'hidden', ...flags] }) },
      changes: [
        { diff: { title: config, before: '', after: 'token: ********\n' } },
        { summary: `change ${unit} (0644 root:root)` },
        restart('config.yaml, k3s.service'),
      ],
    },
  ])
  it('masks flags in a diff', () => {
    const facts = handMade('server', 'v1.25.4+k3s1', { flags: ['--token', 'hidden', '--agent-token=too'] })
    const args = completion(server)({
      version,
      config: { 'node-ip': '1.2.3.4', disable: ['x'] },
      token: 'n3w-secret',
    })
    const text = JSON.stringify(
      server.plan(args as never, { ...facts, token: null } as never).map((one) => one.diff),
    )
    assert.doesNotMatch(text, /hidden|too|n3w/)
  })
})

testArguments(server, {
  'no version': {},
  'a mount point that is no path': { version, requires_mounts: ['mnt'] },
  'a number as an environment variable': { version, env: { X: 1 } },
})
