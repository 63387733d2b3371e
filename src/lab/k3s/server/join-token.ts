import { randomBytes } from 'node:crypto'
import { symlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { readFile, writeFile } from '../files.ts'
import { die } from '../log.ts'

/** The passwords that let others join, without the hash that tokens begin with. */
export interface Passwords {
  server: string
  agent: string
}

const passwordOf = (token: string) => /^K10[0-9a-f]*::[^:]*:(.+)$/.exec(token)?.[1] ?? token

interface GivenTokens {
  server?: string
  agent?: string
  /** True for a password that the datastore was not made under. */
  isStrange: (password: string) => boolean
}

/** Takes the tokens from the settings, or from the last start, or makes them; writes the files they are read from. */
export function loadTokens(directory: string, hash: string, given: GivenTokens): Passwords {
  const kept = readFile(join(directory, 'token'))?.trim()
  const server = passwordOf(given.server ?? kept ?? randomBytes(16).toString('hex'))
  if ((kept !== undefined && passwordOf(kept) !== server) || given.isStrange(server)) {
    die(
      'starting kubernetes: preparing server: bootstrap data already found and encrypted with different token',
    )
  }
  const agent = given.agent === undefined ? server : passwordOf(given.agent)
  writeFile(join(directory, 'token'), `K10${hash}::server:${server}\n`)
  link(directory, 'node-token', 'token')
  if (agent === server) link(directory, 'agent-token', 'token')
  else writeFile(join(directory, 'agent-token'), `K10${hash}::node:${agent}\n`)
  return { server, agent }
}

function link(directory: string, name: string, to: string): void {
  rmSync(join(directory, name), { force: true })
  symlinkSync(to, join(directory, name))
}
