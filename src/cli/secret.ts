import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { SHORTEST_SECRET } from '../base/redact.ts'
import { UsageError } from '../core/errors.ts'
import { encrypt, newIdentity, recipientOf } from '../load/secret/secretage.ts'
import { SecretError, secretDiagnostics, type SecretFailure } from '../load/secret/secreterror.ts'
import { identityFile } from '../load/secret/secretkeys.ts'
import { open } from '../load/secret/secretopen.ts'
import { type Recipients, RECIPIENTS_FILE, recipientsFor } from '../load/secret/secretrecipients.ts'
import { withoutNewline } from '../load/secret/secretsources.ts'
import { closeText, openText, rekeyText, secretBlock, WrongSecrets } from '../load/secret/secrettext.ts'
import { count } from '../render/text.ts'
import { ask } from './prompt.ts'
import { editText } from './secretedit.ts'
import { findSecretFiles, holdsValues, readSecretFile, replaceFile, type SecretFile } from './secretfiles.ts'

/** Makes the user's key; prints its public half. */
export async function keygen(): Promise<void> {
  const file = identityFile()
  const identity = await newIdentity()
  const recipient = await recipientOf(identity)
  const text = `# created: ${new Date().toISOString()}\n# public key: ${recipient}\n${identity}\n`
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(file, text, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw new UsageError(`${file} can't be written: ${error.message}`)
    throw new UsageError(
      `there is an identity already: ${file}`,
      'what was encrypted for it needs it; move it away to make another',
    )
  })
  say(`wrote ${file}; keep it to yourself, and a copy of it in a safe place`)
  say(`its public key is for ${RECIPIENTS_FILE} beside your inventory:`)
  process.stdout.write(`${recipient}\n`)
}

/** Encrypts files in place, or a value that is typed or comes on standard input and is printed as YAML. */
export async function encryptSecrets(files: string[], { name }: { name?: string }): Promise<void> {
  if (files.length === 0) return explained(() => encryptValue(name))
  const contents = await collect(files, async (path) => {
    const file = await readSecretFile(path)
    if (file.whole)
      throw new SecretError(`${path} is encrypted already`, `change it with: provision secret edit ${path}`)
    const recipients = await recipientsFor(dirname(path))
    return { path, content: `${await encrypt(file.bytes, recipients.keys)}\n`, recipients }
  })
  for (const { path, content, recipients } of contents) {
    await replaceFile(path, content)
    say(`encrypted ${path} for ${recipientsText(recipients)}`)
  }
}

async function encryptValue(name: string | undefined): Promise<void> {
  const recipients = await recipientsFor('.')
  const value = withoutNewline(process.stdin.isTTY ? await askTwice() : await readAll())
  if (value.toString('utf8').trim().length < SHORTEST_SECRET)
    throw new SecretError(
      `a secret needs ${SHORTEST_SECRET} characters or more`,
      'a shorter one could not be masked',
    )
  const block = secretBlock(await encrypt(value, recipients.keys), 2)
  process.stdout.write(`${name === undefined ? '' : `${name}: `}${block}\n`)
  say(`encrypted for ${recipientsText(recipients)}`)
}

async function askTwice(): Promise<Buffer> {
  const value = await ask('Secret: ', true)
  if (value !== (await ask('Again: ', true))) throw new SecretError('these are not the same', 'try again')
  return Buffer.from(value)
}

