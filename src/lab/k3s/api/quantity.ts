const units: Record<string, number> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

/** The number a Kubernetes quantity stands for, e.g. `128Gi` or `250m`; NaN when it is none. */
export function amount(quantity: string | number | undefined): number {
  if (quantity === undefined) return 0
  const [, digits = '', unit = ''] =
    /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)$/.exec(String(quantity)) ?? []
  return Number(digits === '' ? Number.NaN : digits) * (units[unit] ?? Number.NaN)
}
