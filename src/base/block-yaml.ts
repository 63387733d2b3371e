type Value = null | boolean | number | string | Value[] | { [key: string]: Value }

/** Writes plain data as block YAML, strings in double quotes so that none can be taken for something else. */
export function blockYaml(value: { [key: string]: Value }): string {
  return entries(value, '').join('\n').concat('\n')
}

function entries(value: { [key: string]: Value }, indent: string): string[] {
  return Object.entries(value).flatMap(([key, one]) => {
    const name = /^[A-Za-z][A-Za-z0-9_-]*$/.test(key) && !WORDS.test(key) ? key : JSON.stringify(key)
    return inline(one)
      ? `${indent}${name}: ${JSON.stringify(one)}`
      : [`${indent}${name}:`, ...block(one, `${indent}  `)]
  })
}

/** What YAML takes for true, false or null when it stands alone. */
const WORDS = /^(y|n|yes|no|true|false|on|off|null)$/i

function block(value: Value, indent: string): string[] {
  if (!Array.isArray(value)) return entries(value as { [key: string]: Value }, indent)
  return value.map((one) => `${indent}- ${JSON.stringify(one)}`)
}

/** JSON is YAML: scalars, what is empty, and lists in lists are written as JSON. */
function inline(value: Value): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0
}
