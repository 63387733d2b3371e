import type { Place } from '../core/place.ts'
import type { CarryOver } from '../load/ansible/carryover.ts'
import type { Colours } from './colour.ts'
import { count, printable } from './text.ts'

/** How a playbook of Ansible fares here: what carries over, what differs and what does not; no newline at the end. */
export function carryOverText(found: CarryOver, colours: Colours): string {
  const { steps, carried, words, differs, missing } = found
  const same = words.filter(({ written, as }) => written === as)
  const renamed = words.filter(({ written, as }) => written !== as)
  return [
    colours.bold(
      `From Ansible: ${carried} of ${count(steps, 'step')} ${carried === 1 ? 'carries' : 'carry'} over as written`,
    ),
    ...list(
      'with their own names',
      same.map(({ written, times }) => `${written} ${times}`),
    ),
    ...list(
      'under another name',
      renamed.map(({ written, as, times }) => `${written} as ${as} ${times}`),
    ),
    ...section(
      'run, but not quite as in Ansible:',
      differs.map(({ place, written, note }) => `${where(place)}  ${written}: ${note}`),
    ),
    ...section(
      'have no counterpart; the errors say what to write instead:',
      missing.map(({ place, written }) => `${where(place)}  ${written}`),
    ),
  ].join('\n')
}

function where({ file, line }: Place): string {
  return printable(`${file}:${line}`)
}

function list(title: string, items: string[]): string[] {
  return items.length === 0 ? [] : [`  ${title}: ${items.map(printable).join(', ')}`]
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    ${line}`)]
}
