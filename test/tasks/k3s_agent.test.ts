import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readyScript } from '../../src/probe/k3sready.ts'
import agent from '../../tasks/k3s_agent.ts'
import { bare, handMade, release, settled } from './k3s.ts'
import { completion, testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const version = release('v1.25.4+k3s1')
const cluster = { server: 'https://16.0.0.11:6443', token: 'K10abc::server:def' }
const args = { version, ...cluster, server_version: 'v1.25.4+k3s1' }
const facts = settled('agent', 'v1.25.4+k3s1', { config: cluster })

testTask(agent, [
  { it: 'leaves an agent alone that runs as it should', args, facts, changes: [] },
  {
    it: 'installs everything on a bare host',
    args: { ...args, config: { 'node-label': ['disk=ssd'] } },
    facts: bare('agent'),
    changes: [
      { summary: 'install k3s v1.25.4+k3s1 (arm64)' },
      { summary: 'link kubectl, crictl, ctr in /usr/local/bin to k3s' },
      {
        summary: 'create /etc/rancher/k3s/config.yaml (0600 root:root)',
        diff: {
          title: '/etc/rancher/k3s/config.yaml',
          before: '',
          after: 'server: "https://16.0.0.11:6443"\ntoken: ********\nnode-label:\n  - "disk=ssd"\n',
        },
      },
      { summary: 'create /etc/systemd/system/k3s-agent.service.env (0600 root:root)' },
      { summary: 'create /etc/systemd/system/k3s-agent.service (0644 root:root)' },
      { summary: 'start k3s-agent until its node is ready' },
    ],
  },
  {
    it: 'may be a patch newer than its server',
    args: { ...args, version: release('v1.25.5+k3s2') },
    facts,
    changes: [
      { summary: 'install k3s v1.25.5+k3s2 (arm64) over v1.25.4+k3s1' },
      { summary: 'restart k3s-agent for version v1.25.5+k3s2 until its node is ready' },
    ],
  },
  {
    it: 'tries again with one that has not joined, for its journal tells of what may be mended by now',
    args,
    facts: { ...facts, k3s: { ...facts.k3s, active: 'activating' } },
    changes: [{ summary: 'restart k3s-agent for another try until its node is ready' }],
  },
  {
    it: 'refuses to be newer than its server',
    args: { ...args, version: release('v1.26.0+k3s1') },
    facts,
    refuses: /v1\.26\.0\+k3s1 under a server of v1\.25\.4\+k3s1: an agent must not be newer/,
  },
  {
    it: 'refuses to be too old for its server',
    args: { ...args, server_version: 'v1.29.0+k3s1' },
    facts,
    refuses: /4 minor versions older/,
  },
])

const hash = '0123456789abcdef'.repeat(4)
const full = `K10${hash}::server:s3cret-of-cluster`
const joined = { version, server: cluster.server, token: full }
const env = `K3S_TOKEN='${full}'\nK3S_URL='https://16.0.0.11:6443'\n`
const byHand = handMade('agent', 'v1.25.4+k3s1', { env })
const [config, envFile, unit] = [
  '/etc/rancher/k3s/config.yaml',
  '/etc/systemd/system/k3s-agent.service.env',
  '/etc/systemd/system/k3s-agent.service',
]

describe('k3s_agent where the install script was run by hand', () => {
  testTask(agent, [
    {
      it: 'changes nothing where unit and variables say what is wanted',
      args: joined,
      facts: byHand,
      changes: [],
    },
    {
      it: 'knows the token by its password alone',
      args: joined,
      facts: handMade('agent', 'v1.25.4+k3s1', { env: env.replace(/K10[^']*/, 's3cret-of-cluster') }),
      changes: [],
    },
    {
      it: 'takes flags in any quoting, and keeps what is not asked for',
      args: { ...joined, config: { 'node-label': ['disk=ssd'] } },
      facts: handMade('agent', 'v1.25.4+k3s1', {
        flags: ['--token', full, '--node-label=disk=ssd', '--node-label', 'a=b', '--server', cluster.server],
      }),
      changes: [],
    },
    {
      it: 'writes down an address that the node has anyway, without a restart',
      args: { ...joined, config: { 'node-ip': '16.0.0.12' } },
      facts: { ...byHand, address: '16.0.0.12' },
      changes: [
        {
          summary: `set node-ip in ${config}, as it is in effect already`,
          diff: { title: config, before: '', after: 'node-ip: "16.0.0.12"\n' },
        },
      ],
    },
    {
      it: 'restarts for an address that the node has not',
      args: { ...joined, config: { 'node-ip': '16.0.0.12' } },
      facts: { ...byHand, address: '192.168.0.7' },
      changes: [
        { summary: `set node-ip in ${config}` },
        { summary: 'restart k3s-agent for config.yaml until its node is ready' },
      ],
    },
    {
      it: 'restarts for registries.yaml alone, once',
      args: { ...joined, registries: { mirrors: { 'x:5000': { endpoint: ['http://x:5000'] } } } },
      facts: byHand,
      changes: [
        { summary: 'create /etc/rancher/k3s/registries.yaml (0600 root:root)' },
        { summary: 'restart k3s-agent for registries.yaml until its node is ready' },
      ],
    },
    {
      it: 'needs no restart to wait for its disk at the next boot',
      args: { ...joined, requires_mounts: ['/mnt/storage'] },
      facts: byHand,
      changes: [{ summary: `create ${unit}.d/10-storage.conf (0644 root:root)` }],
    },
    {
      it: 'takes another server out of the variables, keeps proxies, and shows no token',
      args: { ...joined, server: 'https://16.0.0.12:6443' },
      facts: handMade('agent', 'v1.25.4+k3s1', { env: `${env}HTTPS_PROXY='http://p:3128'\n` }),
      changes: [
        {
          summary: `set server in ${config}`,
          diff: { title: config, before: '', after: 'server: "https://16.0.0.12:6443"\n' },
        },
        {
          summary: `change ${envFile} (0600 root:root)`,
          diff: {
            title: envFile,
            before: "K3S_TOKEN=********\nK3S_URL='https://16.0.0.11:6443'\nHTTPS_PROXY='http://p:3128'\n",
            after: "K3S_TOKEN=********\nHTTPS_PROXY='http://p:3128'\n",
          },
        },
        { summary: 'restart k3s-agent for config.yaml, k3s-agent.service.env until its node is ready' },
      ],
    },
    {
      it: 'keeps a newer patch of the same minor, and says so',
      args: { ...joined, server_version: 'v1.25.4+k3s1' },
      facts: handMade('agent', 'v1.25.5+k3s2', { env }),
      changes: [],
      result: {
        version: 'v1.25.5+k3s2',
        message:
          "k3s is at v1.25.5+k3s2 here, newer than v1.25.4+k3s1; it stays so, for k3s can't be downgraded",
      },
    },
    {
      it: 'still refuses to go back a minor',
      args: joined,
      facts: handMade('agent', 'v1.26.1+k3s1', { env }),
      refuses: /k3s is at v1\.26\.1\+k3s1, v1\.25\.4\+k3s1 is wanted: k3s can not be downgraded/,
    },
    {
      it: 'refuses a host that is the server',
      args: joined,
      facts: {
        ...bare('agent'),
        other: {
          load: 'loaded',
          active: 'active',
          sub: 'running',
          enabled: 'enabled',
          needsReload: false,
          path: '',
        },
      },
      refuses: /this host runs k3s as a server \(k3s\.service\), not as an agent/,
    },
    {
      it: 'replaces a unit whose pods would die with it',
      args: joined,
      facts: { ...byHand, [unit]: seen({ text: byHand[unit]?.text?.replace('KillMode=process\n', '') }) },
      changes: [
        { summary: `create ${config} (0600 root:root)` },
        { summary: `change ${envFile} (0600 root:root)` },
        { summary: `change ${unit} (0644 root:root)` },
        {
          summary:
            'restart k3s-agent for config.yaml, k3s-agent.service.env, k3s-agent.service until its node is ready',
        },
      ],
    },
    {
      it: 'never overwrites a config.yaml that it can not read',
      args: joined,
      facts: { ...byHand, [config]: seen({ text: 'node-ip: [', mode: '0600' }) },
      refuses: /config\.yaml is not valid YAML/,
    },
  ])
})

testArguments(agent, {
  'no token': { version, server: cluster.server },
  'a server without https': { version, ...cluster, server: 'http://16.0.0.11:6443' },
  'a server with a path': { version, ...cluster, server: 'https://16.0.0.11:6443/x' },
})

describe('k3s_agent', () => {
  it('names all secrets in its settings', () => {
    const registries = { configs: { x: { auth: { username: 'pi', password: 'pw-in-registry' } } } }
    const written = { ...args, registries, env: { MY_TOKEN: 'in-env', HTTP_PROXY: 'x' } }
    const complete = completion(agent)(written) as Parameters<typeof agent.plan>[0]
    assert.deepEqual(agent.secrets?.(complete), ['pw-in-registry', 'in-env'])
  })

  it('waits for the node under its own name, in small letters', () => {
    assert.match(readyScript('agent', { node: 'RPI14' }), /^name=rpi14$/m)
  })

  it('takes a node for ready only at the address that it is to have', () => {
    const [change] = agent
      .plan(
        completion(agent)({ ...args, config: { 'node-ip': '16.0.0.24,fd00::24' } }) as never,
        bare('agent') as never,
      )
      .slice(-1)
    const wait = change?.actions.find((action) => action.do === 'wait')
    assert.match(wait?.script ?? '', /\[ "\$4" = 16\.0\.0\.24 \]/)
  })

  describe('while it waits', () => {
    let stubs: string
    beforeEach(() => {
      stubs = mkdtempSync(join(tmpdir(), 'provision-stubs-'))
    })
    afterEach(() => rmSync(stubs, { recursive: true }))

    const wait = (state: string, journal: string) => {
      writeFileSync(join(stubs, 'systemctl'), `#!/bin/sh\necho ${state}; echo 0123abcd\n`, { mode: 0o755 })
      const print = `#!/bin/sh\ncase $* in *_SYSTEMD_INVOCATION_ID=0123abcd*) cat '${stubs}/journal';; esac\n`
      writeFileSync(join(stubs, 'journal'), journal)
      writeFileSync(join(stubs, 'journalctl'), print, { mode: 0o755 })
      const env = { ...process.env, PATH: `${stubs}:${process.env.PATH}` }
      return spawnSync('sh', ['-c', readyScript('agent')], { env, encoding: 'utf8' })
    }

    const fatal: [string, RegExp][] = [
      [
        "Node password rejected, duplicate hostname or contents of '/etc/…' may not match",
        /provision rebuild/,
      ],
      ['failed to find memory cgroup (v2)', /pi_cgroups/],
      ['token CA hash does not match the Cluster CA certificate hash: a != b', /not that of this server/],
      ['x509: certificate has expired or is not yet valid: current time 2020-01-01 is before', /clocks/],
    ]
    for (const [words, remedy] of fatal) {
      it(`gives up after '${words.slice(0, 40)}'`, () => {
        const { status, stderr } = wait(
          'activating',
          `level=info msg="starting"\nlevel=error msg="${words}"\nmore\n`,
        )
        assert.equal(status, 3)
        assert.ok(stderr.includes(words), stderr)
        assert.match(stderr, remedy)
      })
    }

    it('goes on while the server can not be reached', () => {
      const line = 'time="2023-01-12T10:11:12Z" level=error msg="dial tcp: connection refused"'
      const { status, stderr } = wait('activating', `first\n${line}\n`)
      assert.deepEqual([status, stderr], [1, 'k3s-agent is activating: dial tcp: connection refused\n'])
    })
  })
})
