import { spawn } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { constants } from 'node:os'

// Imports nothing of ours, so that a launcher can use it before it loads anything else.

const NAMESPACES = '/run/netns'

function laptop(): string {
  return `${NAMESPACES}/${process.env.PROVISION_LAB || 'provision'}.laptop`
}

/** True where this process runs in the lab's network, from which no real host can be reached. */
export function insideLab(): boolean {
  if (!existsSync(laptop())) return false
  return statSync(laptop()).ino === statSync('/proc/self/ns/net').ino
}

/**
 * Runs a command, by default this program again, inside the lab's network and resolves with its exit code; null when
 * there is no lab, and then nothing has run.
 */
export function labEnter(
  argv: string[] = [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
): Promise<number | null> {
  if (!existsSync(laptop())) return Promise.resolve(null)
  return new Promise((resolve, reject) => {
    const child = spawn('nsenter', [`--net=${laptop()}`, '--', ...argv], { stdio: 'inherit' })
    // A terminal sends Ctrl-C to both; how to end is the inner one's business.
    process.on('SIGINT', () => {})
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => child.kill(name))
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
}
