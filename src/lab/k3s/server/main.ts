import { once } from 'node:events'
import { join } from 'node:path'
import { Cluster } from '../api/cluster.ts'
import { openJournal } from '../api/journal.ts'
import { Store } from '../api/store.ts'
import { announcement, k3sVersion } from '../announce.ts'
import { runAgent } from '../agent/main.ts'
import { Exchange } from '../cassandra/exchange.ts'
import { startControllers } from '../controllers/all.ts'
import type { Leaf } from '../crypto/certificate.ts'
import { writeFile } from '../files.ts'
import { lookAtHost, missingCgroup } from '../host.ts'
import { die, log } from '../log.ts'
import { notifyReady } from '../notify.ts'
import { kubeconfigFile, onHost, pathsOf } from '../paths.ts'
import { many, one, readSettings, type Settings, tokenOf } from '../settings.ts'
import { type Authorities, keptLeaf, loadAuthorities } from './authorities.ts'
import { bootstrap } from './bootstrap.ts'
import { isForAnotherToken, keepAuthorities, restoreAuthorities } from './bootstrap-data.ts'
import { loadTokens } from './join-token.ts'
import { kubeconfig } from './kubeconfig.ts'
import { makeListener } from './listener.ts'

const refusedSettings = [
  'cluster-init',
  'datastore-endpoint',
  'cluster-reset',
  'server',
  'disable-apiserver',
  'etcd-arg',
]

/** `k3s server`: runs until it is stopped. */
export async function runServer(argv: string[]): Promise<void> {
  log.warn(announcement)
  const settings = readSettings('server', argv)
  log.info(`Starting k3s ${k3sVersion} (simulated)`)
  refuse(settings)
  const cgroup = missingCgroup()
  if (cgroup !== undefined) die(cgroup)
  const dataDir = one(settings, 'data-dir') ?? '/var/lib/rancher/k3s'
  const directory = pathsOf(dataDir).server
  const journal = openJournal(join(directory, 'db', 'state.db'))
  restoreAuthorities(directory, journal)
  const authorities = loadAuthorities(directory)
  const passwords = loadTokens(directory, authorities.hash, {
    server: tokenOf(settings),
    agent: one(settings, 'agent-token'),
    isStrange: (password) => isForAnotherToken(journal, password),
  })
  keepAuthorities(directory, journal, passwords.server)
  const cluster = new Cluster(new Store(journal, journal.kept))
  bootstrap(cluster)
  const port = Number(one(settings, 'https-listen-port') ?? 6443)
  const host = lookAtHost(settings)
  const certificate = serverCertificate(directory, authorities, settings, host.nodeName, host.address)
  const config = {
    ClusterDomain: 'cluster.local',
    ClusterIPRange: '10.42.0.0/16',
    HTTPSPort: port,
    SupervisorPort: port,
  }
  const subject = { name: 'system:kube-apiserver', group: 'system:masters' }
  const kubelets = {
    cluster,
    client: keptLeaf(directory, 'client-kube-apiserver', authorities.client, { use: 'client', subject }),
    authority: authorities.server.certificate,
  }
  const api = { cluster, key: authorities.tokenKey, kubelets }
  const supervisor = { authorities, passwords, cluster, config }
  const server = makeListener({ api, certificate, supervisor, kubelets, exchange: new Exchange(cluster) })
  server.on('error', (error) => die(`starting kubernetes: ${error.message}`))
  server.listen(port, one(settings, 'bind-address') ?? '0.0.0.0')
  await once(server, 'listening')
  writeKubeconfig(directory, authorities, settings, port)
  log.info(`Wrote kubeconfig ${kubeconfigFile}`)
  startControllers(cluster, { directory, settings, authority: authorities.server.certificate })
  log.info('Running kube-apiserver, kube-scheduler and kube-controller-manager (simulated)')
  if (one(settings, 'disable-agent') !== 'true') {
    const token = `K10${authorities.hash}::server:${passwords.server}`
    await runAgent({ settings, url: `https://127.0.0.1:${port}`, token, isServer: true })
  }
  log.info('k3s is up and running')
  notifyReady()
}

function refuse(settings: Settings): void {
  const found = refusedSettings.filter(
    (name) => one(settings, name) !== undefined && one(settings, name) !== 'false',
  )
  if (found.length > 0)
    die(`the simulated k3s runs one server with its own store; it does not know: ${found.join(', ')}`)
}

function serverCertificate(
  directory: string,
  authorities: Authorities,
  settings: Settings,
  node: string,
  address: string,
) {
  const cluster = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ]
  const names = [
    'localhost',
    '127.0.0.1',
    '10.43.0.1',
    node,
    address,
    ...cluster,
    ...many(settings, 'tls-san'),
  ]
  const leaf: Leaf = { use: 'server', subject: { name: 'k3s', group: 'k3s' }, names: [...new Set(names)] }
  return keptLeaf(directory, 'serving-kube-apiserver', authorities.server, leaf)
}

function writeKubeconfig(
  directory: string,
  authorities: Authorities,
  settings: Settings,
  port: number,
): void {
  const subject = { name: 'system:admin', group: 'system:masters' }
  const admin = keptLeaf(directory, 'client-admin', authorities.client, { use: 'client', subject })
  const mode = Number.parseInt(one(settings, 'write-kubeconfig-mode') ?? '600', 8)
  const text = kubeconfig(`https://127.0.0.1:${port}`, authorities.server.certificate, admin)
  writeFile(onHost(one(settings, 'write-kubeconfig') ?? kubeconfigFile), text, mode)
}