async function readAll(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Prints a file with its secrets in plain, or a value that comes on standard input. */
export async function decryptSecrets(path: string | undefined): Promise<void> {
  if (path === undefined) {
    const bytes = await readAll()
    // What is copied out of a YAML file has more around it than the encrypted text.
    const [text = bytes] =
      /-----BEGIN AGE [^]*?-----END AGE [A-Z ]+-----/.exec(bytes.toString('latin1')) ?? []
    process.stdout.write(await explained(() => open(text, 'the secret')))
    return
  }
  const file = await readSecretFile(path)
  process.stdout.write(await explained(() => opened(file)))
}

async function opened(file: SecretFile): Promise<Buffer | string> {
  if (file.whole) return open(file.bytes, file.path)
  if (!holdsValues(file)) throw new SecretError(`${file.path} holds no secrets`)
  return (await openText(file.bytes.toString('utf8'), file.path)).text
}

/** Opens a file in the editor with its secrets in plain, and encrypts again what was changed. */
export async function editSecrets(path: string): Promise<void> {
  const file = await readSecretFile(path)
  const recipients = (): Promise<Recipients> => recipientsFor(dirname(path))
  const [plain, close] = await explained(() => prepareEdit(file, async () => (await recipients()).keys))
  const content = await editText(plain, path, (edited) => explained(() => close(edited)), askAgain)
  if (content === undefined || Buffer.from(content).equals(file.bytes)) return say(`${path} was not changed`)
  if (!(await readSecretFile(path)).bytes.equals(file.bytes))
    throw new UsageError(
      `${path} was changed by somebody else in the meantime; it is left as it is`,
      'edit it again',
    )
  await replaceFile(path, content)
  say(`changed ${path}`)
}

type Close = (edited: Buffer) => Promise<string | undefined>

async function prepareEdit(
  file: SecretFile,
  keys: () => Promise<string[]>,
): Promise<[Buffer | string, Close]> {
  if (file.whole) {
    const plain = await open(file.bytes, file.path)
    const close: Close = async (edited) =>
      edited.equals(plain) ? undefined : `${await encrypt(edited, await keys())}\n`
    return [plain, close]
  }
  if (!/\.ya?ml$/.test(file.path))
    throw new SecretError(
      `${file.path} holds no secrets`,
      `encrypt it with: provision secret encrypt ${file.path}`,
    )
  const { text, secrets } = await openText(file.bytes.toString('utf8'), file.path)
  return [text, (edited) => closeText(edited.toString('utf8'), file.path, secrets, keys)]
}

async function askAgain(error: unknown): Promise<boolean> {
  if (!(error instanceof UsageError) || !process.stdin.isTTY) return false
  for (const { message, hint } of error.diagnostics) say(`${message}${hint ? ` (${hint})` : ''}`)
  return !/^n/i.test(await ask('Edit again? [Y/n] ', false))
}

/** Encrypts all secrets in files and folders for those who are to read them now. Writes nothing unless all can be. */
export async function rekeySecrets(paths: string[]): Promise<void> {
  const files = await findSecretFiles(paths.length === 0 ? ['.'] : paths)
  if (files.length === 0) throw new UsageError(`there are no secrets in ${paths.join(', ') || 'this folder'}`)
  const rekeyed = await collect(files, async (file) => {
    const recipients = await recipientsFor(dirname(file.path))
    return { path: file.path, content: await rekey(file, recipients.keys), recipients, before: file.bytes }
  })
  const changed = rekeyed.filter(({ content, before }) => !Buffer.from(content).equals(before))
  for (const { path, content, recipients } of changed) {
    await replaceFile(path, content)
    say(`encrypted ${relative('.', path)} anew for ${recipientsText(recipients)}`)
  }
}

async function rekey({ path, bytes, whole }: SecretFile, keys: string[]): Promise<string> {
  if (whole) return `${await encrypt(await open(bytes, path), keys)}\n`
  return rekeyText(bytes.toString('utf8'), path, keys)
}

/** For whom, in words. */
export function recipientsText({ keys, file }: Recipients): string {
  if (file !== undefined) return `${count(keys.length, 'recipient')} of ${relative('.', file)}`
  return `yourself only: there is no ${RECIPIENTS_FILE}`
}

/** Everything is tried, and every mistake told, before anything is written. */
async function collect<T, R>(items: T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const wrong: SecretFailure[] = []
  for (const item of items)
    await work(item).then(
      (result) => results.push(result),
      (error: unknown) => wrong.push(...failuresOf(error)),
    )
  if (wrong.length > 0) throw new UsageError(secretDiagnostics(wrong))
  return results
}

/** Does work; what is wrong with secrets becomes UsageError. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  const [result] = await collect([undefined], work)
  return result as T
}

function failuresOf(error: unknown): SecretFailure[] {
  if (error instanceof WrongSecrets) return error.failures
  if (error instanceof SecretError) return [{ error }]
  throw error
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
