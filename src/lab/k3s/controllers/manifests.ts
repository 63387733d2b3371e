import { mkdirSync, readdirSync, rmSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { Cluster } from '../api/cluster.ts'
import { kindOfObject } from '../api/kinds.ts'
import { applyConfig } from '../api/managed.ts'
import type { Value } from '../api/object.ts'
import { ApiError } from '../api/status.ts'
import { readFile, writeFile } from '../files.ts'
import { log } from '../log.ts'
import { bundledManifests } from '../server/addons.ts'
import { many, one, type Settings } from '../settings.ts'
import { parseYamlStream } from '../yaml.ts'
import { unlessGone } from './loop.ts'

const absentBundles = ['traefik', 'servicelb', 'metrics-server', 'runtimes', 'ccm', 'rolebindings']

/** Applies server/manifests at start and whenever a file in it changes; a removed file removes nothing. */
export function deployManifests(cluster: Cluster, serverDirectory: string, settings: Settings): void {
  const directory = join(serverDirectory, 'manifests')
  mkdirSync(directory, { recursive: true })
  const bundled = writeBundled(cluster, directory, settings)
  const applied = new Map<string, string>()
  const applyAll = () => {
    for (const name of manifestNames(directory)) {
      const text = readFile(join(directory, name)) ?? ''
      if (applied.get(name) === text) continue
      applied.set(name, text)
      applyText(cluster, name, text)
    }
  }
  for (const name of bundled) log.info(`Writing manifest: /var/lib/rancher/k3s/server/manifests/${name}.yaml`)
  applyAll()
  let timer: NodeJS.Timeout | undefined
  watch(directory, () => {
    clearTimeout(timer)
    timer = setTimeout(applyAll, 200)
  })
}

function manifestNames(directory: string): string[] {
  const names = readdirSync(directory)
  return names.filter((name) => /\.(ya?ml|json)$/.test(name) && !names.includes(`${name}.skip`)).sort()
}

/** Writes the bundled ones anew at every start, as k3s does; takes disabled ones away with their objects. */
function writeBundled(cluster: Cluster, directory: string, settings: Settings): string[] {
  const path = one(settings, 'default-local-storage-path') ?? '/var/lib/rancher/k3s/storage'
  const disabled = many(settings, 'disable')
  const bundled = bundledManifests(path)
  for (const name of disabled) {
    if (name in bundled) uninstall(cluster, directory, name, bundled[name] ?? '')
    else if (!absentBundles.includes(name)) log.warn(`nothing bundled is named '${name}'`)
  }
  const wanted = Object.keys(bundled).filter((name) => !disabled.includes(name))
  for (const name of wanted) writeFile(join(directory, `${name}.yaml`), bundled[name] ?? '')
  return wanted
}

function uninstall(cluster: Cluster, directory: string, name: string, text: string): void {
  const file = join(directory, `${name}.yaml`)
  if (readFile(file) === undefined) return
  rmSync(file)
  for (const object of parseYamlStream(text) as Value[]) {
    const kind = kindOfObject(object)
    if (kind !== undefined)
      unlessGone(() => cluster.delete(kind, object.metadata.name, object.metadata.namespace))
  }
}

function applyText(cluster: Cluster, file: string, text: string): void {
  try {
    const documents = parseYamlStream(text) as Value[]
    for (const object of documents.flatMap((one) => (one.kind === 'List' ? one.items : [one])))
      applyObject(cluster, object)
  } catch (error) {
    log.error(`Failed to process config: failed to process ${file}: ${(error as Error).message}`)
  }
}

function applyObject(cluster: Cluster, object: Value): void {
  const kind = kindOfObject(object)
  if (kind === undefined)
    throw new ApiError(
      404,
      'NotFound',
      `no matches for kind "${object.kind}" in version "${object.apiVersion}"`,
    )
  if (kind.namespaced) object.metadata.namespace ??= 'default'
  const live = cluster.store.get(kind, object.metadata.name, object.metadata.namespace)
  const wanted = applyConfig(live, object, kind.schema, { manager: 'deploy' }, true)
  if (live === undefined) cluster.create(wanted)
  else cluster.update(kind, wanted)
}
