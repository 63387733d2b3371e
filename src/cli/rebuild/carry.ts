import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { sh } from '../../base/shell.ts'
import type { Connection } from '../../connect/connection.ts'
import { CommandError, ConnectionLost } from '../../core/errors.ts'
import { becomeOn } from '../../core/host.ts'
import type { Part } from '../backup/manifest.ts'
import { unseal } from '../backup/sealed.ts'
import type { Backup } from '../backup/store.ts'

/** Where backups are unpacked on hosts until their parts are in place. */
export const UNPACKED = '/var/lib/provision-restore'

/** Unpacks a part of a backup on its host, readable by root alone; gives the directory. Nothing is done where that was done before. */
export async function carry(
  connection: Connection,
  { name, folder }: Backup,
  part: Part,
  keys: string[],
): Promise<string> {
  const directory = `${UNPACKED}/${name}/${part.name}`
  const become = becomeOn(connection.host, true)
  const partial = `${directory}.partial`
  const begin = sh`[ ! -d ${directory} ] || exit 3; umask 077; rm -rf ${partial}; mkdir -p ${partial}`
  const { code, stderr } = await connection.run(begin, { become })
  if (code === 3) return directory
  if (code !== 0) throw failed(connection, part, code, stderr)
  await send(connection, { partial, file: join(folder, part.file), part, keys })
  const end = await connection.run(sh`sync && mv -T ${partial} ${directory}`, { become })
  if (end.code !== 0) throw failed(connection, part, end.code, end.stderr)
  return directory
}

interface Shipment {
  partial: string
  file: string
  part: Part
  keys: string[]
}

/** Only what is whole gets its name: the archive's own end says little of what is missing before it. */
async function send(connection: Connection, { partial, file, part, keys }: Shipment): Promise<void> {
  const unpack = part.file.endsWith('.tar.gz.age') ? '-xz' : '-x'
  const pipe = await connection.stream(sh`LC_ALL=C exec tar ${unpack} -p -f - -C ${partial}`, {
    become: becomeOn(connection.host, true),
  })
  let said = ''
  pipe.stdout.resume()
  pipe.stderr.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-2000)))
  const hash = createHash('sha256')
  const source = await unseal(file, keys)
  source.on('data', (chunk: Uint8Array) => hash.update(chunk))
  const sent = pipeline(source, pipe.stdin).then(
    () => undefined,
    (error: Error) => error,
  )
  const code = await pipe.ended
  source.destroy()
  const problem = await sent
  if (code === null)
    throw new ConnectionLost(`${connection.host.name}: the connection broke while the backup was sent`, {
      hint: 'run it again: it goes on where it was',
    })
  if (code !== 0 || problem !== undefined || hash.digest('hex') !== part.sha256)
    throw failed(connection, part, code, said || (problem?.message ?? 'it did not arrive as it was'))
}

function failed({ host }: Connection, { name }: Part, code: number, stderr: string): CommandError {
  return new CommandError(`${host.name}: ${name} of the backup could not be unpacked: ${stderr.trim()}`, {
    code,
    command: `unpack ${name}`,
    stderr,
    hint: `is there room? provision exec -b ${host.name} -- df -h /var/lib`,
  })
}
