import { decrypt, Unopened } from './secretage.ts'
import { encryptedBytes, wantsPassphrase } from './secretarmor.ts'
import { IdentityError, SecretError } from './secreterror.ts'
import { identities, identityFile, openWithPassphrase, ownRecipients } from './secretkeys.ts'

/** Decrypts a text or file with the user's keys, or with a passphrase asked for under that name. Throws SecretError. */
export async function open(file: Uint8Array | string, name: string): Promise<Buffer> {
  const content = encryptedBytes(file)
  try {
    if (wantsPassphrase(content)) return await openWithPassphrase(content, `Passphrase of ${name}`)
    return await decrypt(content, { identities: await usableKeys() })
  } catch (error) {
    throw error instanceof Unopened ? await explained(error) : error
  }
}

/** A key that is no key would only be told as "no key fits". */
async function usableKeys(): Promise<string[]> {
  await ownRecipients()
  return identities()
}

async function explained({ reason }: Unopened): Promise<SecretError> {
  if (reason === 'damage')
    return new SecretError(
      'the encrypted text was changed after it was encrypted, or cut off',
      'take it from version control again, or encrypt the value anew',
    )
  const [own = ''] = await ownRecipients()
  return new IdentityError(
    `no key in ${identityFile()} opens this`,
    `it was encrypted for others: let one of them add ${own} to .age-recipients and run 'provision secret rekey'`,
  )
}
