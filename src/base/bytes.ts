const UNITS: Record<string, number> = { '': 0, K: 1, M: 2, G: 3, T: 4, P: 5 }

/** Size in bytes of a text such as "1TB" (powers of 1000) or "1TiB" (powers of 1024); undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const [, number, unit, binary] = /^(\d+(?:\.\d+)?)\s*([KMGTP]?)(i?)B$/i.exec(text.trim()) ?? []
  if (number === undefined || unit === undefined) return undefined
  return Math.round(Number(number) * (binary === '' ? 1000 : 1024) ** (UNITS[unit.toUpperCase()] ?? 0))
}

/** A size as the makers of disks write it: "1.0 TB". */
export function sizeText(bytes: number): string {
  const power = Math.min(5, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)))
  const unit = Object.keys(UNITS)[power] ?? ''
  return power === 0 ? `${bytes} B` : `${(bytes / 1000 ** power).toFixed(1)} ${unit}B`
}
