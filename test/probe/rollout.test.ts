import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type NamedObject } from '../../src/probe/manifest.ts'
import { waitForRollout } from '../../src/probe/rollout.ts'
import { waitUntilReady } from '../../src/probe/waiting.ts'

const set = { kind: 'StatefulSet', name: 'cassandra', namespace: '', text: '' } as NamedObject
const now = new Date().toISOString().replace(/\.\d+Z/, 'Z')
const LONG_AGO = '2020-01-01T00:00:00Z'

/** Runs a wait's script with a kubectl that prints what is given. */
function look(script: string, pods: string[]): { status: number | null; stderr: string } {
  const kubectl = [
    'k() { case "$1" in rollout) echo "Waiting for 2 pods to be ready...";;',
    `get) printf '%b\\n' '${pods.join('\\n')}';; esac; }`,
  ].join('\n')
  const own = script.replace(/k\(\) \{.*\}/, () => kubectl)
  const { status, stderr } = spawnSync('sh', ['-c', own], { encoding: 'utf8' })
  return { status, stderr }
}

describe('waiting for a roll-out', () => {
  const judge = (...pods: string[]) => look(waitForRollout([set], 60).script, pods)

  it('goes on while pods start', () => {
    const { status, stderr } = judge(
      'cassandra-0\\t0\\tContainerCreating \\t\\t\\t',
      'other-1\\t9\\tImagePullBackOff\\t\\t\\t',
    )
    assert.equal(status, 1)
    assert.equal(stderr, 'cassandra-0: ContainerCreating\nWaiting for 2 pods to be ready...\n')
  })

  it('ends at once when an image can not be had', () => {
    const { status, stderr } = judge(
      'cassandra-3\\t0\\tImagePullBackOff \\tBack-off pulling image "cassandra:4"\\t\\t',
    )
    assert.equal(status, 3)
    assert.match(stderr, /^cassandra-3: ImagePullBackOff Back-off pulling image "cassandra:4"/)
  })

  it('forgives a first crash, but not the third', () => {
    assert.equal(judge('cassandra-3\\t1\\tCrashLoopBackOff \\t\\t\\t').status, 1)
    assert.equal(judge('cassandra-3\\t3\\tCrashLoopBackOff \\t\\t\\t').status, 3)
  })

  it('gives a pod without a node five minutes', () => {
    const pod = (since: string) => `cassandra-3\\t\\t \\t\\t0/15 nodes are available\\t${since}`
    assert.equal(judge(pod(now)).status, 1)
    const { status, stderr } = judge(pod(LONG_AGO))
    assert.equal(status, 3)
    assert.match(stderr, /0\/15 nodes are available/)
  })
})

describe('waiting for objects', () => {
  const wait = (count: number) =>
    waitUntilReady({ kind: 'Pod', namespace: 'default', labels: 'app=x' }, count, 60).script
  const judge = (count: number, ...pods: string[]) => look(wait(count), pods)

  it('ends when all are ready', () => {
    assert.equal(judge(2, 'x-0\\tTrue\\tRunning', 'x-1\\tTrue\\tRunning').status, 0)
  })

  it('names those that are not, and how many are missing', () => {
    const { status, stderr } = judge(3, 'x-0\\tTrue\\tRunning', 'x-1\\tFalse\\tRunning')
    assert.equal(status, 1)
    assert.equal(stderr, 'still missing: x-1 (False: Running) 2 of 3 are there\n')
  })

  it('ends early for what never will be ready', () => {
    const { status, stderr } = judge(1, 'x-0\\tFalse\\tPending ErrImageNeverPull')
    assert.equal(status, 3)
    assert.match(stderr, /^x-0: Pending ErrImageNeverPull/)
  })
})
