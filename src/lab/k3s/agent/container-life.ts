import { setTimeout as sleep } from 'node:timers/promises'
import type { Value } from '../api/object.ts'
import type { NodeParts } from './node-parts.ts'
import type { Unit } from './unit.ts'

/** True when a container may get traffic: its probe is run where the lab has a stand-in for its image. */
export async function isReadyNow(parts: NodeParts, unit: Unit, pod: Value): Promise<boolean> {
  if (unit.id === undefined || unit.standIn.role !== 'cassandra') return true
  const isNormal = parts.cassandras.get(unit.id)?.phase === 'normal'
  if (!isNormal || unit.isReady) return isNormal
  const command = unit.spec.readinessProbe?.exec?.command
  return command === undefined || (await succeeds(parts, unit, command, pod))
}

async function succeeds(parts: NodeParts, unit: Unit, command: string[], pod: Value): Promise<boolean> {
  const container = parts.runtime?.list().find((one) => one.id === unit.id)
  if (container === undefined) return true
  const child = parts.runtime?.exec(container, command)
  child?.stdin?.end()
  child?.stdout?.resume()
  child?.stderr?.resume()
  const limit = setTimeout(() => child?.kill('SIGKILL'), 30_000)
  const code = await new Promise((resolve) => child?.on('close', resolve))
  clearTimeout(limit)
  return code === 0 && pod.metadata.deletionTimestamp === undefined
}

/** Runs what is to be run before, then asks the process to end, and makes it end after `grace` ms. */
export async function stopGently(parts: NodeParts, unit: Unit, grace: number): Promise<void> {
  const { runtime, cassandras } = parts
  const { id } = unit
  if (runtime === undefined || id === undefined) return
  const command = unit.spec.lifecycle?.preStop?.exec?.command
  if (command !== undefined && grace > 0) {
    const container = runtime.list().find((one) => one.id === id)
    const child = container === undefined ? undefined : runtime.exec(container, command)
    child?.stdin?.end()
    child?.stdout?.resume()
    child?.stderr?.resume()
    await Promise.race([new Promise((resolve) => child?.on('close', resolve)), sleep(10_000)])
  }
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
