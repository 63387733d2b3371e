import { type Stats, mkdirSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Value } from '../api/object.ts'
import { writeFile } from '../files.ts'
import { onHost } from '../paths.ts'
import type { Client } from './client.ts'

/** Where each volume of a pod is on this node, by its name. */
export type Mounts = Map<string, string>

/** Makes a pod's volumes ready on this node; throws the kubelet's words when one can't be. */
export async function mountVolumes(client: Client, pod: Value): Promise<Mounts> {
  const mounts: Mounts = new Map()
  for (const volume of pod.spec.volumes ?? []) {
    try {
      mounts.set(volume.name, await mount(client, pod, volume))
    } catch (error) {
      throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${(error as Error).message}`)
    }
  }
  return mounts
}

/** Of one pod: its volumes that no other shares. */
export const podDirectory = (uid: string) => onHost(join('/var/lib/kubelet/pods', uid))

async function mount(client: Client, pod: Value, volume: Value): Promise<string> {
  const { namespace, uid } = pod.metadata
  const { hostPath, configMap, secret, persistentVolumeClaim: claim } = volume
  if (hostPath !== undefined) return checkHostPath(hostPath.path, hostPath.type ?? '')
  if (claim !== undefined) return mountClaim(client, namespace, claim.claimName)
  const own = (kind: string) => join(podDirectory(uid), 'volumes', `kubernetes.io~${kind}`, volume.name)
  if (configMap !== undefined) {
    const found = await look(client, namespace, 'configmaps', configMap)
    return project(own('configmap'), configMap, found?.data ?? {})
  }
  if (secret !== undefined) {
    const found = await look(client, namespace, 'secrets', { ...secret, name: secret.secretName })
    return project(own('secret'), secret, decoded(found?.data))
  }
  mkdirSync(own('empty-dir'), { recursive: true, mode: 0o777 })
  return own('empty-dir')
}

export const decoded = (data: Record<string, string> = {}) =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )

async function look(client: Client, namespace: string, plural: string, source: Value): Promise<Value> {
  if (source.optional !== true) return need(client, namespace, plural, source.name)
  return need(client, namespace, plural, source.name).catch(() => undefined)
}

/** Writes the keys as files; `items` chooses and renames them. */
function project(directory: string, source: Value, data: Record<string, string>): string {
  const items: Value[] = source.items ?? Object.keys(data).map((key) => ({ key, path: key }))
  mkdirSync(directory, { recursive: true })
  for (const { key, path, mode } of items) {
    const text = data[key]
    if (text === undefined) throw new Error(`references non-existent config key: ${key}`)
    writeFile(join(directory, path), text, mode ?? source.defaultMode ?? 0o644)
  }
  return directory
}

async function need(client: Client, namespace: string, plural: string, name: string): Promise<Value> {
  const reply = await client.call('GET', `/api/v1/namespaces/${namespace}/${plural}/${name}`)
  if (reply.code !== 200) throw new Error(`${plural.replace(/s$/, '')} "${name}" not found`)
  return JSON.parse(reply.text)
}

async function mountClaim(client: Client, namespace: string, name: string): Promise<string> {
  const claim = await need(client, namespace, 'persistentvolumeclaims', name)
  const reply = await client.call('GET', `/api/v1/persistentvolumes/${claim.spec.volumeName}`)
  const { hostPath, local } = JSON.parse(reply.text).spec
  if (local !== undefined) return checkHostPath(local.path, 'Directory')
  return checkHostPath(hostPath?.path, hostPath?.type ?? '')
}

function checkHostPath(path: string, type: string): string {
  const found = statOf(onHost(path))
  if (type === 'DirectoryOrCreate' && found === undefined)
    mkdirSync(onHost(path), { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate' && found === undefined) touch(onHost(path))
  else if (type.startsWith('Directory') && found?.isDirectory() !== true) refuse(path, 'a directory')
  else if (type.startsWith('File') && found?.isFile() !== true) refuse(path, 'a file')
  else if (type === 'Socket' && found?.isSocket() !== true) refuse(path, 'a socket file')
  else if (type === 'BlockDevice' && found?.isBlockDevice() !== true) refuse(path, 'a block device')
  // Without a type the runtime makes the directory when it binds it.
  else if (type === '' && found === undefined) mkdirSync(onHost(path), { recursive: true, mode: 0o755 })
  return onHost(path)
}

function statOf(path: string): Stats | undefined {
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
