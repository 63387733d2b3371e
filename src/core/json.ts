/** Any value that JSON can hold. Facts, arguments and events are made of nothing else. */
export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}
