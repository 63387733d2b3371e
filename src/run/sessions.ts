import { becomeOn, type Host } from '../core/host.ts'
import type { Program } from '../load/program.ts'
import type { RunOptions } from './context.ts'
import { Session, type SessionOptions } from './session.ts'

/** The session of a host: one of the run, one that is only read from or delegated to, or this machine. */
export function openSession(
  name: string,
  program: Program,
  options: RunOptions,
  { emit, holders }: Pick<SessionOptions, 'emit' | 'holders'>,
): Session {
  const { plays, inventory } = program
  const targeted = plays.some(({ hosts }) => hosts.includes(name))
  const known = inventory.hosts.get(name)
  const steps = plays.flatMap((play) =>
    play.everyHost.includes(name)
      ? play.steps
      : play.steps.filter(({ delegateTo }) => delegateTo !== undefined),
  )
  const host = known ?? thisMachine(name)
  return new Session(host, {
    connector: options.connector,
    // A host that is only read from is no host of this run.
    emit: targeted ? emit : () => undefined,
    signal: options.signal,
    onSecret: (secret) => options.redactor.add(secret),
    // This machine is no host of the cluster: what runs here for others is nobody's to lock.
    lockAs: options.mode === 'apply' && known !== undefined ? options.owner : undefined,
    holders,
    lockAtOnce: targeted,
    root: steps.some(({ become }) => becomeOn(host, become) !== false),
  })
}

function thisMachine(name: string): Host {
  return { name, groups: [], vars: {}, connection: { kind: 'local' } }
}
