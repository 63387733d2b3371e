import { join } from 'node:path'
import { readFile, writeFile } from '../files.ts'
import { die } from '../log.ts'
import { onHost, registriesFile } from '../paths.ts'
import { parseYaml } from '../yaml.ts'

/** Endpoints to ask instead of a registry, by the registry's name. */
export type Mirrors = Record<string, string[]>

/** Reads registries.yaml; k3s does so at its start only. */
export function readMirrors(): Mirrors {
  return parseMirrors(readFile(onHost(registriesFile)) ?? '')
}

/** Writes what containerd would be told. */
export function writeContainerdConfig(agentDirectory: string, mirrors: Mirrors): void {
  writeFile(join(agentDirectory, 'etc', 'containerd', 'config.toml'), containerdConfig(mirrors))
}

function parseMirrors(text: string): Mirrors {
  let content: { mirrors?: Record<string, { endpoint?: string[] }> } | undefined
  try {
    content = parseYaml(text) as typeof content
  } catch (error) {
    die(`failed to parse ${registriesFile}: ${(error as Error).message}`)
  }
  const entries = Object.entries(content?.mirrors ?? {})
  return Object.fromEntries(entries.map(([name, mirror]) => [name, [mirror?.endpoint ?? []].flat()]))
}

const plugin = 'plugins."io.containerd.grpc.v1.cri".registry.mirrors'

function containerdConfig(mirrors: Mirrors): string {
  const head = 'version = 2\n\n# Written by the simulated k3s; no containerd reads it.\n'
  const entries = Object.entries(mirrors).map(
    ([name, endpoints]) =>
      `\n[${plugin}.${JSON.stringify(name)}]\n  endpoint = ${JSON.stringify(endpoints)}\n`,
  )
  return entries.length === 0 ? head : `${head}\n[${plugin}]\n${entries.join('')}`
}
