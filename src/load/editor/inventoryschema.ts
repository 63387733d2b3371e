import { type EditorSchema, orTemplate, ref } from './editorvalues.ts'
import { VARIABLES } from './keywordschemas.ts'

/** Variables that say how a host is reached, with what they mean. */
export const CONNECTION_VARIABLES: Readonly<Record<string, EditorSchema>> = {
  address: {
    type: 'string',
    description:
      'Host name or IP address; the name of the host when absent. A range of hosts may have a range.',
  },
  port: orTemplate({
    type: 'integer',
    minimum: 1,
    maximum: 65535,
    description: 'Port of the SSH server.',
    errorMessage: 'must be a whole number from 1 to 65535',
  }),
  user: { type: 'string', description: 'Whom to log in as.' },
  key: { type: 'string', description: 'Path of a private key.' },
  jump: {
    type: ['string', 'null'],
    description:
      'Host that the connection goes through: one of the inventory, or [user@]address[:port]; null: none.',
  },
  connection: { type: 'string', description: 'ssh, or local for this machine.', examples: ['ssh', 'local'] },
  become: {
    type: ['boolean', 'string'],
    description: 'Whether steps run as root, or as become_user, by sudo.',
  },
  become_user: { type: 'string', description: 'Whom steps run as with become; root when absent.' },
  become_method: { type: 'string', description: 'sudo: there is no other.', examples: ['sudo'] },
  become_password: { type: 'string', description: 'Password for sudo; better given by --ask-become-pass.' },
}

const variables: EditorSchema = { ...VARIABLES, properties: CONNECTION_VARIABLES }

/** Groups by name; each holds hosts, variables and more groups. */
export const INVENTORY: EditorSchema = {
  type: 'object',
  additionalProperties: ref('Group'),
  definitions: {
    Group: {
      type: ['object', 'null'],
      additionalProperties: false,
      properties: {
        hosts: {
          type: ['object', 'null'],
          description: 'Hosts by name, or by range: rpi[01:14]. Each may have variables of its own.',
          additionalProperties: variables,
        },
        vars: { description: 'Variables of all hosts of the group.', ...variables },
        children: {
          type: ['object', 'null'],
          description: 'Groups inside of this one.',
          additionalProperties: ref('Group'),
        },
      },
    },
  },
}
