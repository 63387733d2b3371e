import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { badRequest, notSimulated } from '../api/status.ts'
import type { ContainerCall } from './listener.ts'

const refused = ['sinceSeconds', 'sinceTime', 'timestamps', 'limitBytes']

/** `kubectl logs`: what a container wrote, from its file. */
export async function serveLog(
  { unit, query, worker }: ContainerCall,
  response: ServerResponse,
): Promise<void> {
  const asked = refused.find((name) => query.has(name) && query.get(name) !== 'false')
  if (asked !== undefined) throw notSimulated(`logs with ${asked}: they are kept without times`)
  const isPrevious = query.get('previous') === 'true'
  const isWaiting = unit.state.waiting !== undefined
  // In a back-off the count is that of the start to come.
  const last = unit.restarts - (isPrevious ? 1 : 0) - (isWaiting && unit.restarts > 0 && !isPrevious ? 1 : 0)
  const file = unit.logFile(last)
  if (isPrevious && (last < 0 || !existsSync(file)))
    throw badRequest(
      `previous terminated container "${unit.spec.name}" in pod "${worker.pod.metadata.name}" not found`,
    )
  response.writeHead(200, { 'content-type': 'text/plain' })
  let at = existsSync(file) ? startOf(file, query.get('tailLines')) : 0
  const isGone = () => response.destroyed || response.writableEnded
  for (;;) {
    at = copyFrom(file, at, response)
    if (query.get('follow') !== 'true' || isGone() || !unit.isRunning) break
    await sleep(200)
  }
  response.end()
}

/** Where the last lines of a file begin. */
function startOf(file: string, lines: string | null): number {
  if (lines === null) return 0
  const size = statSync(file).size
  const bytes = Buffer.alloc(Math.min(size, 4 * 1024 * 1024))
  const descriptor = openSync(file, 'r')
  readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
  closeSync(descriptor)
  let at = bytes.length
  for (let left = Number(lines) + (bytes.at(-1) === 10 ? 1 : 0); left > 0 && at >= 0; left -= 1)
    at = bytes.lastIndexOf(10, at - 1)
  return size - bytes.length + (Number(lines) === 0 ? bytes.length : at + 1)
}

function copyFrom(file: string, from: number, response: ServerResponse): number {
  if (!existsSync(file)) return from
  const size = statSync(file).size
  if (size <= from) return from
  const bytes = Buffer.alloc(Math.min(size - from, 1024 * 1024))
  const descriptor = openSync(file, 'r')
  const count = readSync(descriptor, bytes, 0, bytes.length, from)
  closeSync(descriptor)
  response.write(bytes.subarray(0, count))
  return size - from > count ? copyFrom(file, from + count, response) : from + count
}
