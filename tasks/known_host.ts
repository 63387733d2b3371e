import { defineTask } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import { editableText, planFile } from '../src/probe/filechange.ts'
import { fileProbe } from '../src/probe/files.ts'
import { keyTitle, rekey } from '../src/probe/knownhost.ts'

export default defineTask({
  name: 'known_host',
  summary: 'Replaces the key that a known_hosts file has for a host which was installed anew.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'names', 'key'],
    properties: {
      path: {
        ...absolutePath,
        description: 'The known_hosts file. Where it does not know the host it stays as it is.',
      },
      names: {
        type: 'array',
        items: { type: 'string', pattern: '^[^\\s,*?!|#]+$' },
        minItems: 1,
        description:
          'Names and addresses of the host, e.g. rpi14 and 16.0.0.24; [16.0.0.24]:2222 with a port.',
      },
      key: {
        type: 'string',
        pattern: '^[a-z0-9@.-]+ [A-Za-z0-9+/=]+$',
        description: 'The key that the host has now: its type and the key in Base64, as in known_hosts.',
      },
    },
  },
  example: `- name: The new key of rpi14
  known_host:
    path: /home/pi/.ssh/known_hosts
    names: [rpi14, 16.0.0.24]
    key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtQbmPNcXyo7mPlP1mXy0dSjcG4jK4D6r0cRkS0yXvT
`,
  returns: {},
  probes: ({ path }) => ({ file: fileProbe(path) }),
  plan({ path, names, key }, { file }) {
    const old = editableText(path, file)
    const { text, replaced } = rekey(old, names, key, path)
    const were = replaced.map((one) => `${keyTitle(`${one.type} ${one.key}`)} (line ${one.line})`)
    return planFile({ path, content: { text } }, file).flatMap((change) =>
      replaced.length === 0
        ? []
        : [
            {
              ...change,
              summary: `replace the key of ${names.join(' and ')} in ${path}: ${were.join(', ')} by ${keyTitle(key)}`,
            },
          ],
    )
  },
})
