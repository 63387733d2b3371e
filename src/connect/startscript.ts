import type { Pipe } from './link.ts'

/**
 * Starts sh with a script that comes ahead of all else on its standard input. As a word of the command it would be in
 * the hands of the login shell, to which quotes may mean something else (csh, fish), and in the list of processes.
 */
export async function startScript(start: (command: string) => Promise<Pipe>, script: string): Promise<Pipe> {
  const pipe = await start(`eval "$(head -c ${Buffer.byteLength(script)})"`)
  pipe.stdin.on('error', () => {})
  pipe.stdin.write(script)
  return pipe
}

/** The login shell's command for sh with a short one of our own. */
export function shellCommand(command: string): string {
  return `exec /bin/sh -c '${command}'`
}
