import type { Value } from './object.ts'

export interface Cause {
  reason: string
  message: string
  field?: string
}

/** An answer of kind Status with an error in it. */
export class ApiError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: Value
  constructor(code: number, reason: string, message: string, details?: Value) {
    super(message)
    this.code = code
    this.reason = reason
    this.details = details
  }
}

/** What an error is about, as the API names it: `deployments.apps "web"`. */
export interface Subject {
  group: string
  plural: string
  kind: string
}

const qualified = (about: Subject) => (about.group === '' ? about.plural : `${about.plural}.${about.group}`)
const details = (about: Subject, name: string, causes?: Cause[]) => ({
  name,
  ...(about.group === '' ? {} : { group: about.group }),
  kind: about.plural,
  ...(causes === undefined ? {} : { causes }),
})

export const notFound = (about: Subject, name: string) =>
  new ApiError(404, 'NotFound', `${qualified(about)} "${name}" not found`, details(about, name))

export const alreadyExists = (about: Subject, name: string) =>
  new ApiError(409, 'AlreadyExists', `${qualified(about)} "${name}" already exists`, details(about, name))

export const conflict = (about: Subject, name: string, why: string) =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(about)} "${name}": ${why}`,
    details(about, name),
  )

export const terminating = (about: Subject, name: string, namespace: string) =>
  new ApiError(
    403,
    'Forbidden',
    `${qualified(about)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    details(about, name, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ]),
  )

export const badRequest = (message: string) => new ApiError(400, 'BadRequest', message)

export const unauthorized = () => new ApiError(401, 'Unauthorized', 'Unauthorized')

export const noSuchPath = () =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})

export const gone = (version: string) => new ApiError(410, 'Expired', `too old resource version: ${version}`)

/** For what the simulation leaves out: it says so instead of pretending. */
export const notSimulated = (what: string) =>
  new ApiError(501, 'NotImplemented', `the simulated k3s of \`provision lab\` does not do this: ${what}`)

/** 422 with the reasons; a field given twice is listed twice, as the real one does. */
export function invalid(about: Subject, name: string, causes: Cause[]): ApiError {
  const reasons = causes.map((cause) => `${cause.field}: ${cause.message}`)
  const list = reasons.length === 1 ? reasons[0] : `[${reasons.join(', ')}]`
  const message = `${about.group === '' ? about.kind : `${about.kind}.${about.group}`} "${name}" is invalid: ${list}`
  const shown = { name, ...(about.group === '' ? {} : { group: about.group }), kind: about.kind, causes }
  return new ApiError(422, 'Invalid', message, shown)
}

export function statusOf(error: ApiError): Value {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: error.message,
    reason: error.reason,
    ...(error.details === undefined ? {} : { details: error.details }),
    code: error.code,
  }
}
