import { TaskError } from '../src/core/errors.ts'
import { defineTask } from '../src/core/task.ts'
import { editableText, planFile } from '../src/probe/filechange.ts'
import { fileProbe } from '../src/probe/files.ts'
import { parseHostsLine } from '../src/probe/hostsfile.ts'
import { insertLine, joinLines, type Line, splitLines } from '../src/probe/lines.ts'

const HOSTS = '/etc/hosts'
const NAMES = '^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$'

export default defineTask({
  name: 'hosts_file',
  summary: 'Keeps a marked block of addresses and names in /etc/hosts; all other lines stay.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['entries'],
    properties: {
      entries: {
        type: 'object',
        propertyNames: { pattern: '^[0-9A-Fa-f.:]+$' },
        additionalProperties: {
          anyOf: [
            { type: 'string', pattern: NAMES },
            { type: 'array', items: { type: 'string', pattern: NAMES }, minItems: 1 },
          ],
        },
        description: 'For each IP address a name, or a list of names.',
      },
      block: {
        type: 'string',
        pattern: '^[A-Za-z0-9_-]+$',
        default: 'provision',
        description: 'Name in the marks around the block; one block for each name.',
      },
    },
  },
  example: `- name: All nodes know each other
  hosts_file:
    entries:
      16.0.0.10: rpicloud
      16.0.0.11: [rpi01, k3s-server]
`,
  returns: {},
  probes: () => ({ hosts: fileProbe(HOSTS) }),
  plan({ entries, block }, { hosts }) {
    const lines = splitLines(editableText(HOSTS, hosts))
    const { before, after } = outside(lines, block)
    const wanted = Object.entries(entries).map(([address, names]) => ({ address, names: [names].flat() }))
    for (const entry of wanted) refuseContradiction([...before, ...after], entry.address, entry.names)
    const said = wanted.map(({ address, names }) => `${address}\t${names.join(' ')}`)
    const text = said.length === 0 ? [] : [`# BEGIN ${block}`, ...said, `# END ${block}`]
    // Placed by the same rules as any new line, so that line ends stay what they are.
    const placed = text.reduce((all, line, at) => insertLine(all, line, before.length + at), before)
    return planFile({ path: HOSTS, content: { text: joinLines([...placed, ...after]) } }, hosts)
  },
})

/** The lines around the block; all of them come before it when there is none yet. */
function outside(lines: Line[], block: string): { before: Line[]; after: Line[] } {
  const begin = lines.findIndex(({ text }) => text === `# BEGIN ${block}`)
  if (begin < 0) return { before: lines, after: [] }
  const end = lines.findIndex(({ text }, at) => at > begin && text === `# END ${block}`)
  if (end < 0) {
    throw new TaskError(
      `${HOSTS} has '# BEGIN ${block}' without '# END ${block}'`,
      'mend the file by hand: who knows where the block ends?',
    )
  }
  return { before: lines.slice(0, begin), after: lines.slice(end + 1) }
}

const LOOPBACK = /^(127\.|::1$)/

/** The first line that has a name wins, so another address elsewhere would make ours void. */
function refuseContradiction(lines: Line[], address: string, names: string[]): void {
  const sameKind = (other: string) => other.includes(':') === address.includes(':')
  for (const { text } of lines) {
    const other = parseHostsLine(text)
    if (
      other === undefined ||
      other.address === address ||
      !sameKind(other.address) ||
      LOOPBACK.test(other.address)
    )
      continue
    const name = names.find((one) => other.names.includes(one))
    if (name === undefined) continue
    throw new TaskError(
      `${HOSTS} already says ${name} is ${other.address}, not ${address}`,
      `remove that line: line: { path: ${HOSTS}, match: '^${other.address}', state: absent }`,
    )
  }
}
