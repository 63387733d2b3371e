import { quoteAll, sh } from '../base/shell.ts'

/** How long another package manager may hold the lock, in seconds. */
const LOCK_TIMEOUT = 600

// DPkg::Lock::Timeout does not cover the lock on the lists, nor apt before 1.9.11: hence the loop around it.
const APT = String.raw`export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt() {
  tries=0
  while :; do
    { errors=$(apt-get -y -q -o DPkg::Lock::Timeout=${LOCK_TIMEOUT} -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" 2>&1 >&3 3>&-); } 3>&1
    code=$?
    tries=$((tries + 1))
    case $errors in
      *'Permission denied'* | *'are you root'*)
        [ "$(id -u)" -eq 0 ] || echo "only root may change packages: write 'become: true'" >&2 ;;
      *'Could not get lock'* | *'Unable to acquire the dpkg frontend lock'* | *'Unable to lock directory'*)
        [ "$code" -ne 0 ] && [ "$tries" -le ${LOCK_TIMEOUT / 5} ] && echo 'waiting for another package manager' && sleep 5 && continue ;;
      *'dpkg was interrupted'*)
        [ "$tries" -eq 1 ] && dpkg --force-confdef --force-confold --configure -a && continue ;;
    esac
    [ -z "$errors" ] || printf '%s\n' "$errors" >&2
    return "$code"
  done
}
`

/**
 * Script that runs one apt-get command, waiting for its locks and finishing what a power cut left half done.
 * The lists are refreshed first when they are older than `maxAge` seconds; without a network the old ones must do.
 */
export function aptScript(command: string, maxAge?: number): string {
  return `${APT}${maxAge === undefined ? '' : refresh(maxAge)}apt ${command}`
}

/** Script that ends with 3 and says why, where these packages are not to be had; with 0 too where only fresh lists can tell. */
export function availableScript(names: string[], maxAge: number): string {
  const unknown =
    "^E: (Unable to locate package|Version .* was not found|Package .* has no installation candidate|Couldn't find any package)"
  return `export LC_ALL=C; set -- /var/lib/apt/lists/*_Packages*
if ${areStale(maxAge)}; then exit 0; fi
said=$(apt-get -s -q install -- ${quoteAll(names)} 2>&1 >/dev/null) && exit
printf '%s\\n' "$said" | ${sh`grep -m 1 -E -e ${unknown}`} && exit 3; exit 0`
}

/** With the lists as the arguments of the script. */
function areStale(maxAge: number): string {
  return `! [ -e "$1" ] || [ $(($(date +%s) - $(stat -c %Y /var/lib/apt/lists))) -ge ${maxAge} ]`
}

function refresh(maxAge: number): string {
  return `set -- /var/lib/apt/lists/*_Packages*
if ${areStale(maxAge)}; then
  apt update || echo 'the lists of packages could not be refreshed' >&2
fi
`
}
