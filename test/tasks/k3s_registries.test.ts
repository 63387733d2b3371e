import k3s_registries from '../../tasks/k3s_registries.ts'
import { bare } from './k3s.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const path = '/etc/rancher/k3s/registries.yaml'
const mirrors = { '127.0.0.1:5000': { endpoint: ['http://16.0.0.10:5000'] } }
const text = 'mirrors:\n  "127.0.0.1:5000":\n    endpoint:\n      - "http://16.0.0.10:5000"\n'
const file = seen({ text, mode: '0600' })
const none = bare('server').k3s
const running = { ...none, active: 'active', enabled: true }
const facts = { file, server: none, agent: running, template: null, misnamed: null }
const args = { mirrors }
const create = { summary: `create ${path} (0600 root:root)` }
const restart = { summary: 'restart k3s-agent for registries.yaml until its node is ready' }

testTask(k3s_registries, [
  { it: 'leaves an agent alone that has read it', args, facts, changes: [], result: {} },
  {
    it: 'writes only the file where there is no k3s yet',
    args,
    facts: { ...facts, file: null, agent: none },
    changes: [{ ...create, diff: { title: path, before: '', after: text } }],
  },
  {
    it: 'restarts an agent that runs without it',
    args,
    facts: { ...facts, file: null },
    changes: [create, restart],
  },
  {
    it: 'restarts the server by its own unit',
    args,
    facts: { ...facts, file: null, server: running, agent: none },
    changes: [create, { summary: 'restart k3s for registries.yaml until its node is ready' }],
  },
  {
    it: 'restarts one that was started before the file was written, as after an interruption',
    args,
    facts: { ...facts, agent: { ...running, newer: [path] } },
    changes: [restart],
  },
  {
    it: 'leaves the restart for another file to the step that wrote it',
    args,
    facts: { ...facts, agent: { ...running, newer: ['/etc/rancher/k3s/config.yaml'] } },
    changes: [],
  },
  {
    it: 'does not mind how the same is written',
    args,
    facts: {
      ...facts,
      file: seen({
        text: 'mirrors: {127.0.0.1:5000: {endpoint: [http://16.0.0.10:5000]}} # mine\n',
        mode: '0600',
      }),
    },
    changes: [],
  },
  {
    it: 'makes a file private without a restart',
    args,
    facts: { ...facts, file: seen({ text }) },
    changes: [{ summary: `make ${path} 0600 root:root (was 0644 root:root)` }],
  },
  {
    it: 'shows no password, neither the old nor the new one',
    args: { configs: { 'r:5000': { auth: { username: 'pi', password: 'new-one' } } } },
    facts: {
      ...facts,
      file: seen({ text: 'configs:\n  "r:5000":\n    auth:\n      password: old-one\n', mode: '0600' }),
    },
    changes: [
      {
        diff: {
          title: path,
          before: 'configs:\n  "r:5000":\n    auth:\n      password: ********\n',
          after: 'configs:\n  "r:5000":\n    auth:\n      username: "pi"\n      password: ********\n',
        },
      },
      restart,
    ],
  },
  {
    it: 'never overwrites what it can not read',
    args,
    facts: { ...facts, file: seen({ text: 'mirrors: [', mode: '0600' }) },
    refuses: /registries\.yaml is not valid YAML/,
  },
  {
    it: 'tells of a name that k3s does not read',
    args,
    facts: { ...facts, misnamed: seen({ text }) },
    changes: [],
    result: { message: 'k3s does not read /etc/rancher/k3s/registries.yml: its name must end in .yaml' },
  },
  {
    it: 'tells of a template that k3s takes instead',
    args,
    facts: { ...facts, template: seen({}) },
    changes: [],
    result: {
      message:
        '/var/lib/rancher/k3s/agent/etc/containerd/config.toml.tmpl replaces what k3s would make of registries.yaml',
    },
  },
])

testArguments(k3s_registries, {
  'an endpoint without http or https': { mirrors: { x: { endpoint: ['16.0.0.10:5000'] } } },
  'a key that k3s does not know': { mirrors: { x: { endpoints: ['http://16.0.0.10:5000'] } } },
  'a single text as the list of endpoints': { mirrors: { x: { endpoint: 'http://16.0.0.10:5000' } } },
})
