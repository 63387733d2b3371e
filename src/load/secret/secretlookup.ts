import { processSecrets, SHORTEST_SECRET } from '../../base/redact.ts'
import { TaskError } from '../../core/errors.ts'
import { type Diagnostic, placeText } from '../../core/place.ts'
import { type Secret, type SecretSource, takeWanted } from './secret.ts'
import { canAsk } from './secretask.ts'
import { SecretError, secretDiagnostics, type SecretFailure } from './secreterror.ts'
import { identities } from './secretkeys.ts'
import { fetchSecret } from './secretsources.ts'

/** Values that were looked up, by their source: what is written twice is asked for once. */
const values = new Map<string, Promise<Buffer>>()

/**
 * Runs a check until it needs no further secret; what it needs is looked up in between. Gives the mistakes of the
 * last check and the secrets that can't be had. Nobody is asked and no command runs where something is wrong already
 * (`sound` is false), or where only `encrypted` ones are wanted.
 */
export async function settleSecrets(
  check: () => Diagnostic[],
  options: { sound: boolean; only?: 'encrypted' | 'none' },
): Promise<Diagnostic[]> {
  const failures: SecretFailure[] = []
  takeWanted()
  for (;;) {
    const problems = check()
    const sound = options.sound && problems.length + failures.length === 0
    const wanted = takeWanted().filter(({ source }) => isWanted(source, sound, options.only))
    const quiet = wanted.filter(({ source }) => isQuiet(source))
    const chosen = quiet.length > 0 ? quiet : wanted
    if (chosen.length === 0) return [...problems, ...secretDiagnostics(failures)]
    failures.push(...(await lookUp(chosen)))
  }
}

function isWanted(source: SecretSource, sound: boolean, only: 'encrypted' | 'none' | undefined): boolean {
  const { from } = source
  if (only === 'none') return false
  if (only === 'encrypted') return from === 'age' || from === 'content'
  return sound || isQuiet(source)
}

/** Neither asks nor runs anything; without a terminal a question fails at once and is told with the other mistakes. */
function isQuiet({ from }: SecretSource): boolean {
  return from === 'prompt' ? !canAsk() : from !== 'command'
}

/** Whether there is an identity that opens secrets without asking for anything. */
export async function hasIdentity(): Promise<boolean> {
  return identities().then(
    () => true,
    () => false,
  )
}

/** Does `work`, again after looking up the secrets that it turned out to need. Throws TaskError when one can't be had. */
export async function withSecrets<T>(work: () => T): Promise<T> {
  for (;;) {
    takeWanted()
    const result = work()
    const wanted = takeWanted()
    if (wanted.length === 0) return result
    const [failure] = await lookUp(wanted)
    if (failure !== undefined) {
      const [{ message, hint, place }] = secretDiagnostics([failure]) as [Diagnostic]
      throw new TaskError(place === undefined ? message : `${message} (${placeText(place)})`, hint)
    }
  }
}

/** Looks secrets up and remembers them for masking. Resolves with those that can't be had. */
async function lookUp(secrets: Secret[]): Promise<SecretFailure[]> {
  const failures = await Promise.all(secrets.map(lookUpOne))
  return failures.filter((failure) => failure !== undefined)
}

async function lookUpOne(secret: Secret): Promise<SecretFailure | undefined> {
  try {
    secret.value = usable(await valueOf(secret), secret)
    secret.state = 'known'
    return undefined
  } catch (error) {
    if (!(error instanceof SecretError)) throw error
    secret.state = 'failed'
    return { place: secret.place, error }
  }
}

function valueOf({ source, place }: Secret): Promise<Buffer> {
  const key = JSON.stringify(source)
  const known = values.get(key) ?? fetchSecret(source, placeText(place))
  values.set(key, known)
  return known
}

/** A value that can be masked wherever it appears. */
function usable(value: Buffer, { source }: Secret): Buffer {
  const text = value.toString('utf8')
  if (text.trim().length >= SHORTEST_SECRET) processSecrets.add(text)
  if (source.from === 'content') return value
  if (text.includes('\uFFFD'))
    throw new SecretError('the secret is not UTF-8 text', 'use it as a file, with copy')
  if (text.trim() === '') throw new SecretError('the secret is empty', 'give it a value')
  if (text.trim().length < SHORTEST_SECRET)
    throw new SecretError(
      `the secret has fewer than ${SHORTEST_SECRET} characters and can't be masked in what is shown`,
      'choose a longer one',
    )
  return value
}
