/** Control characters that JSON leaves as they are, and those that reverse the reading direction. */
const unprintable = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** JSON that may be looked at: what a host printed must do no more to a terminal in a document than in a line. */
export function printedJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(
    unprintable,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
