import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import docker_daemon from '../../tasks/docker_daemon.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

const title = '/etc/docker/daemon.json'
const args = { config: { 'insecure-registries': ['127.0.0.1:5000', '16.0.0.10:5000'] } }
const docker = { running: true, flags: ['host', 'containerd'] }
const after = '{\n  "insecure-registries": [\n    "127.0.0.1:5000",\n    "16.0.0.10:5000"\n  ]\n}\n'
const file = (text: string) => seen({ text })

testTask(docker_daemon, [
  {
    it: 'removes a file in which nothing else is',
    args: { ...args, state: 'absent' },
    facts: { file: file(after), docker },
    changes: [
      {
        summary: 'remove /etc/docker/daemon.json',
        diff: { title, before: after, after: '' },
        actions: [
          {
            do: 'run',
            script:
              'rm -f /etc/docker/daemon.json /etc/docker/daemon.json.bak && systemctl try-restart docker',
            stdin: '',
            atomic: true,
            timeout: 300,
            meaning: {
              3: 'docker is not installed: install its package in an earlier step',
              4: 'dockerd refuses the settings; nothing was changed',
              5: 'docker did not come up with the settings; the old file is back',
            },
          },
        ],
      },
    ],
  },
  {
    it: 'takes away only these entries and values',
    args: { config: { ...args.config, debug: true, 'log-opts': { 'max-file': '3' } }, state: 'absent' },
    facts: {
      file: file(
        '{"debug":false,"insecure-registries":["x:1","127.0.0.1:5000"],"log-opts":{"max-file":"3","max-size":"1g"}}',
      ),
      docker,
    },
    changes: [
      {
        diff: {
          title,
          before:
            '{"debug":false,"insecure-registries":["x:1","127.0.0.1:5000"],"log-opts":{"max-file":"3","max-size":"1g"}}',
          after:
            '{\n  "debug": false,\n  "insecure-registries": [\n    "x:1"\n  ],\n  "log-opts": {\n    "max-size": "1g"\n  }\n}\n',
        },
      },
    ],
  },
  {
    it: 'has nothing to take away where there is no file',
    args: { ...args, state: 'absent' },
    facts: { file: null, docker },
    changes: [],
  },
  {
    it: 'writes the file where there is none, also before docker is installed',
    args,
    facts: { file: null, docker: { running: false, flags: [] } },
    changes: [
      { summary: 'set insecure-registries in /etc/docker/daemon.json', diff: { title, before: '', after } },
    ],
  },
  {
    it: 'does not mind order, blanks and the keys of others',
    args,
    facts: {
      file: file('{"debug":true,\n\t"insecure-registries" : ["16.0.0.10:5000", "x:1", "127.0.0.1:5000"]\n}'),
      docker,
    },
    changes: [],
  },
  {
    it: "unites lists, keeps other keys and the user's indentation",
    args,
    facts: {
      file: file(
        '{\n\t"allow-nondistributable-artifacts": ["127.0.0.1:5000"],\n\t"insecure-registries": ["127.0.0.1:5000"]\n}\n',
      ),
      docker,
    },
    changes: [
      {
        diff: {
          title,
          before:
            '{\n\t"allow-nondistributable-artifacts": ["127.0.0.1:5000"],\n\t"insecure-registries": ["127.0.0.1:5000"]\n}\n',
          after:
            '{\n\t"allow-nondistributable-artifacts": [\n\t\t"127.0.0.1:5000"\n\t],\n\t"insecure-registries": [\n\t\t"127.0.0.1:5000",\n\t\t"16.0.0.10:5000"\n\t]\n}\n',
        },
      },
    ],
  },
  {
    it: 'merges objects within and replaces scalars',
    args: { config: { 'log-opts': { 'max-size': '10m' }, debug: false } },
    facts: { file: file('{"log-opts": {"max-file": "3", "max-size": "1g"}, "debug": true}'), docker },
    changes: [
      {
        summary: 'set log-opts, debug in /etc/docker/daemon.json',
        diff: {
          title,
          before: '{"log-opts": {"max-file": "3", "max-size": "1g"}, "debug": true}',
          after:
            '{\n  "log-opts": {\n    "max-file": "3",\n    "max-size": "10m"\n  },\n  "debug": false\n}\n',
        },
      },
    ],
  },
  {
    it: 'takes an empty file for no settings',
    args,
    facts: { file: file(' \n'), docker },
    changes: [{ summary: 'set insecure-registries in /etc/docker/daemon.json' }],
  },
  {
    it: 'tells which flag keeps a docker from starting whose file says what is wanted',
    args,
    facts: {
      file: file('{"hosts": ["fd://"], "insecure-registries": ["127.0.0.1:5000", "16.0.0.10:5000"]}'),
      docker: { running: false, flags: ['host'] },
    },
    refuses: /docker's unit starts it with --host; the same in daemon\.json/,
  },
  {
    it: 'never overwrites broken JSON',
    args,
    facts: { file: file('{"a": 1,}'), docker },
    refuses: /not valid JSON .*not overwritten/,
  },
  {
    it: 'never overwrites what is no object',
    args,
    facts: { file: file('[]'), docker },
    refuses: /holds no JSON object/,
  },
  {
    it: 'refuses what the unit sets by an option already',
    args: { config: { hosts: ['tcp://0.0.0.0:2375'] } },
    facts: { file: null, docker },
    refuses: /docker's unit starts it with --host; the same in daemon\.json would keep it from starting/,
  },
  {
    it: 'refuses a slip of the pen',
    args: { config: { 'insecure-registry': ['x'] } },
    facts: { file: null, docker },
    refuses: /docker knows no setting 'insecure-registry'/,
  },
  {
    it: 'lets a setting pass that only newer versions of docker may know',
    args: { config: { 'quantum-teleportation': true } },
    facts: { file: null, docker },
    changes: [{ summary: 'set quantum-teleportation in /etc/docker/daemon.json' }],
  },
])

