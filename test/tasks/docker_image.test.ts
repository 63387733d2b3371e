import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { LocalDirectory } from '../../src/core/task.ts'
import { type ImageFact, imageProbe, parseImage } from '../../src/probe/images.ts'
import docker_image from '../../tasks/docker_image.ts'
import { run } from '../probe/loop.ts'
import { testArguments, testTask } from './law.ts'

const name = '127.0.0.1:5000/ycsb-benchmark'
const entry = (file: string, size: number) => ({
  name: file,
  kind: 'file' as const,
  mode: 0o644,
  size,
  source: `/playbooks/files/ycsb/Docker/${file}`,
})
const context: LocalDirectory = {
  path: '/playbooks/files/ycsb/Docker',
  size: 4096,
  sha256: 'c'.repeat(64),
  text: null,
  entries: [entry('Dockerfile', 20), entry('run.sh', 30)],
}
const hash = (...parts: unknown[]) => createHash('sha256').update(JSON.stringify(parts)).digest('hex')
const origin = hash(context.sha256, 'Dockerfile', [])
const args = { name, context }
const sum = `sha256:${'d'.repeat(64)}`
const empty: ImageFact = { docker: true, local: null, source: null, registry: { tagged: null, origin: null } }
const here = { id: 'sha256:1', origin }
const there = { tagged: sum, origin: sum }
const built = { summary: `build ${name} from Docker (2 files, 4.1 KB) and push it` }
const image = (fact: Partial<ImageFact>) => ({ image: { ...empty, ...fact } })

testTask(docker_image, [
  { it: 'builds and pushes what is nowhere', args, facts: image({}), changes: [built] },
  {
    it: 'does so before there is a registry, or docker',
    args,
    facts: image({ docker: false, registry: null }),
    changes: [built],
    result: { origin, digest: undefined },
  },
  {
    it: 'has nothing to do where both have it',
    args,
    facts: image({ local: here, registry: there }),
    changes: [],
    result: { origin, digest: sum },
  },
  { it: 'does not miss a local image that was pruned', args, facts: image({ registry: there }), changes: [] },
  {
    it: 'only pushes what the registry has lost',
    args,
    facts: image({ local: here }),
    changes: [{ summary: `push ${name}` }],
  },
  {
    it: 'builds again when the context is another',
    args: { name, context: { ...context, sha256: 'e'.repeat(64) } },
    facts: image({ local: here, registry: { tagged: sum, origin: null } }),
    changes: [built],
  },
  {
    it: 'builds again for other arguments, in whatever order they stand',
    args: { ...args, build_args: { B: '2', A: '1' } },
    facts: image({
      local: {
        ...here,
        origin: hash(context.sha256, 'Dockerfile', [
          ['A', '1'],
          ['B', '2'],
        ]),
      },
    }),
    changes: [{ summary: `push ${name}` }],
  },
  {
    it: 'gives the name back where another image has taken it in the registry',
    args,
    facts: image({ registry: { tagged: 'sha256:other', origin: sum } }),
    changes: [{ summary: `tag ${name} again in its registry` }],
  },
  {
    it: 'only builds what is not to be pushed',
    args: { ...args, push: false },
    facts: image({}),
    changes: [{ summary: `build ${name} from Docker (2 files, 4.1 KB)` }],
    result: { origin },
  },
  {
    it: 'copies an image into the registry',
    args: { name: 'r:5000/cassandra:4', source: 'cassandra:4' },
    facts: image({}),
    changes: [{ summary: 'pull cassandra:4 as r:5000/cassandra:4 and push it' }],
  },
  {
    it: 'pulls an image',
    args: { name: 'registry:2' },
    facts: image({ registry: null }),
    changes: [{ summary: 'pull registry:2' }],
  },
  {
    it: 'leaves an image alone that is there',
    args: { name: 'registry:2' },
    facts: image({ registry: null, local: { id: 'sha256:2', origin: '' } }),
    changes: [],
  },
  {
    it: 'refuses a context without a Dockerfile',
    args: { ...args, dockerfile: 'build/Dockerfile' },
    facts: image({}),
    refuses: /there is no build\/Dockerfile in \/playbooks/,
  },
  {
    it: 'refuses to push to nowhere',
    args: { ...args, name: 'ycsb-benchmark', push: true },
    facts: image({ registry: null }),
    refuses: /ycsb-benchmark names no registry/,
  },
  { it: 'refuses both ways at once', args: { ...args, source: 'x' }, facts: image({}), refuses: /both/ },
])

testArguments(docker_image, {
  'no name': { context },
  'a name with capitals first': { name: 'YCSB' },
  'a name that is an option': { name: '-v' },
})

describe('the name of an image', () => {
  const cases: [string, string, string, string][] = [
    ['cassandra', '', 'cassandra', 'latest'],
    ['library/cassandra:4.1', '', 'library/cassandra', '4.1'],
    ['127.0.0.1:5000/ycsb', '127.0.0.1:5000', 'ycsb', 'latest'],
    ['registry.local/a/b:c', 'registry.local', 'a/b', 'c'],
    ['localhost/x', 'localhost', 'x', 'latest'],
  ]
  for (const [text, registry, repository, tag] of cases)
    it(text, () => assert.deepEqual(parseImage(text), { registry, repository, tag }))
})

describe('the probe of an image', () => {
  const probe = imageProbe(name, origin, 'base')
  const docker = 'HTTP/1.1 200 OK\r\nDocker-Content-Digest: '
  const parse = (text: string) => probe.parse({ code: 0, stdout: Buffer.from(text), stderr: '' })
  const local = `{"Id":"sha256:1","Config":{"Labels":{"provision.origin":"${origin}"}}}`

  it('reads what docker and the registry say', () => {
    const text = `==> local\n${local}\nstatus 200\n==> source\n{"message":"none"}\nstatus 404\n==> registry\n${docker}${sum}\r\n\r\n\nstatus 200\nHTTP/1.1 404 Not Found\r\n\r\n\nstatus 404\n`
    assert.deepEqual(parse(text), { ...empty, local: here, registry: { tagged: sum, origin: null } })
  })

  it('sees a host with neither', () => {
    assert.deepEqual(parse('==> local\n==> source\n==> registry\n'), {
      ...empty,
      docker: false,
      registry: null,
    })
  })

  it('can not look into a registry with a login', () => {
    assert.throws(() => parse('==> registry\nx\nstatus 401\ny\nstatus 401\n'), /asks for a login/)
  })

  it('asks again with TLS where a registry wants it', () => {
    const curl = `curl() { case $* in *unix-socket*) ;; *http://127*) echo 'status 400'; echo 'status 400';; *) printf '${docker}x\\n\\nstatus 200\\n${docker}y\\n\\nstatus 200\\n';; esac; }`
    assert.deepEqual(probe.parse(run(`${curl}\n${probe.script as string}`)).registry, {
      tagged: 'x',
      origin: 'y',
    })
  })
})
