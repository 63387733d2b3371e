import type { Value } from '../api/object.ts'

/** What an environment may be taken from. */
export interface Sources {
  pod: Value
  podIP: string
  hostIP: string
  /** Data of a ConfigMap or Secret of the pod's namespace, decoded; undefined when there is none. */
  data(plural: 'configmaps' | 'secrets', name: string): Promise<Record<string, string> | undefined>
}

/** The variables that a container's spec asks for; throws the kubelet's words when one can't be had. */
export async function environmentOf(container: Value, sources: Sources): Promise<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const from of container.envFrom ?? []) Object.assign(env, await wholeSource(from, sources))
  for (const { name, value, valueFrom } of container.env ?? []) {
    const found = valueFrom === undefined ? expand(value ?? '', env) : await oneValue(valueFrom, sources)
    if (found !== undefined) env[name] = found
  }
  return env
}

/** `$(NAME)` stands for a variable defined before; `$$(NAME)` for itself. */
export const expand = (text: string, env: Record<string, string>) =>
  text.replaceAll(/\$(\$)?\(([\w.-]+)\)/g, (whole, escaped, name) =>
    escaped ? whole.slice(1) : (env[name] ?? whole),
  )

async function wholeSource(from: Value, sources: Sources): Promise<Record<string, string>> {
  const [plural, reference] =
    from.secretRef === undefined
      ? (['configmaps', from.configMapRef] as const)
      : (['secrets', from.secretRef] as const)
  const data = await sources.data(plural, reference?.name)
  if (data === undefined && reference?.optional !== true)
    throw new Error(`${plural.slice(0, -1)} "${reference?.name}" not found`)
  return Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [`${from.prefix ?? ''}${key}`, value]),
  )
}

async function oneValue(from: Value, sources: Sources): Promise<string | undefined> {
  if (from.fieldRef !== undefined) return fieldValue(from.fieldRef.fieldPath, sources)
  if (from.resourceFieldRef !== undefined) return '0'
  const [plural, reference] =
    from.secretKeyRef === undefined
      ? (['configmaps', from.configMapKeyRef] as const)
      : (['secrets', from.secretKeyRef] as const)
  const data = await sources.data(plural, reference?.name)
  if (reference?.optional === true) return data?.[reference.key]
  if (data === undefined) throw new Error(`${plural.slice(0, -1)} "${reference?.name}" not found`)
  const value = data[reference.key]
  if (value === undefined)
    throw new Error(
      `couldn't find key ${reference.key} in ${plural === 'secrets' ? 'Secret' : 'ConfigMap'} ${sources.pod.metadata.namespace}/${reference.name}`,
    )
  return value
}

function fieldValue(path: string, { pod, podIP, hostIP }: Sources): string {
  if (path === 'status.podIP' || path === 'status.podIPs') return podIP
  if (path === 'status.hostIP') return hostIP
  const [, map, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? []
  if (map !== undefined && key !== undefined) return pod.metadata[map]?.[key] ?? ''
  return String(path.split('.').reduce((at: Value, name) => at?.[name], pod) ?? '')
}
