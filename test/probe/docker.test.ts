import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dockerProbe, mergeJson, registryProbe } from '../../src/probe/docker.ts'
import { runHere } from './here.ts'

const output = (text: string) => ({ code: 0, stdout: Buffer.from(text), stderr: '' })

describe('probe of docker', () => {
  it('names the options that the daemon was started with', () => {
    const line =
      'running\n/usr/sbin/dockerd\n-H\nfd://\n--containerd=/run/x.sock\n--insecure-registry\nx:1\n\n'
    const { running, flags } = dockerProbe.parse(output(line))
    assert.deepEqual([running, flags], [true, ['host', 'containerd', 'insecure-registry']])
  })

  it('finds the daemon by its file, which has no end of line', function () {
    if (!existsSync('/proc/self/comm')) this.skip()
    const directory = mkdtempSync(join(tmpdir(), 'docker-'))
    const file = join(directory, 'docker.pid')
    writeFileSync(file, String(process.pid))
    const script = (dockerProbe.script as string).replaceAll('/run/docker.pid', file)
    const seen = (text: string) => dockerProbe.parse(runHere(`systemctl() { :; }\n${text}`)).running
    const name = readFileSync('/proc/self/comm', 'utf8').trim()
    try {
      assert.equal(seen(script), false)
      assert.equal(seen(script.replace('= dockerd', `= ${name}`)), true)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('takes them from the unit when it does not run', () => {
    const line = '{\npath=/usr/sbin/dockerd\n;\nargv[]=/usr/sbin/dockerd\n-H\nfd://\n;\n}\n'
    assert.deepEqual(dockerProbe.parse(output(line)), { running: false, flags: ['host'] })
  })

  it('sees a host without docker', () => {
    assert.deepEqual(dockerProbe.parse(output('')), { running: false, flags: [] })
    assert.deepEqual(registryProbe(5000).parse(output('null\n')), {
      containers: null,
      health: 0,
      listener: '',
    })
  })

  it('reads containers, the health of the registry, and who listens', () => {
    const api = [
      {
        Names: ['/registry_registry.local_1'],
        Image: 'registry:2',
        State: 'running',
        Labels: { 'com.docker.compose.project': 'registry' },
        Ports: [{ PrivatePort: 5000, PublicPort: 5000, IP: '0.0.0.0' }, { PrivatePort: 5001 }],
        Mounts: [
          { Type: 'volume', Name: 'a'.repeat(64), Destination: '/var/lib/registry' },
          { Type: 'bind', Source: '/x', Destination: '/y' },
        ],
      },
    ]
    const text = `${JSON.stringify(api)}\n\nhealth 200\nlistener\nLISTEN 0 4096 0.0.0.0:5000\n`
    assert.deepEqual(registryProbe(5000).parse(output(text)), {
      containers: [
        {
          name: 'registry_registry.local_1',
          image: 'registry:2',
          project: 'registry',
          running: true,
          ports: [5000],
          volumes: [{ name: 'a'.repeat(64), path: '/var/lib/registry', anonymous: true }],
        },
      ],
      health: 200,
      listener: 'LISTEN 0 4096 0.0.0.0:5000',
    })
  })

  it('sees a daemon that does not answer as none', () => {
    assert.deepEqual(registryProbe(5000).parse(output('\nhealth 000\nlistener\n')).containers, null)
  })

  it('asks who listens only where no container of that port answers', () => {
    const script = (registryProbe(500).script as string).replaceAll('/var/run/docker.sock', '/dev/null')
    const listener = (port: number, health: number) => {
      const answer = `printf '[{"Ports":[{"PublicPort":${port},"Type":"tcp"}]}]\\nhealth ${health}\\n'`
      const made = `curl() { ${answer}; }; ss() { echo asked; }\n${script.replace('[ -S', '[ -e')}`
      return registryProbe(500).parse(runHere(made)).listener
    }
    assert.deepEqual(
      [listener(500, 200), listener(500, 404), listener(5000, 200), listener(80, 200)],
      ['', 'asked', 'asked', 'asked'],
    )
  })

  it('asks for curl where it is missing', () => {
    assert.throws(() => registryProbe(5000).parse(output('no-curl\n')), /curl is needed/)
  })

  it('merges without doubling what a list holds already', () => {
    const merged = mergeJson(
      { a: [1, { b: 2 }], c: { d: 1 }, e: [1] },
      { a: [{ b: 2 }, 3], c: { f: 2 }, e: 'x' },
    )
    assert.deepEqual(merged, { a: [1, { b: 2 }, 3], c: { d: 1, f: 2 }, e: 'x' })
  })
})
