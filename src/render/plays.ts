import type { Play, Step } from '../load/program.ts'
import type { Colours } from './colour.ts'
import { count, hostRange, printable } from './text.ts'

/** The plays of a playbook with their hosts, and the steps with their tags, as `--tags` and `--limit` take them. */
export function playsText(plays: Play[], colours: Colours): string {
  return plays.flatMap((play) => playLines(play, plays.length, colours)).join('\n')
}

function playLines(
  { index, name, hosts, steps, handlers, gate }: Play,
  all: number,
  colours: Colours,
): string[] {
  const who = hosts.length === 0 ? 'no host' : `${count(hosts.length, 'host')}: ${hostRange(hosts)}`
  const labelled: [string, Step][] = [
    ...steps.map((step, at): [string, Step] => [String(at + 1), step]),
    ...handlers.map((step): [string, Step] => ['handler', step]),
    ...gate.map((step): [string, Step] => ['gate', step]),
  ]
  const width = Math.max(0, ...labelled.map(([label]) => label.length))
  return [
    colours.bold(printable(`PLAY ${index + 1}/${all} ${name} (${who})`)),
    ...labelled.map(([label, step]) => stepLine(step, label.padStart(width), colours)),
  ]
}

function stepLine({ name, tags }: Step, label: string, colours: Colours): string {
  const marks = tags.length === 0 ? '' : `  ${colours.dim(printable(`[${tags.join(', ')}]`))}`
  return `  ${label}  ${printable(name)}${marks}`
}
