import type { Json, JsonObject } from '../core/json.ts'
import { absolutePath } from './arguments.ts'
import { registriesProperties } from './k3sregistries.ts'

/** JSON Schema of the arguments that server and agent share. */
export const k3sArguments = {
  version: {
    type: 'string',
    format: 'k3s-release',
    description:
      'Release of k3s, e.g. v1.25.4+k3s1. Always a fixed one: what is newest changes under a cluster.',
  },
  config: {
    type: 'object',
    default: {},
    description: "Further keys of k3s's config.yaml, e.g. node-ip, node-label, disable, tls-san.",
  },
  registries: {
    type: 'object',
    additionalProperties: false,
    properties: registriesProperties,
    description:
      'Content of registries.yaml: mirrors and logins of image registries. The file is left alone when absent.',
  },
  env: {
    type: 'object',
    additionalProperties: { type: 'string' },
    default: {},
    description: 'Environment variables of the service, e.g. HTTPS_PROXY.',
  },
  requires_mounts: {
    type: 'array',
    items: absolutePath,
    default: [],
    description: 'Mount points without which the service must not start, e.g. [/mnt/storage].',
  },
  timeout: {
    type: 'integer',
    minimum: 10,
    default: 600,
    description: 'Seconds within which the node must be Ready after a start.',
  },
} as const

/** Passwords inside free-form settings; those of format `secret` are known without it. */
export function secretsIn(args: {
  config: JsonObject
  registries?: JsonObject
  env: Record<string, string>
}): string[] {
  return [args.config, args.registries ?? {}, args.env].flatMap(secretValues)
}

function secretValues(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) =>
    typeof one === 'string' && /(token|password|auth|secret)$/i.test(key) ? [one] : secretValues(one),
  )
}
