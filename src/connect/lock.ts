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
  const words = owner.replaceAll(/\p{Cc}+/gu, ' ').trim()
  return `( umask 0; set -C; : >${FILE} ) 2>/dev/null
if ! [ -r ${FILE} ]; then echo "can't read ${FILE}" >&2; ( exit 1 )
else
  exec ${LOCK_FD}<${FILE}
  if flock -n ${LOCK_FD}; then printf '%s\\n' ${quote(words)} | dd of=${FILE} conv=nocreat status=none ${LOCK_FD}<&-
  elif [ $? -eq 1 ]; then exec ${LOCK_FD}<&-; cat ${FILE}; ( exit ${TAKEN} )
  else ( exit 1 ); fi
fi`
}
