import { present, type Ring } from './ring.ts'

const lowest = -(2n ** 63n)

/** Tokens for a new node, each in the middle of the widest gap there is. */
export function allocateTokens(ring: Ring, count: number): string[] {
  const taken = present(ring).flatMap((one) => one.tokens.map(BigInt))
  if (taken.length === 0) return Array.from({ length: count }, (_, index) => String(spread(index, count)))
  const sorted = taken.sort(compare)
  return Array.from({ length: count }, () => {
    const token = middleOfWidest(sorted)
    sorted.push(token)
    sorted.sort(compare)
    return String(token)
  })
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : Number(a > b))

const spread = (index: number, count: number) => lowest + (2n ** 64n / BigInt(count)) * BigInt(index)

function middleOfWidest(sorted: bigint[]): bigint {
  let best = { from: 0n, width: -1n }
  for (const [index, from] of sorted.entries()) {
    const width = BigInt.asUintN(64, (sorted[(index + 1) % sorted.length] ?? from) - from) || 2n ** 64n - 1n
    if (width > best.width) best = { from, width }
  }
  return BigInt.asIntN(64, best.from + best.width / 2n)
}
