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
