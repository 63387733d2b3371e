import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path/posix'
import { hasSha256, LARGE, STAMP } from '../base/sha256.ts'
import { quote, sh } from '../base/shell.ts'
import { CommandError } from '../core/errors.ts'
import type { Content, Output } from '../core/task.ts'
import type { PutFile } from './connection.ts'

/** base64 by itself does not say why it can't write; what it can't read shows in the checksum. */
export const FROM_BASE64 = 'base64 -d | cat'

/** A shell killed by a signal would not run its EXIT trap; PIPE comes when it tells a lost connection that it failed. */
export const EXIT_ON_SIGNALS =
  "trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 141' PIPE; trap 'exit 143' TERM"

/**
 * Script that replaces a file by what `receive` (FROM_BASE64 or "cat") prints from standard input. It writes to a
 * temporary name beside the file, readable by nobody else until owner and mode are right, and renames it at the
 * end; on any failure the temporary file is removed, and the failed stage is all there is on standard output. Of a
 * large file it prints the stamp, if nothing has been written to it since it was verified.
 * A symbolic link at the path is itself replaced: following it would let its owner choose the file we overwrite.
 */
export function uploadScript(file: PutFile, sha256: string, receive: string): string {
  const { path } = file
  const dir = dirname(path)
  const temp = join(dir, `.${basename(path)}.provision-${randomBytes(6).toString('hex')}`)
  const stamped = sizeOf(file.content) > LARGE
  const steps = [
    sh`[ -d ${dir} ] || fail directory`,
    sh`[ -L ${path} ] || [ ! -d ${path} ] || fail is-directory`,
    `set -C; ${receive} >${quote(temp)} || fail write; set +C`,
    ...(stamped ? [sh`before=$(stat -c ${STAMP} -- ${temp})`] : []),
    `${isWhole(temp, sha256, receive)} || fail checksum`,
    ...ownership(file, temp),
    ...(file.validate
      ? [`( ${file.validate.replaceAll('%s', () => quote(temp))}\n) >&2 </dev/null || fail validate`]
      : []),
    sh`sync ${temp} || fail write`,
    ...(file.backup ? backup(path) : []),
    sh`mv -fT -- ${temp} ${path} || fail move`,
    'trap - EXIT',
    ...(stamped ? [stamp(path)] : []),
  ]
  return [...prologue(temp), ...steps].join('\n')
}

function prologue(temp: string): string[] {
  return [
    'umask 077; LC_ALL=C; export LC_ALL',
    'fail() { code=$?; [ $code -ne 0 ] || code=1; printf %s "$1"; exit $code; }',
    EXIT_ON_SIGNALS,
    `trap ${quote(sh`rm -f -- ${temp}`)} EXIT`,
  ]
}

function sizeOf(content: Content): number {
  return 'text' in content ? Buffer.byteLength(content.text) : content.local.size
}

/** The time of change is another one by now. Where times are but whole seconds a second write might not show. */
function stamp(path: string): string {
  return `${sh`after=$(stat -c ${STAMP} -- ${path})`}
case "$after" in *.000000000*) ;; "\${before% *} "*) echo "$after" ;; esac`
}

function isWhole(path: string, sha256: string, receive: string): string {
  const plain = sh`[ "$(sha256sum <${path})" = ${`${sha256}  -`} ]`
  return receive === FROM_BASE64 ? plain : hasSha256(path, sha256)
}

/** The owner before the mode: chown clears setuid bits. */
function ownership(file: PutFile, temp: string): string[] {
  const owner = file.group === undefined ? file.owner : `${file.owner ?? ''}:${file.group}`
  const keep = sh`chown -h --reference=${file.path} -- ${temp} && mode=$(stat -c %a -- ${file.path}) || fail owner`
  return [
    sh`if [ -e ${file.path} ] && [ ! -L ${file.path} ]; then` + ` ${keep}; else mode=0644; fi`,
    ...(owner === undefined ? [] : [sh`chown -h -- ${owner} ${temp} || fail owner`]),
    `chmod -- ${file.mode === undefined ? '"$mode"' : quote(file.mode)} ${quote(temp)} || fail mode`,
    accessList(file, temp),
  ]
}

/**
 * An access control list stays with a mode that stays: the group's bits of that mode are the list's mask, which alone
 * would give the group what only others on the list had. Last, when nobody can read more than before.
 */
function accessList({ path, mode }: PutFile, temp: string): string {
  const same = mode === undefined ? '' : `[ "$mode" = ${Number.parseInt(mode, 8).toString(8)} ] && `
  const listed = sh`[ -e ${path} ] && [ ! -L ${path} ]`
  return `${same}${listed} && ${sh`cp --attributes-only --preserve=mode -T -- ${path} ${temp}`} 2>/dev/null`
}

/** A second name costs nothing and is there at once; vfat has none, so there the file is copied. */
function backup(path: string): string[] {
  const copy = `${path}.bak`
  return [
    sh`if [ -e ${path} ]; then ln -fT -- ${path} ${copy} 2>/dev/null || cp -pT -- ${path} ${copy} || fail backup; fi`,
  ]
}

/** False when an upload script has not got the content, and may get it by another way. */
export function hasArrived({ code, stdout, stderr }: Output): boolean {
  const missing = ['write', 'checksum'].includes(stdout.toString().trim())
  return code === 0 || !missing || FULL.test(stderr)
}

const FULL = /no space left on device/i
const READ_ONLY = /read-only file system/i
const DENIED = /permission denied$/

/** What went wrong when an upload script ended with a code other than 0. */
export function uploadError(file: PutFile, output: Output): CommandError {
  const stage = output.stdout.toString().trim()
  const said = output.stderr.trim().split('\n')
  const { hint, text } = explain(file, stage, (stage === 'validate' ? said[0] : said.at(-1)) ?? '')
  return new CommandError(text, {
    code: output.code,
    command: stage === 'validate' && file.validate ? file.validate : `put ${file.path}`,
    stderr: output.stderr,
    hint: hint ?? (DENIED.test(text) ? undefined : 'the old file, if there was one, is untouched'),
  })
}

function explain(file: PutFile, stage: string, reason: string): { text: string; hint?: string } {
  const { path } = file
  if (FULL.test(reason)) return { text: `can't write ${path}: no space left on device` }
  if (READ_ONLY.test(reason))
    return {
      text: `can't write ${path}: it is on a read-only filesystem`,
      hint: "after errors of a disk the kernel makes it read-only: look for them with 'dmesg'",
    }
  switch (stage) {
    case 'directory':
      return {
        text: `can't write ${path}: the directory ${dirname(path)} doesn't exist`,
        hint: 'create it in an earlier step',
      }
    case 'is-directory':
      return { text: `can't write ${path}: it is a directory` }
    case 'checksum':
      return {
        text: `${path} did not arrive as it was sent`,
        hint: 'did the local file change meanwhile? the old file is untouched',
      }
    case 'validate':
      return { text: `the new ${path} was refused by '${file.validate}'${reason && `: ${reason}`}` }
    case 'owner':
      return { text: `can't set the owner of ${path}: ${reason}` }
    case 'mode':
      return { text: `can't set the mode of ${path}: ${reason}` }
    case 'backup':
      return { text: `can't keep ${path} as ${basename(path)}.bak: ${reason}` }
    default:
      return {
        text: `can't write ${path}: ${/permission denied$/i.test(reason) ? 'permission denied' : reason}`,
      }
  }
}
