import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type NamedObject } from '../../src/probe/manifest.ts'
import { waitForRollout } from '../../src/probe/rollout.ts'
import { waitUntilReady } from '../../src/probe/waiting.ts'

const set = { kind: 'StatefulSet', name: 'cassandra', namespace: '', text: '' } as NamedObject
const now = new Date().toISOString().replace(/\.\d+Z/, 'Z')
const LONG_AGO = '2020-01-01T00:00:00Z'

interface Cluster {
  pods: string[]
  /** What kubectl says of the roll-out. */
  rollout?: string
  logs?: string
  events?: string
  /** Lines of ReplicaSets, or the revision that a StatefulSet goes to. */
  current?: string
}

/** Runs a wait's script with a kubectl that prints what is given. */
function look(script: string, cluster: Cluster): { status: number | null; stderr: string } {
  const {
    pods,
    rollout = 'Waiting for 2 pods to be ready...',
    logs = '',
    events = '',
    current = '',
  } = cluster
  const kubectl = [
    `k() { case "$1 $2" in rollout*) echo '${rollout}';; logs*) echo '${logs}';;`,
    `*events) printf '%b\\n' '${events}';; *replicasets|*statefulset/*) printf '%b\\n' '${current}';;`,
    `*pod|*pods) printf '%b\\n' '${pods.join('\\n')}';; esac; }`,
  ].join('\n')
  const own = script.replace(/k\(\) \{.*\}/, () => kubectl)
  const { status, stderr } = spawnSync('sh', ['-c', own], { encoding: 'utf8' })
  return { status, stderr }
}

interface PodLine {
  name?: string
  restarts?: number
  reason?: string
  message?: string
  unplaced?: string
  since?: string
  owner?: string
  node?: string
  revision?: string
  kind?: 'Pod' | 'Node'
  ready?: string
  /** Since when it is so. */
  readySince?: string
}

function podLine(pod: PodLine): string {
  const { name = 'cassandra-3', restarts = 0, reason = '', message = '', unplaced = '', since = '' } = pod
  const { owner = 'StatefulSet/cassandra', node = '', revision = '' } = pod
  const { kind = 'Pod', ready = 'False', readySince = '' } = pod
  const placed = [unplaced, since, owner, node, revision, kind, ready, readySince]
  return [name, ` ${restarts}`, ` ${reason} `, message, ...placed].join('\\t')
}

