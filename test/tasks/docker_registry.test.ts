import assert from 'node:assert/strict'
import type { Container, ServiceFact } from '../../src/probe/docker.ts'
import docker_registry from '../../tasks/docker_registry.ts'
import { completion, testArguments, testTask } from './law.ts'
import { local, seen } from './seen.ts'

const compose = local('services: {}\n', 'files/registry.yaml')
const args = { compose }
const anonymous = 'f'.repeat(64)
const own: Container = {
  name: 'registry_registry.local_1',
  image: 'registry:2',
  project: 'registry',
  running: true,
  ports: [5000],
  volumes: [{ name: 'registry-data', path: '/var/lib/registry', anonymous: false }],
}
const service: ServiceFact = { containers: [own], health: 200, listener: 'LISTEN 0 4096 *:5000' }
const files = { file: seen({ text: 'services: {}\n' }), applied: seen({ text: `${compose.sha256}\n` }) }
const facts = { service, ...files, kept: false }
const bare = {
  service: { containers: null, health: 0, listener: '' },
  file: null,
  applied: null,
  kept: false,
}
const up = { summary: 'bring up the registry on port 5000 (registry.yaml)' }
const older: Container = {
  ...own,
  volumes: [{ name: anonymous, path: '/var/lib/registry', anonymous: true }],
}

testTask(docker_registry, [
  {
    it: 'removes it, but for its images',
    args: { ...args, state: 'absent' },
    facts,
    changes: [
      {
        summary: 'remove the registry on port 5000; its images stay in the volume registry-data',
        actions: [
          {
            do: 'run',
            script:
              'docker rm -f registry_registry.local_1 >/dev/null || exit\n' +
              'docker network rm registry_default >/dev/null 2>&1\n' +
              'rm -f -- /opt/registry/docker-compose.yaml /opt/registry/docker-compose.yaml.applied; rmdir -- /opt/registry 2>/dev/null; :',
          },
        ],
      },
    ],
  },
  {
    it: 'removes the images when told so',
    args: { ...args, state: 'absent', delete_data: true },
    facts: { ...facts, kept: true },
    changes: [
      { summary: 'remove the registry on port 5000' },
      { summary: 'remove the volume registry-data and the images in it' },
    ],
  },
  {
    it: 'removes what an earlier removal left',
    args: { ...args, state: 'absent', delete_data: true },
    facts: { ...bare, kept: true },
    changes: [{ summary: 'remove the volume registry-data and the images in it' }],
  },
  {
    it: "leaves another project's container alone when it is to be absent",
    args: { ...args, state: 'absent' },
    facts: { ...bare, service: { ...service, containers: [{ ...own, project: 'other' }] } },
    changes: [],
  },
  { it: 'leaves a registry alone that answers', args, facts, changes: [] },
  { it: 'brings it up on a bare host', args, facts: bare, changes: [up] },
  {
    it: 'brings it up again when the compose file changed',
    args: { compose: local('new', 'files/registry.yaml') },
    facts,
    changes: [up],
  },
  { it: 'brings it up again after an interruption', args, facts: { ...facts, applied: null }, changes: [up] },
  {
    it: 'brings up a stopped one',
    args,
    facts: {
      ...facts,
      service: { containers: [{ ...own, running: false, ports: [] }], health: 0, listener: '' },
    },
    changes: [up],
  },
  {
    it: 'brings up one that does not answer',
    args,
    facts: { ...facts, service: { ...service, health: 503 } },
    changes: [up],
  },
  {
    it: 'keeps the images of a container with an anonymous volume',
    args,
    facts: { ...facts, service: { ...service, containers: [older] } },
    changes: [
      {
        summary:
          'bring up the registry on port 5000 (registry.yaml), its images copied from volume ffffffffffff to registry-data',
      },
    ],
  },
  {
    it: "refuses another project's container on the port, and says where its data are",
    args,
    facts: { ...bare, service: { ...service, containers: [{ ...older, name: 'reg', project: '' }] } },
    refuses: /port 5000 is taken by the container reg \(registry:2\)/,
  },
  {
    it: 'refuses a port that a program has',
    args,
    facts: {
      ...bare,
      service: {
        containers: [],
        health: 404,
        listener: 'LISTEN 0 5 *:5000 *:* users:(("nginx",pid=812,fd=6))',
      },
    },
    refuses: /port 5000 is taken by nginx \(pid 812\)/,
  },
])

testArguments(docker_registry, {
  'no compose file': {},
  'a port that is none': { compose, port: 70000 },
  'a project in capitals': { compose, project: 'Registry' },
})

describe('docker_registry', () => {
  it('stops the old container before it copies, and starts it again when that fails', () => {
    const wanted = completion(docker_registry)(args) as Parameters<typeof docker_registry.plan>[0]
    const [change] = docker_registry.plan(wanted, { ...facts, service: { ...service, containers: [older] } })
    const scripts =
      change?.actions.flatMap((action) => (action.do === 'run' ? [action.script] : [])).join('\n') ?? ''
    const stop = 'docker stop registry_registry.local_1 >/dev/null && cp -a "$from/." "$to/" && sync'
    assert.ok(scripts.includes(`${stop} || { docker start registry_registry.local_1; exit 1; }`), scripts)
    assert.ok(scripts.indexOf(stop) < scripts.indexOf('up -d'))
  })
})
