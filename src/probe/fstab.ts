import { escapeField, unescapeField } from './mounts.ts'

/** A line of /etc/fstab. */
export interface Fstab {
  source: string
  path: string
  type: string
  /** Separated by commas. */
  options: string
  /** Pass of fsck at boot; 0 is never. */
  check: number
}

/** The first entry that fits. */
export function fstabEntry(text: string, fits: (entry: Fstab) => boolean): Fstab | undefined {
  return text.split('\n').flatMap(parseEntry).find(fits)
}

/**
 * The text with this as the only entry of its mount point; all other lines stay as they are. An entry that says
 * the same in another spelling (blanks, order of options) is left alone.
 */
export function withEntry(text: string, entry: Fstab): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n')
  const isOurs = (line: string) => parseEntry(line).some((one) => one.path === entry.path)
  const [first, ...more] = lines.filter(isOurs)
  if (first !== undefined && more.length === 0 && parseEntry(first).some((one) => sameEntry(one, entry)))
    return text
  const at = lines.findIndex(isOurs)
  const rest = lines.filter((line) => !isOurs(line))
  rest.splice(at < 0 ? rest.length : at, 0, entryLine(entry))
  return `${rest.join('\n')}\n`
}

function entryLine({ source, path, type, options, check }: Fstab): string {
  return `${source} ${escapeField(path)} ${type} ${options} 0 ${check}`
}

function parseEntry(line: string): Fstab[] {
  const [source = '', path, type, options = 'defaults', , check = '0'] = line.trim().split(/\s+/)
  if (source.startsWith('#') || path === undefined || type === undefined) return []
  return [{ source, path: unescapeField(path), type, options, check: Number(check) }]
}

function sameEntry(a: Fstab, b: Fstab): boolean {
  const options = (one: Fstab) => one.options.split(',').sort().join()
  return a.source === b.source && a.type === b.type && options(a) === options(b) && a.check === b.check
}
