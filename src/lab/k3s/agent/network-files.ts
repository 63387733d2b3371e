import type { Value } from '../api/object.ts'

/** The files in /etc that the kubelet writes for a pod. */
export function networkFiles(pod: Value, podIP: string): Record<string, string> {
  const { namespace, name } = pod.metadata
  const { hostname = name, subdomain, hostAliases = [] } = pod.spec
  const full = subdomain === undefined ? '' : `${hostname}.${subdomain}.${namespace}.svc.cluster.local\t`
  const aliases = hostAliases.map(({ ip, hostnames = [] }: Value) => `${ip}\t${hostnames.join('\t')}\n`)
  const hosts = `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${podIP}\t${full}${hostname}\n`
  const search = `${namespace}.svc.cluster.local svc.cluster.local cluster.local`
  return {
    '/etc/hosts': `${hosts}${aliases.join('')}`,
    '/etc/hostname': `${hostname}\n`,
    '/etc/resolv.conf': `search ${search}\nnameserver 10.43.0.10\noptions ndots:5\n`,
  }
}
