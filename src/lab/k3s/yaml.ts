import type { Json } from '../../core/json.ts'
import { formatYaml, parseYamlText } from '../../load/yaml/yaml.ts'

/** One YAML document; an empty one is null. */
export function parseYaml(text: string): Json {
  return text.trim() === '' ? null : parseYamlText(text)
}

/** All documents of a stream that hold something. */
export function parseYamlStream(text: string): Json[] {
  return text
    .split(/^---(?=\s|$).*$/m)
    .map(parseYaml)
    .filter((document) => document !== null)
}

export const toYaml = (value: Json): string => formatYaml(value)
