import assert from 'node:assert/strict'
import { nodesProbe, workloadsProbe } from '../../src/probe/cluster.ts'
import { applyRequests } from '../../src/probe/apiserver.ts'
import { answerOf, kubernetesSurvey, type Question, subjectOf } from '../../src/probe/kubernetes.ts'
import { objectsOf, readDiffs } from '../../src/probe/manifest.ts'
import { existingProbe, manifestProbe } from '../../src/probe/objects.ts'
import { runHere } from './here.ts'

/** The survey's output, as its script would print these answers. */
function survey(question: Question, parts: Record<string, string>) {
  const script = kubernetesSurvey.script([subjectOf(question)])
  const id = /\*([0-9a-f]{20})\*/.exec(script)?.[1]
  const text = ['code', 'out', 'err', 'live', 'want'].map(
    (part) => `\n==> ${id} ${part}\n${parts[part] ?? ''}`,
  )
  return { code: 0, stdout: Buffer.from(`${text.join('')}\n==> end\n`), stderr: '' }
}

const absent = { code: 0, stdout: Buffer.from('absent\n'), stderr: '' }
const state = (rows: string[][]) =>
  survey({ ask: 'state' }, { code: '0\n', out: rows.map((row) => `${row.join('\t')}\n`).join('') })
const diff = (parts: Record<string, string>) =>
  manifestProbe('x', false).parse(survey({ ask: 'diff', text: 'x', force: false }, parts))

