import { present, type Ring } from './ring.ts'

const whole = 2n ** 64n
const lowest = -(2n ** 63n)

interface Place {
  token: bigint
  owner: string
}

/** Tokens for a new node: a fair share of the ring, each part cut off from the node that holds most. */
export function allocateTokens(ring: Ring, count: number): string[] {
  const places = present(ring).flatMap((one) =>
    one.tokens.map((token) => ({ token: BigInt(token), owner: one.hostId })),
  )
  if (places.length === 0) return Array.from({ length: count }, (_, index) => String(spread(index, count)))
  const owners = new Set(places.map((place) => place.owner)).size
  const share = whole / BigInt(count * (owners + 1))
  return Array.from({ length: count }, () => {
    const token = cutOff(places, share)
    places.push({ token, owner: '' })
    return String(token)
  })
}

const spread = (index: number, count: number) => lowest + (whole / BigInt(count)) * BigInt(index)

const compare = (a: Place, b: Place) => (a.token < b.token ? -1 : Number(a.token > b.token))

/** A token `share` behind the beginning of the widest range of the node that holds most. */
function cutOff(places: Place[], share: bigint): bigint {
  places.sort(compare)
  const ranges = places.map(({ token, owner }, index) => {
    const from = (places[index - 1] ?? places.at(-1) ?? { token }).token
    return { from, owner, width: BigInt.asUintN(64, token - from) || whole }
  })
  const held = new Map<string, bigint>()
  for (const { owner, width } of ranges) if (owner !== '') held.set(owner, (held.get(owner) ?? 0n) + width)
  const [most] = [...held].reduce((a, b) => (b[1] > a[1] ? b : a))
  const widest = ranges.filter((one) => one.owner === most).reduce((a, b) => (b.width > a.width ? b : a))
  const part = share < widest.width ? share : widest.width / 2n
  return BigInt.asIntN(64, widest.from + part)
}
