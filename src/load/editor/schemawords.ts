import type { Schema } from '../check/schemas.ts'

/** Names and types of a JSON Schema in words, for people. */

/** One named value that a schema describes. */
export interface Described {
  /** Dotted for what lies in a mapping: `ports[].name`. */
  name: string
  type: string
  required: boolean
  default?: string
  description: string
}

/** What lies in a mapping, and inside of it, in the order of the schema. */
export function describedIn(schema: Schema, prefix = ''): Described[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, one]) => [
    {
      name: prefix + key,
      type: typeText(one),
      required: schema.required?.includes(key) ?? false,
      default: one.default === undefined ? undefined : valueText(one.default),
      description: one.description ?? '',
    },
    ...inner(one, prefix + key),
  ])
}

function inner(schema: Schema, name: string): Described[] {
  if (schema.properties) return describedIn(schema, `${name}.`)
  if (schema.items?.properties) return describedIn(schema.items, `${name}[].`)
  return (schema.anyOf ?? []).flatMap((one) => inner(one, name))
}

const formats: Record<string, string> = {
  'local-file': 'path of a local file',
  'local-directory': 'path of a local directory',
  'local-path': 'path of a local file, or of a directory with a slash at its end',
  'template-file': 'path of a local template',
  'k3s-release': 'version of k3s',
}

export function typeText(schema: Schema): string {
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeText))].join(' or ')
  if (schema.enum) return schema.enum.map(valueText).join(' or ')
  if ('const' in schema) return valueText(schema.const)
  if (schema.format === 'secret') return 'string, secret'
  if (schema.format && formats[schema.format]) return formats[schema.format]!
  if (schema.type === 'array') return schema.items ? `list of ${plural(schema.items)}` : 'list'
  if (schema.type === 'object') return 'mapping'
  if (typeof schema.type === 'object') return schema.type.map((type) => typeText({ type })).join(' or ')
  return `${schema.type ?? 'any value'}${range(schema)}`
}

/** A value as one would write it in YAML. */
export function valueText(value: unknown): string {
  const isWord = typeof value === 'string' && /^(?!(yes|no|on|off|true|false|null)$)[a-z][\w-]*$/i.test(value)
  return isWord ? value : JSON.stringify(value)
}

function plural(items: Schema): string {
  return items.type === undefined || items.enum ? typeText(items) : typeText(items).replace(/^\w+/, '$&s')
}

function range({ minimum, maximum }: Schema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`
  if (minimum !== undefined) return `, from ${minimum}`
  return maximum === undefined ? '' : `, up to ${maximum}`
}
