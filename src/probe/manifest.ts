import { isObject } from './docker.ts'
import { readMapping } from './yamltext.ts'

/** An object of a manifest, as far as its name says. */
export interface NamedObject {
  kind: string
  name: string
  /** Empty where the manifest names none. */
  namespace: string
  /** The document as it is written. */
  text: string
}

/**
 * The objects of a YAML stream, found by their lines: kind at the margin, name and namespace below metadata.
 * JSON and lists of objects are not taken apart.
 */
export function objectsOf(text: string): NamedObject[] {
  return text.split(/^---(?:[ \t].*)?$/m).flatMap((document) => {
    const kind = /^kind:[ \t]*(\S+)/m.exec(document)?.[1]
    const metadata = /^metadata:[^\n]*\n((?:[ \t]+[^\n]*(?:\n|$)|\s*\n)*)/m.exec(document)?.[1] ?? ''
    const indent = /^([ \t]+)\S/.exec(metadata)?.[1] ?? ''
    const field = (name: string) =>
      unquote(new RegExp(`^${indent}${name}:[ \\t]*([^\\n#]+)`, 'm').exec(metadata)?.[1] ?? '')
    if (kind === undefined) return []
    const named = { name: field('name'), namespace: field('namespace') }
    return [
      {
        kind: unquote(kind),
        ...(named.name === '' ? metadataIn(document) : named),
        text: `${document.trim()}\n`,
      },
    ]
  })
}

/** As read in full, for metadata: {name: web} and the like. */
function metadataIn(document: string): { name: string; namespace: string } {
  const { metadata } = readMapping('the manifest', document)
  const { name, namespace } = isObject(metadata) ? metadata : {}
  return { name: textOf(name), namespace: textOf(namespace) }
}

/** A name may look like a number. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

function unquote(text: string): string {
  return text.trim().replace(/^(["'])(.*)\1$/, '$2')
}

/** "Deployment shop/web", "Namespace shop". */
export function titleOf({ kind, name, namespace }: Pick<NamedObject, 'kind' | 'name' | 'namespace'>): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`
}

/** "deployment.apps/web", as kubectl calls it. */
export function resourceOf({ kind, name, text }: NamedObject): string {
  const [group, version] = unquote(/^apiVersion:[ \t]*(\S+)/m.exec(text)?.[1] ?? '').split('/')
  return `${kind.toLowerCase()}${version === undefined ? '' : `.${group}`}/${name}`
}

/** An object that would change, as it is ('' when it is not there) and as it would be, in YAML. */
export type ObjectDiff = { before: string; after: string }

/** Both sides of each object, out of unified diffs that hold whole files. */
export function readDiffs(text: string): ObjectDiff[] {
  return text
    .split(/^diff .*\n/m)
    .slice(1)
    .map((section) => {
      const lines = section
        .split('\n')
        .filter((line) => !/^(---|\+\+\+|@@|\\) /.test(line) && !NOISE.test(line))
      const side = (other: string) =>
        lines.filter((line) => line !== '' && !line.startsWith(other)).map((line) => `${line.slice(1)}\n`)
      return { before: side('+').join(''), after: side('-').join('') }
    })
}

/** What the server counts for itself in metadata. */
const NOISE = /^.  (generation|resourceVersion|uid|creationTimestamp): /
