import { dump, load, loadAll } from 'js-yaml'

/** One YAML document; an empty one is undefined. */
export function parseYaml(text: string): unknown {
  return text.trim() === '' ? undefined : load(text)
}

/** All documents of a stream that hold something. */
export function parseYamlStream(text: string): unknown[] {
  return loadAll(text).filter((document) => document !== null && document !== undefined)
}

export function toYaml(value: unknown): string {
  return dump(value, { lineWidth: -1, noRefs: true })
}
