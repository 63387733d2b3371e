const BITS: Record<string, number> = { r: 4, w: 2, x: 1 }
const SHIFT: Record<string, number> = { u: 6, g: 3, o: 0 }

/** A mode in letters that says all of it, as chmod's number: u=rw,g=r,o= is 0640; undefined when it does not. */
export function octalMode(letters: string): string | undefined {
  const said = new Map<string, number>()
  for (const clause of letters.split(',')) {
    const [, who, what] = /^([ugoa]+)=([rwx]*)$/.exec(clause) ?? []
    if (who === undefined || what === undefined) return undefined
    const bits = [...new Set(what)].reduce((sum, bit) => sum + (BITS[bit] as number), 0)
    for (const one of who.includes('a') ? 'ugo' : who) said.set(one, bits)
  }
  if (said.size < 3) return undefined
  const mode = [...said].reduce((sum, [who, bits]) => sum + (bits << (SHIFT[who] as number)), 0)
  return mode.toString(8).padStart(4, '0')
}
