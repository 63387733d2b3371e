import { type Stats, mkdirSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Value } from '../api/object.ts'
import { onHost } from '../paths.ts'
import type { Client } from './client.ts'

/** Makes a pod's volumes ready on this node; throws the kubelet's words when one can't be. */
export async function mountVolumes(client: Client, pod: Value): Promise<void> {
  for (const volume of pod.spec.volumes ?? []) {
    try {
      await mount(client, pod.metadata.namespace, volume)
    } catch (error) {
      throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`)
    }
  }
}

async function mount(client: Client, namespace: string, volume: Value): Promise<void> {
  if (volume.hostPath !== undefined) checkHostPath(volume.hostPath.path, volume.hostPath.type ?? '')
  const { configMap, secret, persistentVolumeClaim: claim } = volume
  if (configMap !== undefined && !configMap.optional)
    await need(client, namespace, 'configmaps', configMap.name)
  if (secret !== undefined && !secret.optional) await need(client, namespace, 'secrets', secret.secretName)
  if (claim !== undefined) await mountClaim(client, namespace, claim.claimName)
}

async function need(client: Client, namespace: string, plural: string, name: string): Promise<Value> {
  const reply = await client.call('GET', `/api/v1/namespaces/${namespace}/${plural}/${name}`)
  if (reply.code !== 200) throw new Error(`${plural.replace(/s$/, '')} "${name}" not found`)
  return JSON.parse(reply.text)
}

async function mountClaim(client: Client, namespace: string, name: string): Promise<void> {
  const claim = await need(client, namespace, 'persistentvolumeclaims', name)
  const reply = await client.call('GET', `/api/v1/persistentvolumes/${claim.spec.volumeName}`)
  const { hostPath, local } = JSON.parse(reply.text).spec
  if (hostPath !== undefined) checkHostPath(hostPath.path, hostPath.type ?? '')
  if (local !== undefined) checkHostPath(local.path, 'Directory')
}

function checkHostPath(path: string, type: string): void {
  const found = look(onHost(path))
  if (type === 'DirectoryOrCreate' && found === undefined)
    mkdirSync(onHost(path), { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate' && found === undefined) touch(onHost(path))
  else if (type.startsWith('Directory') && found?.isDirectory() !== true) refuse(path, 'a directory')
  else if (type.startsWith('File') && found?.isFile() !== true) refuse(path, 'a file')
  else if (type === 'Socket' && found?.isSocket() !== true) refuse(path, 'a socket file')
  else if (type === 'BlockDevice' && found?.isBlockDevice() !== true) refuse(path, 'a block device')
  // Without a type the runtime makes the directory when it binds it.
  else if (type === '' && found === undefined) mkdirSync(onHost(path), { recursive: true, mode: 0o755 })
}

function look(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function touch(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
}

function refuse(path: string, what: string): never {
  throw new Error(`hostPath type check failed: ${path} is not ${what}`)
}

/**
 * Does by itself what the helper pods of the local-path provisioner do in their container: makes or removes the
 * volume's directory. Their scripts are not run.
 */
export function runHelper(pod: Value): void {
  const [container] = pod.spec.containers
  const path = (container.env ?? []).find((one: Value) => one.name === 'VOL_DIR')?.value
  if (typeof path !== 'string' || path.split('/').length < 3) throw new Error(`unsafe VOL_DIR: ${path}`)
  if (pod.metadata.name.startsWith('helper-pod-delete-')) {
    rmSync(onHost(path), { recursive: true, force: true })
    return
  }
  mkdirSync(onHost(path), { recursive: true })
  chmodSync(onHost(path), 0o777)
}

export const isHelper = (pod: Value) => /^helper-pod-(create|delete)-pvc-/.test(pod.metadata.name)
