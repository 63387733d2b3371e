/** Quotes a word for POSIX sh. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Quotes words and joins them with blanks. */
export function quoteAll(words: string[]): string {
  return words.map(quote).join(' ')
}

/** Tag for sh scripts: sh`rm -f -- ${path}` quotes what is put in; arrays become several words. */
export function sh(parts: TemplateStringsArray, ...values: (string | number | string[])[]): string {
  return String.raw(
    { raw: parts.raw },
    ...values.map((value) => (Array.isArray(value) ? quoteAll(value) : quote(String(value)))),
  )
}