describe('waiting for a roll-out', () => {
  const judge = (pod: PodLine, cluster: Partial<Cluster> = {}) =>
    look(waitForRollout([set], 60).script, { pods: [podLine(pod)], ...cluster })

  it('goes on while pods start, whatever others of a similar name do', () => {
    const { status, stderr } = look(waitForRollout([set], 60).script, {
      pods: [
        podLine({ name: 'cassandra-0', reason: 'ContainerCreating' }),
        podLine({
          name: 'cassandra-reaper-1',
          restarts: 9,
          reason: 'ImagePullBackOff',
          owner: 'StatefulSet/cassandra-reaper',
        }),
      ],
    })
    assert.equal(status, 1)
    assert.equal(stderr, 'Waiting for 2 pods to be ready...\ncassandra-0: ContainerCreating\n')
  })

  it('ends at once when an image can not be had: which pod, where, why, and where to read on', () => {
    const { status, stderr } = judge(
      { reason: 'ImagePullBackOff', message: 'Back-off pulling image "cassandra:4"', node: 'rpi07' },
      { events: 'Failed to pull image "cassandra:4": not found\\nError: ImagePullBackOff' },
    )
    assert.equal(status, 3)
    assert.equal(
      stderr,
      [
        'cassandra-3 on rpi07: ImagePullBackOff Back-off pulling image "cassandra:4"',
        'Failed to pull image "cassandra:4": not found',
        'more: k3s kubectl describe pod cassandra-3 -n default\n',
      ].join('\n'),
    )
  })

  it('forgives a first crash, but not the third, of which it tells the last words', () => {
    assert.equal(judge({ restarts: 1, reason: 'CrashLoopBackOff' }).status, 1)
    const third = judge({ restarts: 3, reason: 'CrashLoopBackOff' }, { logs: 'no seeds' })
    assert.equal(third.status, 3)
    assert.match(third.stderr, /^cassandra-3: CrashLoopBackOff\nno seeds\nmore: /)
  })

  it('gives a pod without a node five minutes', () => {
    const pod = (since: string) => ({ unplaced: '0/15 nodes are available', since })
    assert.equal(judge(pod(now)).status, 1)
    const { status, stderr } = judge(pod(LONG_AGO))
    assert.equal(status, 3)
    assert.match(stderr, /0\/15 nodes are available/)
  })

  it('gives a node that is down five minutes, for the pods that nothing makes anew elsewhere', () => {
    const judged = (since: string, object = set, owner = 'StatefulSet/cassandra') =>
      look(waitForRollout([object], 60).script, {
        pods: [
          podLine({ kind: 'Node', name: 'rpi14', ready: 'Unknown', readySince: since }),
          podLine({ kind: 'Node', name: 'rpi13', ready: 'True', readySince: since }),
          podLine({ name: 'cassandra-2', node: 'rpi13', owner }),
          podLine({ node: 'rpi14', owner }),
        ],
      })
    const recent = judged(now)
    assert.equal(recent.status, 1)
    assert.match(recent.stderr, /^cassandra-3 on rpi14: its node is not Ready since /m)
    assert.equal(judged(LONG_AGO).status, 3)
    assert.match(judged(LONG_AGO).stderr, /^cassandra-3 on rpi14: its node is not Ready since 2020/)
    const web = { kind: 'Deployment', name: 'web', namespace: '', text: '' } as NamedObject
    assert.equal(judged(LONG_AGO, web, 'ReplicaSet/web-aaa').status, 1)
  })

  it('judges nothing before the controller has seen the new template', () => {
    const rollout = 'Waiting for statefulset spec update to be observed...'
    assert.equal(judge({ reason: 'ImagePullBackOff' }, { rollout }).status, 1)
  })

  it('tells of a pod of the former template, which a StatefulSet never replaces by itself', () => {
    const stuck = { reason: 'ImagePullBackOff', revision: 'cassandra-1' }
    const { status, stderr } = judge(stuck, { current: 'cassandra-2' })
    assert.equal(status, 3)
    assert.match(stderr, /former template, .*: k3s kubectl delete pod cassandra-3 -n default\n/)
    assert.doesNotMatch(judge(stuck, { current: 'cassandra-1' }).stderr, /former/)
  })

  it('goes on past a pod of a former ReplicaSet, which a Deployment replaces', () => {
    const web = { kind: 'Deployment', name: 'web', namespace: '', text: '' } as NamedObject
    const bad = podLine({ name: 'web-aaa-1', reason: 'ImagePullBackOff', owner: 'ReplicaSet/web-aaa' })
    const of = (current: string) => look(waitForRollout([web], 60).script, { pods: [bad], current }).status
    assert.equal(of('1 web web-aaa\\n2 web web-bbb\\n3 other other-ccc'), 1)
    assert.equal(of('1 web web-bbb\\n10 web web-aaa'), 3)
  })

  it('tells of a few pods when many are lost', () => {
    const pods = Array.from({ length: 13 }, (_, at) =>
      podLine({ name: `cassandra-${at}`, reason: 'ImagePullBackOff' }),
    )
    const { stderr } = look(waitForRollout([set], 60).script, { pods })
    assert.match(stderr, /^(cassandra-\d: ImagePullBackOff\n){3}10 more like these\n/)
  })
})

describe('waiting for objects', () => {
  const wait = (count: number) =>
    waitUntilReady({ kind: 'Pod', namespace: 'default', labels: 'app=x' }, count, 60).script
  const judge = (count: number, ...pods: string[]) => look(wait(count), { pods })

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

  it('gives up a pod that crashes again and again, with its last words', () => {
    const crashed = (times: number) => `x-0\\tFalse\\tRunning CrashLoopBackOff\\t${times}`
    assert.equal(judge(1, crashed(1)).status, 1)
    const { status, stderr } = look(wait(1), { pods: [crashed(3)], logs: 'no such workload' })
    assert.equal(status, 3)
    assert.equal(
      stderr,
      'x-0: Running CrashLoopBackOff\nno such workload\nmore: k3s kubectl describe pod x-0 -n default\n',
    )
  })
})
