import {
  COLLECTION_STYLE,
  type Event,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  YAMLException,
} from 'js-yaml'
import { SECRET_TAG } from './yamlsecret.ts'

/** A text tagged `!secret` in a YAML file: from its tag to its end, offsets from 0. */
export interface SecretSpan {
  start: number
  end: number
  value: string
  /** Written as a block below the tag. */
  block: boolean
  /** Inside of brackets or braces, where there can be no block. */
  flow: boolean
}

/** All texts tagged `!secret`, in the order of the file. Throws Error with the parser's reason and the line. */
export function secretSpans(source: string): SecretSpan[] {
  const spans: SecretSpan[] = []
  const open: boolean[] = []
  for (const event of events(source)) {
    if (event.type === EVENT_ID.POP) open.pop()
    else if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.MAPPING)
      open.push(event.style === COLLECTION_STYLE.FLOW)
    else if (event.type === EVENT_ID.DOCUMENT) open.push(false)
    else if (event.type === EVENT_ID.SCALAR && isSecret(source, event))
      spans.push(spanOf(source, event, open.includes(true)))
  }
  return spans
}

type Scalar = Extract<Event, { type: typeof EVENT_ID.SCALAR }>

function isSecret(source: string, { tagStart, tagEnd }: Scalar): boolean {
  return tagStart >= 0 && source.slice(tagStart, tagEnd) === SECRET_TAG
}

function spanOf(source: string, event: Scalar, flow: boolean): SecretSpan {
  const { tagStart: start, tagEnd, valueEnd, style } = event
  if (valueEnd < 0) return { start, end: tagEnd, value: '', block: false, flow }
  const block = style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK
  const quoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED
  return { start, end: valueEnd + (quoted ? 1 : 0), value: getScalarValue(source, event), block, flow }
}

function events(source: string): Event[] {
  try {
    return parseEvents(source, {})
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    throw new Error(`${error.reason}${error.mark === undefined ? '' : `, on line ${error.mark.line + 1}`}`)
  }
}
