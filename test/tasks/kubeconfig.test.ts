import assert from 'node:assert/strict'
import { credentialsProbe, type KubeconfigFact, kubeconfigProbe } from '../../src/probe/kubeconfig.ts'
import k3s_credentials from '../../tasks/k3s_credentials.ts'
import kubeconfig from '../../tasks/kubeconfig.ts'
import { run } from '../probe/loop.ts'
import { completion, testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const path = '/home/pi/.kube/config'
const login = { ca: 'Q0E=', certificate: 'Q0VSVA==', key: 'S0VZ' }
const args = { user: 'pi', server: 'https://16.0.0.11:6443', ...login }
const directory = seen({ type: 'directory', mode: '0700', owner: 'pi', group: 'pi' })
const bare = { user: 'pi', group: 'pi', home: '/home/pi', directory: null, file: null }
const own = `apiVersion: v1
kind: Config
preferences: {}
clusters:
  - name: default
    cluster:
      server: https://16.0.0.11:6443
      certificate-authority-data: Q0E=
users:
  - name: default
    user:
      client-certificate-data: Q0VSVA==
      client-key-data: S0VZ
contexts:
  - name: default
    context:
      cluster: default
      user: default
current-context: default
`
const hidden = own.replaceAll(/(Q0E=|Q0VSVA==|S0VZ)/g, "'********'")
/** As `cp k3s.yaml ~/.kube/config` and an editor leave it. */
const copied = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://16.0.0.11:6443
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: Q0VSVA==
    client-key-data: S0VZ
`
const other = `clusters:
  - name: work
    cluster:
      server: https://work:6443
users:
  - name: me
    user:
      token: token-of-work
      exec:
        args:
          - hidden-argument
contexts:
  - name: work
    context:
      cluster: work
      user: me
      namespace: shop
current-context: work
`
const having = (text: string, mode = '0600') => ({
  kubeconfig: { ...bare, directory, file: seen({ text, mode, owner: 'pi', group: 'pi' }) },
})

const merged = {
  before: other.replace('token-of-work', "'********'").replace('hidden-argument', "'********'"),
  after: `apiVersion: v1
kind: Config
clusters:
  - name: work
    cluster:
      server: https://work:6443
  - name: pis
    cluster:
      server: https://16.0.0.11:6443
      certificate-authority-data: '********'
      proxy-url: socks5://127.0.0.1:1080
users:
  - name: me
    user:
      token: '********'
      exec:
        args:
          - '********'
  - name: pis
    user:
      client-certificate-data: '********'
      client-key-data: '********'
contexts:
  - name: work
    context:
      cluster: work
      user: me
      namespace: shop
  - name: pis
    context:
      cluster: pis
      user: pis
current-context: work
`,
}

testTask(kubeconfig, [
  {
    it: 'writes one where there is none',
    args,
    facts: { kubeconfig: bare },
    changes: [{ summary: `create ${path}: cluster default at https://16.0.0.11:6443` }],
    result: { path },
  },
  { it: 'leaves its own alone', args, facts: having(own), changes: [] },
  { it: 'leaves alone what was copied from the server by hand', args, facts: having(copied), changes: [] },
  {
    it: "keeps other clusters and the current one, and shows nobody's login",
    args: { ...args, name: 'pis', proxy_url: 'socks5://127.0.0.1:1080' },
    facts: having(other),
    changes: [
      {
        summary: `change ${path}: cluster pis at https://16.0.0.11:6443`,
        diff: { title: path, ...merged },
      },
    ],
  },
  {
    it: 'takes over as the current one when asked to',
    args: { ...args, name: 'pis', current: 'always' },
    facts: having(other),
    changes: [{ summary: `change ${path}: cluster pis at https://16.0.0.11:6443` }],
  },
  {
    it: 'renews the certificate, and keeps the namespace of the context',
    args: { ...args, certificate: 'TkVX' },
    facts: having(own.replace('      user: default\n', '      user: default\n      namespace: shop\n')),
    changes: [
      {
        summary: `change ${path}: cluster default at https://16.0.0.11:6443`,
        diff: {
          title: path,
          before: hidden.replace('      user: default\n', '      user: default\n      namespace: shop\n'),
          after: hidden.replace('      user: default\n', '      user: default\n      namespace: shop\n'),
        },
      },
    ],
  },
  {
    it: 'puts the address of the server in the place of 127.0.0.1',
    args,
    facts: having(copied.replace('16.0.0.11', '127.0.0.1')),
    changes: [{ summary: `change ${path}: cluster default at https://16.0.0.11:6443` }],
  },
  {
    it: 'makes one private that others may read',
    args,
    facts: having(own, '0644'),
    changes: [{ summary: `make ${path} private (0600)` }],
  },
  {
    it: 'removes its entries and no others',
    args: { user: 'pi', state: 'absent', name: 'work' },
    facts: having(other),
    changes: [{ summary: `remove the cluster work from ${path}` }],
  },
  {
    it: 'has nothing to remove where there is nothing',
    args: { user: 'pi', state: 'absent' },
    facts: { kubeconfig: bare },
    changes: [],
  },
  {
    it: 'never overwrites another cluster of the same name',
    args,
    facts: having(own.replace('16.0.0.11', 'minikube').replace('Q0E=', 'T1RIRVI=')),
    refuses: /knows another cluster as 'default' \(https:\/\/minikube:6443\)/,
  },
  { it: 'refuses what is no YAML', args, facts: having('clusters: ['), refuses: /config is not valid YAML/ },
  {
    it: 'refuses a symbolic link',
    args,
    facts: { kubeconfig: { ...bare, directory, file: seen({ type: 'link', target: 'dotfiles/kube' }) } },
    refuses: /is a symbolic link to dotfiles\/kube/,
  },
  {
    it: 'refuses a user that is not there',
    args,
    facts: { kubeconfig: null },
    refuses: /there is no user pi/,
  },
])

