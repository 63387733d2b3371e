import { DATA_FILTERS } from './datafilters.ts'
import { LIST_FILTERS } from './listfilters.ts'
import { NUMBER_FILTERS } from './numberfilters.ts'
import { operation, type Operation } from './operations.ts'
import { PATH_FILTERS } from './pathfilters.ts'
import { PICK_FILTERS } from './pickfilters.ts'
import { REGEX_FILTERS } from './regexfilters.ts'
import { SET_FILTERS } from './setfilters.ts'
import { TEXT_FILTERS } from './textfilters.ts'
import type { Value } from './values.ts'

export type Filter = Operation<Value>

/** `default` is here for its name only: it is evaluated where undefined values are still at hand. */
const DEFAULT: Filter = operation('default_value boolean', (value) => value)

export const FILTERS: Record<string, Filter> = {
  default: DEFAULT,
  d: DEFAULT,
  mandatory: operation('msg', (value) => value),
  ...TEXT_FILTERS,
  ...REGEX_FILTERS,
  ...LIST_FILTERS,
  ...PICK_FILTERS,
  ...SET_FILTERS,
  ...DATA_FILTERS,
  ...NUMBER_FILTERS,
  ...PATH_FILTERS,
}
