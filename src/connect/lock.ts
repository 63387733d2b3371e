import { quote } from '../base/shell.ts'
import { LOCK_FD } from './frame.ts'

const FILE = '/run/lock/provision.lock'

/** Exit code of the commands below when somebody else holds the lock. */
export const TAKEN = 75

/**
 * Commands that take the host's lock for the life of the shell that runs them, or print who holds it.
 * One file for all users: whoever comes first creates it, and all others only open it (the kernel refuses even
 * root to create over a stranger's file in a sticky directory).
 */
export function lockCommands(owner: string): string {
  const words = quote(owner.replaceAll(/\p{Cc}+/gu, ' ').trim())
  const write = `echo $$ ${words} | dd of=${FILE} conv=nocreat status=none ${LOCK_FD}<&-`
  return `( umask 0; set -C; : >${FILE} ) 2>/dev/null
if ! [ -r ${FILE} ]; then echo "can't read ${FILE}" >&2; ( exit 1 )
else
  exec ${LOCK_FD}<${FILE}
  if flock -n ${LOCK_FD}; then ${write}
  elif [ $? -ne 1 ]; then ( exit 1 )
  elif (${dismissOwn(words)}) && flock -w 5 ${LOCK_FD}; then ${write}
  else exec ${LOCK_FD}<&-; cut -d' ' -f2- ${FILE}; ( exit ${TAKEN} ); fi
fi`
}

/**
 * Ends the shell that holds the lock if it is our own, of a connection that broke without the host noticing, and
 * has nothing left to do.
 */
function dismissOwn(words: string): string {
  return `
    read -r pid words <${FILE} && [ "$words" = ${words} ] && [ "$pid" -gt 1 ] &&
    ! grep -qs "^PPid:[[:blank:]]*$pid$" /proc/[0-9]*/status && kill "$pid" 2>/dev/null
  `
}
