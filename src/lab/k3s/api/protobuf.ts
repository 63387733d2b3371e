import type { Value } from './object.ts'
import { ApiError } from './status.ts'

/**
 * Some of kubectl's own commands (create namespace, create token, drain) send protobuf and nothing else.
 * A message is its fields by number: name, then type; `[]` marks a repeated field, a message another level.
 */
type Message = Record<number, [name: string, type: Type]>
type Type = 'string' | 'bytes' | 'integer' | 'boolean' | 'map' | 'bytesMap' | 'strings' | Message | [Message]

const metadata: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  11: ['labels', 'map'],
  12: ['annotations', 'map'],
  14: ['finalizers', 'strings'],
}
const meta: Message = { 1: ['metadata', metadata] }

const deleteOptions: Message = {
  1: ['gracePeriodSeconds', 'integer'],
  2: ['preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
  3: ['orphanDependents', 'boolean'],
  4: ['propagationPolicy', 'string'],
  5: ['dryRun', 'strings'],
}
const subject: Message = {
  1: ['kind', 'string'],
  2: ['apiGroup', 'string'],
  3: ['name', 'string'],
  4: ['namespace', 'string'],
}
const roleRef: Message = { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] }
const rule: Message = {
  1: ['verbs', 'strings'],
  2: ['apiGroups', 'strings'],
  3: ['resources', 'strings'],
  4: ['resourceNames', 'strings'],
  5: ['nonResourceURLs', 'strings'],
}
const binding: Message = { ...meta, 2: ['subjects', [subject]], 3: ['roleRef', roleRef] }
const role: Message = { ...meta, 2: ['rules', [rule]] }

const attributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
}

const messages: Record<string, Message> = {
  Namespace: meta,
  ServiceAccount: meta,
  ConfigMap: { ...meta, 2: ['data', 'map'], 3: ['binaryData', 'bytesMap'], 4: ['immutable', 'boolean'] },
  Secret: {
    ...meta,
    2: ['data', 'bytesMap'],
    3: ['type', 'string'],
    4: ['stringData', 'map'],
    5: ['immutable', 'boolean'],
  },
  ClusterRoleBinding: binding,
  RoleBinding: binding,
  ClusterRole: role,
  Role: role,
  TokenRequest: {
    ...meta,
    2: ['spec', { 1: ['audiences', 'strings'], 4: ['expirationSeconds', 'integer'] }],
  },
  Eviction: { ...meta, 2: ['deleteOptions', deleteOptions] },
  DeleteOptions: deleteOptions,
  SelfSubjectAccessReview: {
    ...meta,
    2: [
      'spec',
      {
        1: ['resourceAttributes', attributes],
        2: ['nonResourceAttributes', { 1: ['path', 'string'], 2: ['verb', 'string'] }],
      },
    ],
  },
}

const magic = Buffer.from('k8s\0')

export const isProtobuf = (body: Buffer) => body.subarray(0, 4).equals(magic)

/** The object in a protobuf body; kinds not listed above are refused. */
export function decodeProtobuf(body: Buffer): Value {
  const envelope = readMessage(body.subarray(4), {
    1: ['type', { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }],
    2: ['raw', 'bytes'],
  })
  const { apiVersion, kind } = envelope.type
  const message = messages[kind]
  if (message === undefined) {
    const hint = `the simulated k3s reads ${kind} as JSON or YAML only: use \`kubectl apply -f\` or \`kubectl create -f\``
    throw new ApiError(415, 'UnsupportedMediaType', hint)
  }
  return { apiVersion, kind, ...readMessage(Buffer.from(envelope.raw ?? '', 'base64'), message) }
}

function readMessage(bytes: Buffer, message: Message): Value {
  const result: Value = {}
  for (const { number, value } of fieldsIn(bytes)) {
    const [name, type] = message[number] ?? []
    if (name !== undefined && type !== undefined) addField(result, name, type, value)
  }
  return result
}

function addField(result: Value, name: string, type: Type, value: Buffer | number): void {
  const bytes = typeof value === 'number' ? Buffer.alloc(0) : value
  if (type === 'integer') result[name] = value
  else if (type === 'boolean') result[name] = value === 1
  else if (type === 'bytes') result[name] = bytes.toString('base64')
  else if (type === 'strings') result[name] = [...(result[name] ?? []), bytes.toString()]
  else if (type === 'map' || type === 'bytesMap') result[name] = { ...result[name], ...entryOf(bytes, type) }
  else if (Array.isArray(type)) result[name] = [...(result[name] ?? []), readMessage(bytes, type[0])]
  else if (type !== 'string') result[name] = readMessage(bytes, type)
  // An empty string is how protobuf writes "not given".
  else if (bytes.length > 0) result[name] = bytes.toString()
}

function entryOf(bytes: Buffer, type: 'map' | 'bytesMap'): Value {
  const entry = readMessage(bytes, {
    1: ['key', 'string'],
    2: ['value', type === 'map' ? 'string' : 'bytes'],
  })
  return { [entry.key ?? '']: entry.value ?? '' }
}

function* fieldsIn(bytes: Buffer): Generator<{ number: number; value: Buffer | number }> {
  let at = 0
  const varint = () => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    if (tag % 8 === 0) yield { number, value: varint() }
    else if (tag % 8 === 2) {
      const length = varint()
      yield { number, value: bytes.subarray(at, (at += length)) }
    } else
      throw new ApiError(400, 'BadRequest', 'the protobuf body holds a type that Kubernetes does not use')
  }
}
