/** Freezes plain data at every depth: whoever writes to it then throws. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value
  Object.freeze(value)
  for (const one of Object.values(value)) freeze(one)
  return value
}