testArguments(kubeconfig, {
  'no certificate': { server: 'https://16.0.0.11:6443' },
  'a server without https': { ...args, server: '16.0.0.11:6443' },
  'a proxy of another kind': { ...args, proxy_url: 'ssh://rpicloud' },
})

testTask(k3s_credentials, [
  { it: 'tells what it read', args: {}, facts: { credentials: login }, changes: [], result: login },
  {
    it: "can't tell before the server has started",
    args: {},
    facts: { credentials: null },
    changes: [],
    result: { ca: undefined, certificate: undefined, key: undefined },
  },
])

describe('kubeconfig', () => {
  it('writes what kubectl reads, and keeps what it does not know', () => {
    const text = `extensions: {x: 1}\n${other}`
    const wanted = completion(kubeconfig)(args) as Parameters<typeof kubeconfig.plan>[0]
    const [change] = kubeconfig.plan(wanted, having(text))
    const put = change?.actions.find((action) => action.do === 'put')
    assert.ok(put && 'text' in put.content)
    assert.match(put.content.text, /^extensions:\n {2}x: 1$/m)
    assert.match(put.content.text, /token-of-work/)
    assert.deepEqual([put.mode, put.owner], ['0600', 'pi'])
  })

  it("reads the server's own, as a secret", () => {
    const parse = (text: string, code = 0) =>
      credentialsProbe.parse({ code, stdout: Buffer.from(text), stderr: 'denied' })
    assert.deepEqual(parse(copied), login)
    assert.equal(parse(''), null)
    assert.throws(() => parse('', 1), /can't read .*k3s\.yaml: denied/)
    assert.equal(credentialsProbe.secret, true)
  })

  it('looks at home, wherever that is', () => {
    const probe = kubeconfigProbe()
    const output = run(`HOME=/nonexistent-home; cd /; HOME=$(pwd); ${probe.script as string}`)
    const fact = probe.parse(output) as NonNullable<KubeconfigFact>
    assert.deepEqual([fact.home, fact.file], ['/', null])
    const nobody = kubeconfigProbe('no-such-user')
    assert.equal(nobody.parse(run(nobody.script as string)), null)
  })
})
