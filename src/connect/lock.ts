import { quote } from '../base/shell.ts'
import { CommandError } from '../core/errors.ts'
import { LOCK_FD } from './frame.ts'
import type { Shell } from './shell.ts'

const FILE = '/run/lock/provision.lock'

/** Exit code of the commands below when somebody else holds the lock. */
const TAKEN = 75

/** Null when the shell now holds the lock, else the words of who does. Rejects with CommandError when it can't be had. */
export async function takeLock(shell: Shell, owner: string): Promise<string | null> {
  const commands = lockCommands(owner)
  const { code, stdout, stderr } = await shell.runInside(commands).output
  if (code === 0) return null
  // The file is writable by every user of the host, and the words go to the terminal.
  if (code === TAKEN)
    return stdout
      .toString()
      .replaceAll(/\p{Cc}+/gu, ' ')
      .trim()
      .slice(0, 200)
  throw new CommandError(`can't take the lock: ${stderr.trim()}`, { code, command: commands, stderr })
}

/** Lets go of the lock: a shell whose connection has ended may take its time to end, too. */
export async function releaseLock(shell: Shell): Promise<void> {
  await shell.runInside(`exec ${LOCK_FD}<&-`).output
}

/**
 * Commands that take the host's lock for the life of the shell that runs them, or print who holds it.
 * One file for all users: whoever comes first creates it, and all others only open it (the kernel refuses even
 * root to create over a stranger's file in a sticky directory). Everybody may put something else there: through a
 * link root would write elsewhere, and opening a pipe never ends.
 */
function lockCommands(owner: string): string {
  const words = quote(owner.replaceAll(/\p{Cc}+/gu, ' ').trim())
  const say = `echo $$ ${words}`
  // What the shell opens so, it may create: the kernel allows that to the file's owner only; to all others dd.
  const write = `{ ${say} >${FILE}; } 2>/dev/null || ${say} | dd of=${FILE} conv=nocreat status=none ${LOCK_FD}<&-`
  return `[ -e ${FILE} ] || ( umask 0; set -C; : >${FILE} ) 2>/dev/null
if [ -L ${FILE} ] || ! [ -f ${FILE} ] || ! [ -r ${FILE} ]; then
  echo "${FILE} is in the way: it is no file, or may not be read; remove it" >&2; ( exit 1 )
else
  exec ${LOCK_FD}<${FILE}
  if flock -n ${LOCK_FD}; then ${write}
  elif [ $? -ne 1 ]; then ( exit 1 )
  elif (${dismissOrphan(words)}) && flock -w 5 ${LOCK_FD}; then ${write}
  else exec ${LOCK_FD}<&-; cut -d' ' -f2- ${FILE}; ( exit ${TAKEN} ); fi
fi`
}

/**
 * Ends the shell that holds the lock if it has nothing left to do and nobody at the other end: it is our own, of a
 * connection that broke without the host noticing, or nothing was heard from its client for longer than signs of
 * life take. A host that sends nothing would keep such a connection for hours.
 */
function dismissOrphan(words: string): string {
  return `
    read -r pid words <${FILE} && [ "$pid" -gt 1 ] &&
    ! grep -qs "^PPid:[[:blank:]]*$pid$" /proc/[0-9]*/status && {
      [ "$words" = ${words} ] || {
        chain=; up=$pid
        while up=$(sed -n 's/^PPid:[[:blank:]]*//p' "/proc/$up/status") && [ "\${up:-0}" -gt 1 ]; do chain="$chain $up"; done
        ss -tinpH state established | awk -v chain="$chain" -v most=${SILENCE * 1000} '${SILENT}'
      }
    } && kill "$pid" 2>/dev/null
  `
}

/** In seconds; by then the client itself has given up, too. */
const SILENCE = 60

/** Succeeds if the connection of one of the processes has been silent: no data, and no acknowledgements either. */
const SILENT = `
BEGIN { count = split(chain, pids, " ") }
/users:/ { mine = 0; for (i = 1; i <= count; i++) if (index($0, "pid=" pids[i] ",")) mine = 1; next }
function since(what) { return match($0, what ":[0-9]+") ? substr($0, RSTART + length(what) + 1, RLENGTH) + 0 : 0 }
mine { silent = since("lastrcv") > most && since("lastack") > most; mine = 0 }
END { exit !silent }`
