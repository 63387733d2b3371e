/** What the program ends with. `pending`: a check found changes; `usage`: nothing was contacted. */
export const EXIT_CODES = { ok: 0, usage: 1, pending: 2, failed: 3, unreachable: 4, interrupted: 130 }
