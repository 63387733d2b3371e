import { quote, sh } from './shell.ts'

/** In bytes; for what is larger openssl, where it is there, needs a fraction of the time, though it takes longer to start. */
export const LARGE = 2 ** 23

/** A command of sh that succeeds when a large file has this SHA-256. That it has not, openssl alone does not decide. */
export function hasSha256(file: string, sha256: string): string {
  const plain = `[ "$(sha256sum <${quote(file)})" = ${quote(`${sha256}  -`)} ]`
  return sh`case $(openssl dgst -sha256 -r <${file} 2>/dev/null) in ${sha256}*) ;;` + ` *) ${plain} ;; esac`
}

/** What stat tells of a file, and not all of it stays when something is written: device, inode, size, times. */
export const STAMP = '%d:%i %s %.9Y %.9Z'

/** A command of sh that sets `sum` to the SHA-256 of the large file `$f`; an answer that is none is not believed. */
export const SUM_OF_F =
  'sum=$(openssl dgst -sha256 -r <"$f" 2>/dev/null); sum=${sum%% *}; case $sum in *[!0-9a-f]*) sum= ;; esac; ' +
  '[ ${#sum} -eq 64 ] || { sum=$(sha256sum <"$f") && sum=${sum%% *}; }'
