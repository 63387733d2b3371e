import type { Check } from './checks.ts'

/** Validators compiled when the program is bundled, by export name; the bundler puts them here. */
export const precompiled: Record<string, Check> | undefined = undefined
