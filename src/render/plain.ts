import type { RunEvent } from '../core/event.ts'
import { type Activities, addActivity } from './activity.ts'
import { eventLines, onHost, stepText, withoutHost } from './lines.ts'
import { type Clock, type Look, type Renderer, systemClock } from './renderer.ts'
import { addEvent, emptyReport, type RunReport } from './report.ts'
import { duration, printableLines } from './text.ts'

/** Between two signs of life of a long step, in milliseconds. */
const heartbeat = 30_000

/** Lines for pipes, logs and CI: what changed, what failed, and a sign of life of what takes long. */
export function createPlain(write: (text: string) => void, look: Look, clock: Clock = systemClock): Renderer {
  const report = emptyReport()
  const activities: Activities = new Map()
  const told = new Map<string, number>()
  const alike = new Set<string>()
  const print = (lines: string[]) => lines.length > 0 && write(`${lines.join('\n')}\n`)
  const stop = clock.every(1000, () => print(heartbeats(activities, report, told, clock.now())))
  return {
    event(event) {
      addEvent(report, event)
      addActivity(activities, event)
      if (event.type === 'step-start') told.set(event.host, event.at)
      print(
        look.verbose && event.type === 'step-output'
          ? outputLines(event, look)
          : foldAlike(event, eventLines(event, report, look), alike, look),
      )
    },
    close: stop,
  }
}

/** A jump host that is down is told once for each attempt, and not by each host behind it. */
function foldAlike(event: RunEvent, lines: string[], alike: Set<string>, look: Look): string[] {
  if (look.verbose || (event.type !== 'host-retry' && event.type !== 'host-unreachable')) return lines
  const attempt = event.type === 'host-retry' ? event.attempt : 'last'
  const key = `${attempt} ${withoutHost(event.host, event.failure.message)}`
  if (!alike.has(key)) {
    alike.add(key)
    return lines
  }
  return event.type === 'host-retry' ? [] : lines.slice(0, 1)
}

function outputLines(event: Extract<RunEvent, { type: 'step-output' }>, look: Look): string[] {
  return printableLines(event.text).map((line) => onHost(event.host, look.colours.dim(`| ${line}`)))
}

function heartbeats(all: Activities, report: RunReport, told: Map<string, number>, now: number): string[] {
  const due = [...all.values()].filter(
    ({ host, state, since }) => state === 'running' && now - (told.get(host) ?? since) >= heartbeat,
  )
  return due.map(({ host, step, since, heard, tail }) => {
    told.set(host, now)
    const silent = now - heard >= heartbeat ? `, silent for ${duration(now - heard)}` : ''
    const last = tail === '' ? '' : `; last: ${tail}`
    return onHost(
      host,
      `still running after ${duration(now - since)}: ${stepText(step!, report)}${silent}${last}`,
    )
  })
}
