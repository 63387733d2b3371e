const secret = (description: string) => ({ type: 'string', format: 'secret', description }) as const

/** JSON Schema of registries.yaml's two parts. */
export const registriesProperties = {
  mirrors: {
    type: 'object',
    description:
      'Where images are taken from, by the registry in their names, e.g. "127.0.0.1:5000"; "*" is all others.',
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      properties: {
        endpoint: {
          type: 'array',
          items: { type: 'string', pattern: '^https?://[^\\s]+$' },
          description: 'Addresses that are tried in this order, with http:// where a registry has no TLS.',
        },
        rewrite: {
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'Replacements for names of images, by regular expression.',
        },
      },
    },
  },
  configs: {
    type: 'object',
    description: 'Logins and certificates, by the host and port of an endpoint.',
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      properties: {
        auth: {
          type: 'object',
          additionalProperties: false,
          description: 'How to log in.',
          properties: {
            username: { type: 'string', description: 'Name of the user.' },
            password: secret('Password of the user.'),
            auth: secret('User and password in Base64, instead of these two.'),
            identity_token: secret('A token, instead of a password.'),
          },
        },
        tls: {
          type: 'object',
          additionalProperties: false,
          description: 'How its certificate is checked; files are paths on the host.',
          properties: {
            ca_file: { type: 'string', description: "Certificate of the registry's authority." },
            cert_file: { type: 'string', description: "The node's own certificate." },
            key_file: { type: 'string', description: "Key of the node's own certificate." },
            insecure_skip_verify: { type: 'boolean', description: 'Take any certificate.' },
          },
        },
      },
    },
  },
} as const