describe('probes of kubernetes', () => {
  it('see that there is no cluster', () => {
    assert.deepEqual(nodesProbe.parse(absent), { state: 'absent', nodes: [] })
    assert.equal(manifestProbe('x', false).parse(absent).state, 'absent')
  })

  it('see a server that does not answer', () => {
    const err =
      'The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?\n'
    assert.equal(diff({ code: '1\n', err }).state, 'down')
    assert.equal(nodesProbe.parse(survey({ ask: 'state' }, { code: '1\n', err })).state, 'down')
  })

  it('raise what they could not see', () => {
    assert.throws(
      () => nodesProbe.parse({ code: 1, stdout: Buffer.from(''), stderr: 'mktemp: no space' }),
      /no space/,
    )
    assert.throws(
      () => nodesProbe.parse(survey({ ask: 'state' }, { code: '1\n', err: 'Forbidden' })),
      /Forbidden/,
    )
  })

  it('read nodes and workloads out of the same answer', () => {
    const row = (kind: string, name: string, ...rest: string[]) => [kind, 'ns', name, ...rest]
    const counts = (...columns: string[]) => [...columns, ...Array(14 - columns.length).fill('')] as string[]
    const rows = [
      [...row('Node', 'rpi01'), ...Array(12).fill(''), 'v1.25.4+k3s1', 'True'] as string[],
      [...row('Node', 'rpi02'), ...Array(12).fill(''), 'v1.25.4+k3s1', 'Unknown'] as string[],
      [...row('Deployment', 'done'), ...counts('2', '2', '3', '3', '3', '3', '3')],
      [...row('Deployment', 'unseen'), ...counts('3', '2', '3', '3', '3', '3', '3')],
      [...row('Deployment', 'old-pod-left'), ...counts('2', '2', '3', '4', '3', '3', '3')],
      [...row('Deployment', 'none-wanted'), ...counts('1', '1', '0')],
      [...row('StatefulSet', 'done'), ...counts('1', '1', '2', '2', '2', '2', '2', '', '', '', 'a', 'a')],
      [...row('StatefulSet', 'rolling'), ...counts('1', '1', '2', '2', '2', '2', '2', '', '', '', 'a', 'b')],
      [...row('DaemonSet', 'done'), ...counts('1', '1', '', '', '', '', '', '2', '2', '2')],
      [...row('DaemonSet', 'late'), ...counts('1', '1', '', '', '', '', '', '2', '2', '1')],
    ]
    const version = 'v1.25.4+k3s1'
    assert.deepEqual(nodesProbe.parse(state(rows)).nodes, [
      { name: 'rpi01', ready: true, version },
      { name: 'rpi02', ready: false, version },
    ])
    const done = workloadsProbe.parse(state(rows)).workloads.filter((one) => one.done)
    assert.deepEqual(
      done.map(({ kind, name }) => `${kind} ${name}`),
      ['Deployment done', 'Deployment none-wanted', 'StatefulSet done', 'DaemonSet done'],
    )
  })

  it('read nodes out of a table, and workloads out of lists of objects', () => {
    const table = {
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Status' }, { name: 'Version' }],
      rows: [
        { cells: ['rpi01', 'Ready', 'v1'] },
        { cells: ['rpi02', 'Ready,SchedulingDisabled', 'v1'] },
        { cells: ['rpi03', 'NotReady', 'v1'] },
      ],
    }
    const deployment = (name: string, observedGeneration: number) => ({
      metadata: { name, namespace: 'ns', generation: 2 },
      spec: { replicas: 1 },
      status: { observedGeneration, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
    })
    const counts = { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 1 }
    const lists = [
      table,
      { kind: 'DeploymentList', items: [deployment('done', 2), deployment('unseen', 1)] },
      { kind: 'StatefulSetList', items: [] },
      { kind: 'DaemonSetList', items: [{ metadata: { name: 'late' }, status: counts }] },
    ]
    const out = lists.map((list) => JSON.stringify(list)).join('\n')
    const answer = survey({ ask: 'state' }, { code: '0\n', out })
    assert.deepEqual(
      nodesProbe.parse(answer).nodes.map(({ name, ready, version }) => `${name} ${ready} ${version}`),
      ['rpi01 true v1', 'rpi02 true v1', 'rpi03 false v1'],
    )
    assert.deepEqual(workloadsProbe.parse(answer).workloads, [
      { kind: 'Deployment', namespace: 'ns', name: 'done', done: true },
      { kind: 'Deployment', namespace: 'ns', name: 'unseen', done: false },
      { kind: 'DaemonSet', namespace: '', name: 'late', done: false },
    ])
  })

  it('ask kubectl once for nodes and workloads, and for each manifest', () => {
    const subjects = [nodesProbe, workloadsProbe, manifestProbe('x', false), existingProbe('y')].map(
      (probe) => (probe.script as { subject: string }).subject,
    )
    assert.equal(new Set(subjects).size, 3)
  })

  it('restore both sides of what would change, without what the server counts', () => {
    const out = [
      'diff -N -U100000 /tmp/LIVE-1/v1.ConfigMap.shop.conf /tmp/MERGED-2/v1.ConfigMap.shop.conf',
      '--- /tmp/LIVE-1/v1.ConfigMap.shop.conf\t2026-11-22 19:24:09.0 +0000',
      '+++ /tmp/MERGED-2/v1.ConfigMap.shop.conf\t2026-11-22 19:24:09.0 +0000',
      '@@ -1,6 +1,6 @@',
      ' apiVersion: v1',
      ' data:',
      '-  a: --- x',
      '+  a: +++ y',
      ' kind: ConfigMap',
      ' metadata:',
      '-  generation: 1',
      '+  generation: 2',
      '   name: conf',
      '',
    ].join('\n')
    const { diffs, errors } = diff({ code: '1\n', out })
    assert.equal(errors, '')
    assert.deepEqual(diffs, [
      {
        before: 'apiVersion: v1\ndata:\n  a: --- x\nkind: ConfigMap\nmetadata:\n  name: conf\n',
        after: 'apiVersion: v1\ndata:\n  a: +++ y\nkind: ConfigMap\nmetadata:\n  name: conf\n',
      },
    ])
    assert.deepEqual(readDiffs(''), [])
  })

  it('do not take a wrong option for a difference', () => {
    assert.equal(
      diff({ code: '1\n', err: 'error: unknown flag: --server-sid\n' }).errors,
      'error: unknown flag: --server-sid',
    )
  })

  it('find the fields that Kubernetes does not let be changed', () => {
    const set = (storage: string, image: string, added = {}) => ({
      kind: 'StatefulSet',
      metadata: { name: 'db', namespace: 'shop' },
      spec: {
        replicas: 1,
        template: { spec: { containers: [{ image }] } },
        volumeClaimTemplates: [{ spec: { resources: { requests: { storage } } }, ...added }],
      },
    })
    const service = { kind: 'Service', metadata: { name: 'db' }, spec: {} }
    const err =
      'The StatefulSet "db" is invalid: spec: Forbidden: updates to statefulset spec for fields other than\n'
    const list = { kind: 'List', items: [service, set('1Gi', 'a:1', { status: { phase: 'Pending' } })] }
    const wanted = [service, set('2Gi', 'a:2')].map((one) => JSON.stringify(one, null, 4)).join('\n')
    const fact = diff({ code: '2\n', err, live: JSON.stringify(list), want: wanted })
    assert.deepEqual(fact.immutable, [
      {
        kind: 'StatefulSet',
        name: 'db',
        namespace: 'shop',
        fields: ['spec.volumeClaimTemplates[0].spec.resources.requests.storage'],
      },
    ])
    assert.deepEqual(fact.existing, ['Service/db', 'StatefulSet/db'])
  })

  it('name what exists, and see nothing of a kind that is gone', () => {
    const question: Question = { ask: 'existing', text: 'y' }
    const parse = (parts: Record<string, string>) =>
      existingProbe('y').parse(survey(question, parts)).existing
    assert.deepEqual(parse({ code: '0\n', out: 'pod/a\nservice/b\n' }), ['pod/a', 'service/b'])
    assert.deepEqual(parse({ code: '1\n', err: 'no matches for kind "Thing" in version "x/v1"\n' }), [])
    assert.throws(() => parse({ code: '1\n', err: 'Forbidden\n' }), /kubectl get: Forbidden/)
  })
})

describe('survey of kubernetes', () => {
  const question: Question = {
    ask: 'diff',
    text: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n',
    force: false,
  }
  const questions: Question[] = [{ ask: 'state' }, question]
  /** Runs the survey where curl prints this and ends so, and kubectl tells that it was asked. */
  function looked(printed: string, code = 0) {
    const script = kubernetesSurvey
      .script(questions.map(subjectOf))
      .replaceAll('/usr/local/bin/k3s kubectl', 'kubectl')
      .replaceAll('/usr/local/bin/k3s', '/bin/sh')
      .replaceAll('/etc/rancher/k3s/k3s.yaml', '/dev/null')
    const curl = `curl() { cat >/dev/null; printf '${printed}'; return ${code}; }`
    const { stdout } = runHere(`kubectl() { echo asked kubectl; }\n${curl}\n${script}`)
    return questions.map((one) => answerOf(one, { code: 0, stdout, stderr: '' }).stdout.trim())
  }

  it('asks kubectl nothing where the objects are as they would be', () => {
    assert.deepEqual(looked('{"s": "a  *"}\\n{}\\t{"x": 1}\\t{"x": 1}\\t'), ['{"s": "a  *"}\n{}', ''])
  })

  it('asks kubectl what would change', () => {
    assert.deepEqual(looked('{}\\t{"x": 1}\\t{"x": 2}\\t'), ['{}', 'asked kubectl'])
  })

  for (const [what, ...how] of [
    ['curl is not there', '', 127],
    ['a request fails', '{}\\t{"x": 1}\\t', 22],
    ['an answer is missing', '{}\\t{"x": 1}\\t'],
  ] as [string, string, number?][]) {
    it(`asks kubectl everything where ${what}`, () =>
      assert.deepEqual(looked(...how), ['asked kubectl', 'asked kubectl']))
  }

  it('shows nothing of a manifest to those who may list processes', () => {
    assert.match(kubernetesSurvey.script([subjectOf(question)]), /printf '%s\\n' "\$c" \| curl/)
  })
})

describe('requests for a manifest', () => {
  const object = (kind: string, apiVersion = 'v1', metadata = '  name: x') =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n${metadata}\n`
  const urls = (text: string) =>
    applyRequests(text, true)?.map(
      (lines) => /6443(.*)"$/.exec(lines.find((line) => line.startsWith('url'))!)?.[1],
    )

  it('read each object, then try its server-side apply', () => {
    const text = `# c\n${object('Namespace')}--- # next\n${object('Ingress', 'networking.k8s.io/v1', '  name: y\n  namespace: shop')}---\n# end\n`
    const paths = ['/api/v1/namespaces/x', '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/y']
    const query = '?dryRun=All&fieldManager=provision&force=true'
    assert.deepEqual(urls(text), [...paths, ...paths.map((path) => `${path}${query}`)])
  })

  it('look in the namespace default where none is named', () => {
    assert.equal(urls(object('Deployment', 'apps/v1'))?.[0], '/apis/apps/v1/namespaces/default/deployments/x')
  })

  for (const [what, text] of Object.entries({
    'a kind of its own': object('Thing', 'example.org/v1'),
    'an older version': object('Ingress', 'extensions/v1beta1'),
    'no name': object('Namespace', 'v1', '  generateName: x-'),
    'a name that is none': object('Namespace', 'v1', '  name: ../x'),
    'a namespace where none belongs': object('Namespace', 'v1', '  name: x\n  namespace: y'),
    'an object in JSON': `${object('Namespace')}---\n{"kind": "Namespace"}\n`,
    'an object beside a marker': `${object('Namespace')}--- {kind: Secret}\n`,
    'an end of a document': `${object('Namespace')}...\n`,
    'line ends of Windows': object('Namespace').replaceAll('\n', '\r\n'),
    'what curl would take for a file': object('Namespace').replace(/^/, '@x\n'),
    'no object': '# nothing\n',
  })) {
    it(`leave to kubectl: ${what}`, () => assert.equal(applyRequests(text, false), undefined))
  }
})

describe('objects of a manifest', () => {
  it('are found by the lines of their documents', () => {
    const text = `# a comment
apiVersion: v1
kind: "Service"
metadata: # named below
  labels:
    name: not-this
  name: db # the name
  namespace: 'shop'
spec:
  name: nor-this
---
# only a comment
--- # another document
kind: ConfigMap
metadata:
    name: conf
data:
  script: |
    kind: Fake
    metadata:
      name: fake
`
    assert.deepEqual(
      objectsOf(text).map(({ kind, name, namespace }) => [kind, name, namespace]),
      [
        ['Service', 'db', 'shop'],
        ['ConfigMap', 'conf', ''],
      ],
    )
    assert.equal(
      objectsOf('a: 1\n---\nkind: X\nmetadata:\n  name: x\n')[0]?.text,
      'kind: X\nmetadata:\n  name: x\n',
    )
  })

  it('reads the name of an object whose metadata are in braces', () => {
    const text = 'kind: StatefulSet\nmetadata: {name: "db", namespace: shop, labels: {name: no}}\nspec: {}\n'
    assert.deepEqual(
      objectsOf(text).map(({ kind, name, namespace }) => [kind, name, namespace]),
      [['StatefulSet', 'db', 'shop']],
    )
  })
})
