import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { UsageError } from '../core/errors.ts'
import { nodeOf } from './fault.ts'
import { FILES, SUDO_RULE } from './image/files.ts'
import { labPlaces } from './places.ts'
import { leaderOf } from './processes.ts'

/** Sets whether sudo on a node asks for the account's password (PASSWORD) or lets it pass, as at first. */
export function labSudo(host: string, mode: 'password' | 'nopasswd'): void {
  const lab = labPlaces()
  nodeOf(lab, host)
  const leader = leaderOf(lab, host)
  if (leader === null) throw new UsageError(`${host} is off`)
  const rule = `/proc/${leader}/root${SUDO_RULE}`
  rmSync(rule, { force: true })
  if (mode === 'password') return
  const [text, permissions] = FILES[SUDO_RULE]!
  writeFileSync(rule, text)
  chmodSync(rule, permissions)
}
