import { defineScalarTag, EVENT_ID, type Event, getScalarValue, intCoreTag, SCALAR_STYLE } from 'js-yaml'
import type { Fault } from './yamlfaults.ts'

/** Numbers that would lose digits as numbers: 1.10 becomes 1.1, and from 17 digits on the last ones are rounded. */
export function lossyNumbers(events: Event[], text: string): Fault[] {
  return events.flatMap((event) => {
    if (event.type !== EVENT_ID.SCALAR || event.style !== SCALAR_STYLE.PLAIN || event.tagStart >= 0) return []
    const written = getScalarValue(text, event)
    if (!/^[-+]?([1-9]\d{15,}|\d+\.\d*0)$/.test(written)) return []
    const number = String(Number(written))
    if (number === written.replace(/^\+/, '')) return []
    return {
      offset: event.valueStart,
      message: `${written} is read as the number ${number}`,
      hint: `quote it if it is text: "${written}"; else write ${number}`,
    }
  })
}

/** Whole numbers; one with a zero before it (a mode, a postcode) is text: as a number it would lose the zero. */
export const WHOLE_NUMBERS = defineScalarTag<number | string>('tag:yaml.org,2002:int', {
  ...intCoreTag,
  resolve: (source, isExplicit, name) =>
    !isExplicit && /^0\d+$/.test(source) ? source : intCoreTag.resolve(source, isExplicit, name),
  represent: String,
})
