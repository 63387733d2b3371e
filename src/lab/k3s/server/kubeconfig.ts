import type { Pair } from '../crypto/certificate.ts'
import { toYaml } from '../yaml.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A kubeconfig with everything embedded, under the names k3s gives. */
export function kubeconfig(url: string, authority: string, client: Pair): string {
  return toYaml({
    apiVersion: 'v1',
    clusters: [
      { cluster: { 'certificate-authority-data': base64(authority), server: url }, name: 'default' },
    ],
    contexts: [{ context: { cluster: 'default', user: 'default' }, name: 'default' }],
    'current-context': 'default',
    kind: 'Config',
    preferences: {},
    users: [
      {
        name: 'default',
        user: {
          'client-certificate-data': base64(client.certificate),
          'client-key-data': base64(client.key),
        },
      },
    ],
  })
}
