import { didYouMean } from '../../base/suggest.ts'
import type { Diagnostic } from '../../core/place.ts'
import { hasTemplate } from '../template/template.ts'
import { stepsOf } from './blocks.ts'
import type { WrittenStep } from './spot.ts'
import type { WrittenPlay } from './playbook.ts'

/** Checks that what steps notify exists in their own play, and that handlers can be told apart; `unsure` may exist. */
export function checkHandlers(plays: WrittenPlay[], unsure: ReadonlySet<string>): Diagnostic[] {
  return plays.flatMap((play) => [...unknownHandlers(play, plays, unsure), ...sameNames(play)])
}

function topics(play: WrittenPlay): string[] {
  return play.handlers.flatMap(({ name, listen }) => [name, ...listen])
}

function unknownHandlers(play: WrittenPlay, plays: WrittenPlay[], unsure: ReadonlySet<string>): Diagnostic[] {
  const known = [...topics(play), ...unsure]
  return [...stepsOf(play.nodes), ...play.handlers].flatMap((step) =>
    step.notify.flatMap((topic, index) =>
      known.includes(topic) ? [] : unknownHandler(topic, step, index, known, plays),
    ),
  )
}

function unknownHandler(
  topic: string,
  step: WrittenStep,
  index: number,
  known: string[],
  plays: WrittenPlay[],
): Diagnostic {
  if (hasTemplate(topic)) {
    const message = 'the name of a handler holds no template: handlers are known before the run'
    const hint = `write it out${known.length > 0 ? `, e.g. ${known[0]}` : ''}`
    return { severity: 'error', place: step.placeOf(`/notify/${index}`), message, hint }
  }
  const elsewhere = plays.find((play) => topics(play).includes(topic))
  const hint =
    elsewhere === undefined
      ? didYouMean(topic, known) || "write it under 'handlers' of the play"
      : `the play '${elsewhere.name}' has one, but a step notifies only handlers of its own play`
  const message = `there is no handler '${topic}'`
  return { severity: 'error', place: step.placeOf(`/notify/${index}`), message, hint }
}

function sameNames({ handlers }: WrittenPlay): Diagnostic[] {
  return handlers
    .filter(({ name }, index) => handlers.findIndex((other) => other.name === name) < index)
    .map(({ name, place }) => {
      const message = `there are two handlers '${name}'`
      return { severity: 'error', place, message, hint: 'give each its own name' }
    })
}
