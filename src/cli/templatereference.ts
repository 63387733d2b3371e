import { CONDITIONS } from '../load/conditions.ts'
import { FILTERS } from '../load/template/filters.ts'
import { GLOBALS } from '../load/template/globals.ts'
import { METHODS } from '../load/template/methods.ts'
import * as refusals from '../load/template/refusals.ts'
import { STATEMENTS } from '../load/template/templatenames.ts'
import { type Example, FILTER_EXAMPLES, TEST_EXAMPLES } from './templateexamples.ts'

/** The page of the documentation about templates. */
export function templateReference(): string {
  return [
    INTRODUCTION,
    '## Filters',
    table(FILTER_EXAMPLES, (name) => usage(name, FILTERS[name]?.takes ?? [])),
    '## Tests',
    'After `is` or `is not`.',
    table(TEST_EXAMPLES, (name) => usage(name, CONDITIONS[name]?.takes ?? [])),
    '## Methods, functions and statements',
    `Methods of texts, lists and mappings: ${names(Object.keys(METHODS))}.`,
    `Functions: ${names([...GLOBALS.keys()])}. \`lookup('env', NAME)\` and \`lookup('file', PATH)\` read this machine, before anything is contacted.`,
    `Statements: ${names(STATEMENTS)}.`,
    '## What there is not, and what to do instead',
    refused('Filters', refusals.REFUSED_FILTERS),
    refused('Tests', refusals.REFUSED_TESTS),
    refused('Functions', refusals.REFUSED_FUNCTIONS),
    refused('Statements', refusals.REFUSED_STATEMENTS),
    refused('Kinds of `lookup`', refusals.REFUSED_LOOKUPS),
  ]
    .join('\n\n')
    .concat('\n')
}

const INTRODUCTION = `# Templates

\`{{ }}\` and \`{% %}\` are Jinja's, with its precedence, its slices (\`list[1:]\`), its inline \`x if y else z\` and its white
space control (\`{%-\`, \`-%}\`). The line break behind a \`{% %}\` goes with it, as in Ansible; the first line of a file may say
otherwise: \`#jinja2: trim_blocks: False, lstrip_blocks: True\`.

- A text that is one expression and nothing else keeps the type of its value: \`"{{ ports }}"\` gives the list itself.
- Inside of other text \`true\` and \`false\` are written so, lists and mappings as JSON, and null is an error.
- What is not defined is an error, with its place, before anything is contacted; \`default\` and \`is defined\` are made for it.
- Backslashes stay as they are written: \`'\\d+'\` and \`'\\1'\` need no doubling. \`'\\n'\` and \`'\\t'\` are what they are elsewhere.
- **Values that came from hosts are data**: braces in them are only text.
- \`{% include 'x.conf' %}\` finds files as the task \`template\` does. Macros are defined in the template that uses them.
- Nothing in a template reaches the program that evaluates it. Work, memory and regular expressions are bounded.`

/** A table cell; a bar would end it. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function table(examples: Record<string, Example>, first: (name: string) => string): string {
  const rows = Object.entries(examples)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, [summary, example, gives]]) => {
      const shown = `\`${cell(`{{ ${example} }}`)}\` → \`${cell(JSON.stringify(gives))}\``
      return `| ${first(name)} | ${cell(summary)} | ${shown} |`
    })
  return ['| | | |', '|---|---|---|', ...rows].join('\n')
}

function usage(name: string, takes: string[]): string {
  const args = takes.filter((one) => one !== '**').map((one) => (one === '*' ? '...' : one))
  return args.length === 0 ? `\`${name}\`` : `\`${name}(${args.join(', ')})\``
}

function names(all: string[]): string {
  return all
    .toSorted()
    .map((name) => `\`${name}\``)
    .join(', ')
}

function refused(title: string, reasons: Record<string, string>): string {
  const rows = Object.entries(reasons).map(([name, reason]) => `| \`${name}\` | ${cell(reason)} |`)
  return [`| ${title} | |`, '|---|---|', ...rows].join('\n')
}
