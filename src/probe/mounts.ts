import { sh } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Output, Probe } from '../core/task.ts'

/** A line of /proc/self/mountinfo. */
export type Mounted = {
  /** Major and minor number of the filesystem's device, e.g. "8:1". */
  id: string
  /** Which part of the filesystem is seen; "/" unless it is a bind mount. */
  root: string
  path: string
  options: string[]
  type: string
  source: string
}

/** What is at a mount point. */
export type MountFact = {
  /** The filesystem that one sees there; null when nothing is mounted. */
  mounted: Mounted | null
  /** Some names in the directory when nothing is mounted there; null when there is no directory. */
  names: string[] | null
}

/** Looks at a mount point by its absolute path. */
export function mountProbe(path: string): Probe<MountFact> {
  return { key: `mount:${path}`, script: mountScript(path), parse: (output) => mountFact(path, output) }
}

/** Globs instead of ls, and at most one process. */
function mountScript(path: string): string {
  return [
    sh`cd -P / && grep -F -- ${` ${escapeField(path)} `} /proc/self/mountinfo && exit`,
    sh`[ -d ${path} ] && cd -- ${path} || exit 0`,
    'echo directory',
    'for name in * .[!.]* ..?*; do [ -e "$name" ] || [ -L "$name" ] || continue',
    'printf \'%s\\n\' "$name"; n=$((n+1)); [ $n -lt 4 ] || break; done; :',
  ].join('\n')
}

function mountFact(path: string, { code, stdout, stderr }: Output): MountFact {
  if (code !== 0) throw new TaskError(`can't look at the mount point ${path}: ${stderr.trim()}`)
  const [first = '', ...names] = stdout.toString().replace(/\n$/, '').split('\n')
  if (first === 'directory') return { mounted: null, names }
  const here = stdout
    .toString()
    .split('\n')
    .flatMap(parseMount)
    .filter((mount) => mount.path === path)
  // The last one mounted hides those below it.
  return { mounted: here.at(-1) ?? null, names: null }
}

/** A line of mountinfo, or nothing when it is none. */
export function parseMount(line: string): Mounted[] {
  const [mount = '', filesystem = ''] = line.split(' - ')
  const [, , id, root, path, options] = mount.split(' ')
  const [type = '', source = ''] = filesystem.split(' ')
  if (id === undefined || root === undefined || path === undefined || options === undefined) return []
  return [
    {
      id,
      root: unescapeField(root),
      path: unescapeField(path),
      options: options.split(','),
      type,
      source: unescapeField(source),
    },
  ]
}

/** Blanks and backslashes are octal in mountinfo and fstab. */
export function escapeField(text: string): string {
  return text.replaceAll(/[ \t\n\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

export function unescapeField(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))
}
