import { hasSha256 } from '../base/sha256.ts'
import { sh } from '../base/shell.ts'
import { EXIT_ON_SIGNALS } from './upload.ts'

/** Where a jump host keeps contents on their way; a content's name there is its SHA-256. */
const CACHE = '"${XDG_CACHE_HOME:-$HOME/.cache}/provision"'

/** In days; what an interrupted run has left for its next attempt does not stay for ever. */
const KEPT = 7
/** In seconds; the door closes by itself when nobody is left to close it. */
const LIFETIME = 12 * 3600

const START = 'umask 077; LC_ALL=C; export LC_ALL'

/** Prints the path of the cache, and how many bytes of a content it holds. */
export function surveyScript(sha256: string, size: number): string {
  const part = `${sha256}.part`
  return `${START}
mkdir -p -- ${CACHE} && cd -- ${CACHE} && chmod 700 . && pwd -P || exit
find . -maxdepth 1 -type f -mtime +${KEPT} -delete
if [ -f ${sha256} ] && ${hasSha256(sha256, sha256)}; then echo ${size}; exit; fi
rm -f ${sha256}
have=$(stat -c %s ${part} 2>/dev/null) || have=0
[ "$have" -le ${size} ] || { rm -f ${part}; have=0; }
[ "$have" -lt ${size} ] || { ${hasSha256(part, sha256)} && mv -f ${part} ${sha256}; } || { rm -f ${part}; have=0; }
echo "$have"`
}

/**
 * Adds what comes on standard input to the part that is there; a part that is cut short stays for the next attempt. Hosts
 * may read behind it as long as it runs, if all of it is of this run.
 */
export function storeScript(cache: string, sha256: string, from: number, size: number): string {
  const part = `${sha256}.part`
  return `${START}
fail() { echo "$1" >&2; exit 1; }
${EXIT_ON_SIGNALS}
cd -- ${sh`${cache}`} || exit
exec 9>>${part} && flock -w 5 9 || fail 'another run is sending it'
[ "$(stat -c %s ${part})" = ${from} ] || fail 'another run has sent some of it'
trap 'rm -f ${sha256}.writer' EXIT
${from === 0 ? `echo "$$ ${size}" >${sha256}.writer` : ''}
cat >&9 || exit
[ "$(stat -c %s ${part})" -ge ${size} ] || fail 'it was cut short'
${hasSha256(part, sha256)} || { rm -f ${part}; fail 'it did not arrive as it was sent'; }
mv -f ${part} ${sha256}`
}

/**
 * Opens a door for the hosts behind: an SSH server of the login user's own, on one address, that lets in a key made for
 * this run alone and gives it nothing but the contents. Prints both keys, and lives until standard input ends.
 */
export function doorScript(cache: string, address: string, port: number): string {
  const at = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  return `${START}; PATH=$PATH:/usr/sbin:/sbin
sshd=$(command -v sshd) || { echo 'there is no sshd' >&2; exit 1; }
dir=$(mktemp -d) && cd "$dir" || exit
${EXIT_ON_SIGNALS}
trap 'kill $pid 2>/dev/null; rm -rf -- "$dir"' EXIT
ssh-keygen -q -t ed25519 -N '' -C provision -f host && ssh-keygen -q -t ed25519 -N '' -C provision -f guest || exit
cat >give <<'END'
${giveScript(cache)}
END
printf 'restrict,command="exec /bin/sh %s/give" %s\\n' "$dir" "$(cat guest.pub)" >guests
cat >config <<END
ListenAddress ${at}
HostKey $dir/host
AuthorizedKeysFile $dir/guests
AuthenticationMethods publickey
PermitRootLogin prohibit-password
DisableForwarding yes
PermitTTY no
UsePAM no
UseDNS no
PrintMotd no
StrictModes no
PidFile none
MaxStartups 64
LoginGraceTime 30
ClientAliveInterval 15
END
timeout ${LIFETIME} "$sshd" -D -e -f config 2>log & pid=$!
until grep -q 'Server listening' log; do
  kill -0 $pid 2>/dev/null || { cat log >&2; exit 1; }
  sleep 0.02
done
cat host.pub guest && echo open && cat >/dev/null`
}

/** In bytes; each look of each host costs two processes, so over a slow uplink there are fewer until the end is near. */
const WORTH_A_LOOK = 2_000_000

/** Prints the content that SSH_ORIGINAL_COMMAND names; one that is still coming as far as it is there, then as it comes. */
export function giveScript(cache: string): string {
  return `name=$SSH_ORIGINAL_COMMAND; case $name in *[!0-9a-f]*|'') exit 1;; esac
cd -- ${sh`${cache}`} || exit
looks=0
until [ -f "$name" ] || { read -r pid size <"$name.writer" && kill -0 "$pid"; } 2>/dev/null; do
  looks=$((looks + 1)); [ $looks -lt 200 ] || exit 1; sleep 0.05
done
[ ! -f "$name" ] || exec cat "$name"
command exec 3<"$name.part" || exec 3<"$name"
last=0 tenths=1
until [ -f "$name" ]; do
  cat <&3
  read -r _ at </proc/self/fdinfo/3; [ "$at" -lt "$size" ] || exit 0
  kill -0 "$pid" 2>/dev/null || break
  each=$(((at - last) / tenths)) last=$at
  [ $each -gt 0 ] && wait=$((${WORTH_A_LOOK} / each)) left=$(((size - at) / each)) || wait=$tenths left=$tenths
  [ $wait -le $left ] && tenths=$((wait + 1)) || tenths=$((left + 1))
  [ $tenths -le 9 ] || tenths=9
  sleep 0.$tenths
done
exec cat <&3`
}

/** What a host needs to go through the door. */
export interface Door {
  user: string
  address: string
  port: number
  /** Type and key in Base64. */
  hostKey: string
  guestKey: string
}

/** Commands that print a content; they find the guest's key on standard input. */
export function fetchCommand({ user, address, port, hostKey }: Door, sha256: string): string {
  const options = [
    ['BatchMode', 'yes'],
    ['IdentitiesOnly', 'yes'],
    ['IdentityAgent', 'none'],
    ['PreferredAuthentications', 'publickey'],
    ['StrictHostKeyChecking', 'yes'],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['ConnectTimeout', '10'],
    ['ServerAliveInterval', '15'],
    ['LogLevel', 'ERROR'],
    // The client's first choice costs a small machine ten times as much.
    ['KexAlgorithms', 'curve25519-sha256'],
  ].map(([name, value]) => `-o ${name}=${value}`)
  return `( dir=$(mktemp -d) && trap 'rm -rf -- "$dir"' EXIT && cat >"$dir/key" || exit
  ${sh`echo ${`[${address}]:${port} ${hostKey}`}`} >"$dir/known"
  grep -qsw aes /proc/cpuinfo && set -- -c aes128-gcm@openssh.com || set --
  ssh "$@" -F none -T -i "$dir/key" -o UserKnownHostsFile="$dir/known" ${options.join(' ')} -p ${port} ${sh`${`${user}@${address}`}`} ${sha256} </dev/null )`
}

export function removeScript(cache: string, contents: string[]): string {
  const files = contents.flatMap((sha256) => [sha256, `${sha256}.part`, `${sha256}.writer`])
  return `cd -- ${sh`${cache}`} && rm -f -- ${files.join(' ')} && cd / && ${sh`rmdir --ignore-fail-on-non-empty -- ${cache}`}`
}
