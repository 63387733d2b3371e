import type { Injection } from './injection.ts'
import { startNode, stopNode, untilReady } from './node.ts'
import { leaderOf } from './processes.ts'

export async function kill({ lab, node, say }: Injection): Promise<void> {
  await stopNode(lab, node.name)
  say('it has no power')
}

export async function boot({ lab, node, record, say }: Injection): Promise<void> {
  if (leaderOf(lab, node.name) !== null) return say('it is on')
  const began = Date.now()
  await startNode(lab, node, record)
  await untilReady(lab, node)
  say(`booted in ${((Date.now() - began) / 1000).toFixed(1)} s`)
}