testArguments(docker_daemon, { 'no settings': { config: {} }, 'a list': { config: [] } })

describe('the script of docker_daemon', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'provision-docker-'))
    mkdirSync(join(root, 'bin'))
    stub('journalctl', 'echo journal')
    stub('systemctl', `echo "$*" >> ${root}/asked`)
    stub('dockerd', 'case $1 in --help) echo "  --validate  Validate";; *) grep -q good "$3";; esac')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const stub = (name: string, body: string) =>
    writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  const path = () => join(root, 'docker/daemon.json')
  const write = (text: string) => {
    mkdirSync(join(root, 'docker'), { recursive: true })
    writeFileSync(path(), text)
  }
  const asked = () => readFileSync(join(root, 'asked'), 'utf8')
  const change = (config: Record<string, unknown>, running = true) => {
    const before = existsSync(path()) ? seen({ text: readFileSync(path(), 'utf8') }) : null
    const [planned] = docker_daemon.plan({ config } as any, { file: before, docker: { running, flags: [] } })
    const action = planned?.actions[0]
    assert.ok(action?.do === 'run')
    const script = action.script.replaceAll('/etc/docker', join(root, 'docker'))
    const env = { ...process.env, PATH: `${root}/bin:/usr/bin:/bin` }
    return spawnSync('sh', ['-c', script], { env, input: action.stdin, encoding: 'utf8' }).status
  }

  it('reloads for a list of registries, and keeps the old file beside', () => {
    write('{"good": 1}\n')
    assert.equal(change({ 'insecure-registries': ['x'] }), 0)
    assert.deepEqual(JSON.parse(readFileSync(path(), 'utf8')), { good: 1, 'insecure-registries': ['x'] })
    assert.equal(readFileSync(`${path()}.bak`, 'utf8'), '{"good": 1}\n')
    assert.equal(asked(), 'reload docker\nis-active --quiet docker\n')
  })

  it('restarts for what a reload does not take over, and where docker was down', () => {
    assert.equal(change({ 'data-root': '/good' }), 0)
    assert.match(asked(), /^reset-failed docker\nrestart docker\n/)
    rmSync(join(root, 'asked'))
    assert.equal(change({ labels: ['x'] }, false), 0)
    assert.match(asked(), /^reset-failed docker\nrestart docker\n/)
  })

  it('changes nothing when dockerd refuses the settings', () => {
    write('{}\n')
    assert.equal(change({ bad: 1 }), 4)
    assert.equal(readFileSync(path(), 'utf8'), '{}\n')
    assert.equal(existsSync(join(root, 'asked')), false)
    assert.equal(existsSync(`${path()}.provision-new`), false)
  })

  it('puts the old file back when docker does not come up', () => {
    stub(
      'systemctl',
      `echo "$*" >> ${root}/asked; grep -q worse ${root}/docker/daemon.json && exit 1; exit 0`,
    )
    write('{"good": 1}\n')
    assert.equal(change({ worse: 1 }), 5)
    assert.equal(readFileSync(path(), 'utf8'), '{"good": 1}\n')
    assert.match(asked(), /restart docker\nreset-failed docker\nrestart docker\n$/)
  })

  it('removes its file again when there was none', () => {
    stub('systemctl', `[ ! -e ${root}/docker/daemon.json ]`)
    assert.equal(change({ good: 1 }), 5)
    assert.equal(existsSync(path()), false)
  })

  it('goes without validation where dockerd is too old for it', () => {
    stub('dockerd', 'case $1 in --help) echo usage;; *) exit 1;; esac')
    assert.equal(change({ any: 1 }), 0)
  })
})
