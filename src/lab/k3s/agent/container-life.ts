import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeParts } from './node-parts.ts'
import type { Unit } from './unit.ts'

/** True when a container may get traffic: its probe is run where the lab has a stand-in for its image. */
export async function isReadyNow(parts: NodeParts, unit: Unit): Promise<boolean> {
  if (unit.id === undefined || unit.standIn.role !== 'cassandra') return true
  const isNormal = parts.cassandras.get(unit.id)?.phase === 'normal'
  if (!isNormal || unit.isReady) return isNormal
  const command = unit.spec.readinessProbe?.exec?.command
  return command === undefined || (await runHook(parts, unit.id, command, 30_000)) === 0
}

/** Runs a hook or probe in a container; its exit code, or undefined when it took longer than `limit` ms. */
async function runHook(
  parts: NodeParts,
  id: string,
  command: string[],
  limit: number,
): Promise<number | undefined> {
  const container = parts.runtime?.list().find((one) => one.id === id)
  if (parts.runtime === undefined || container === undefined) return 0
  const child = parts.runtime.exec(container, command)
  child.stdin?.end()
  child.stdout?.resume()
  child.stderr?.resume()
  const late = new AbortController()
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 137)))
  const code = await Promise.race([
    ended,
    sleep(limit, undefined, { signal: late.signal }).catch(() => undefined),
  ])
  late.abort()
  if (code === undefined) child.kill('SIGKILL')
  return code
}

/** Runs what is to be run before, then asks the process to end, and makes it end after `grace` ms. */
export async function stopGently(parts: NodeParts, unit: Unit, grace: number): Promise<void> {
  const { runtime, cassandras } = parts
  const { id } = unit
  if (runtime === undefined || id === undefined) return
  const command = unit.spec.lifecycle?.preStop?.exec?.command
  if (command !== undefined && grace > 0) await runHook(parts, id, command, 10_000)
  await cassandras
    .get(id)
    ?.exchange(false)
    .catch(() => undefined)
  cassandras.delete(id)
  runtime.signal(id, 'SIGTERM')
  for (const end = Date.now() + grace; runtime.exitCode(id) === undefined && Date.now() < end; )
    await sleep(50)
  runtime.signal(id, 'SIGKILL')
}
