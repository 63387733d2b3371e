import { DATA_FILTERS } from './datafilters.ts'
import { LIST_FILTERS } from './listfilters.ts'
import { TEXT_FILTERS } from './textfilters.ts'
import type { Json, JsonObject } from '../core/json.ts'

/** What stands before the bar, then the arguments; named arguments come as a mapping at the end. */
export type Filter = (value: Json, args: Json[], named: JsonObject) => Json

/** `default` is here for its name only: it is evaluated where undefined values are still at hand. */
export const FILTERS: Record<string, Filter> = {
  default: (value) => value,
  d: (value) => value,
  ...TEXT_FILTERS,
  ...LIST_FILTERS,
  ...DATA_FILTERS,
}
