import { posix } from 'node:path'
import type { Filter } from './filters.ts'
import { operation } from './operations.ts'
import { list, text } from './values.ts'

const onPath = (name: string, change: (path: string) => string | string[]): Filter =>
  operation('', (value) => change(text(value, `the filter '${name}'`)))

/** Paths are taken apart as text: nothing is looked up on this machine or a host. */
export const PATH_FILTERS: Record<string, Filter> = {
  basename: onPath('basename', (path) => path.slice(path.lastIndexOf('/') + 1)),
  dirname: onPath('dirname', (path) => {
    const head = path.slice(0, path.lastIndexOf('/') + 1)
    return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '')
  }),
  splitext: onPath('splitext', (path) => {
    const extension = posix.extname(path)
    return [path.slice(0, path.length - extension.length), extension]
  }),
  normpath: onPath('normpath', (path) => posix.normalize(path)),
  relpath: operation('start', (value, [start = '.']) =>
    posix.relative(text(start, "'relpath'"), text(value, "'relpath'")),
  ),
  path_join: operation('', (value) =>
    list(value, "'path_join'").reduce<string>((path, part) => {
      const next = text(part, "'path_join'")
      if (path === '' || next.startsWith('/')) return next
      return path.endsWith('/') ? path + next : `${path}/${next}`
    }, ''),
  ),
}
