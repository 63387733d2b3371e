import { existsSync, readdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { UsageError } from '../core/errors.ts'
import { run, succeeds } from './command.ts'
import { removeEmptyGroup, removeGroups } from './groups.ts'
import { restoreLimits } from './limits.ts'
import { locked } from './lock.ts'
import { type LabPlaces, labPlaces, NAMESPACES, STATES } from './places.ts'
import { killAll, labProcesses } from './processes.ts'
import { labObstacle } from './requirements.ts'
import type { Say } from './say.ts'

/** Takes everything of the lab away, whatever state a crash has left it in. Images are kept. */
export async function labDown(say: Say): Promise<void> {
  const lab = labPlaces()
  const obstacle = labObstacle()
  if (obstacle !== null) throw new UsageError(obstacle)
  const waiting = (pid: number): void => say({ text: `waiting for process ${pid}, which works on the lab` })
  await locked(lab.lock, waiting, async () => {
    const found = existsSync(lab.state) || namespacesOf(lab).length > 0 || labProcesses(lab).length > 0
    if (found) await clear(lab)
    say({ text: found ? `the lab '${lab.name}' is gone` : `there is no lab '${lab.name}'` })
  })
}

async function clear(lab: LabPlaces): Promise<void> {
  await killAll(() => labProcesses(lab))
  await removeGroups(lab.cgroup)
  removeEmptyGroup(dirname(lab.cgroup))
  for (const name of namespacesOf(lab)) await run(['ip', 'netns', 'del', name])
  await untilFree(lab)
  rmSync(lab.state, { recursive: true, force: true })
  if (existsSync(STATES) && readdirSync(STATES).length > 0) return
  restoreLimits()
  // Stays where it is a mount of its own.
  await succeeds(['rmdir', STATES])
}

function namespacesOf(lab: LabPlaces): string[] {
  const all = existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : []
  return all.filter((name) => name.startsWith(`${lab.name}.`))
}

/** The kernel lets go of mounts and loop devices a moment after the last process has ended. */
async function untilFree(lab: LabPlaces): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const list = await run(['losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE'])
    const held = list.split('\n').filter((line) => line.includes(`${lab.state}/`))
    if (held.length === 0) return
    // One whose starter was killed while setting it up is not going to free itself.
    for (const line of held) await succeeds(['losetup', '--detach', line.split(' ')[0] ?? ''])
    await pause(50)
  }
}
