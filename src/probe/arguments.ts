/** JSON Schema of arguments that several tasks share. */

export const absolutePath = { type: 'string', pattern: '^/[^\\u0000]*$' } as const

export const fileMode = {
  type: 'string',
  pattern: '^[0-7]{3,4}$',
  description: 'Mode as in chmod, in quotes: "0644". Kept when absent.',
} as const

const ACCOUNT = '^[A-Za-z_][A-Za-z0-9_.-]*\\$?$'

export const accountName = { type: 'string', pattern: ACCOUNT, maxLength: 32 } as const

export const fileOwner = { ...accountName, description: 'Name of the owner. Kept when absent.' } as const

export const fileGroup = { ...accountName, description: 'Name of the group. Kept when absent.' } as const

export const unitArgument = {
  type: 'string',
  pattern: '^[A-Za-z0-9:_.@\\\\-]+$',
  maxLength: 255,
} as const

/** Of tasks that put a whole file in place. */
export const fileArguments = {
  dest: { ...absolutePath, description: 'Absolute path on the host; its directory must exist.' },
  mode: { ...fileMode, description: `${fileMode.description} A new file gets "0644".` },
  owner: fileOwner,
  group: fileGroup,
  validate: {
    type: 'string',
    pattern: '%s',
    description:
      'A command that must succeed on the new file before it replaces the old one; %s is its path.',
  },
  backup: { type: 'boolean', default: false, description: 'Keep the old file beside it as NAME.bak.' },
  force: {
    type: 'boolean',
    default: true,
    description: 'With false, a file that is there is left as it is, whatever is in it.',
  },
} as const
