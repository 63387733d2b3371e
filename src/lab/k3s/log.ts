type Level = 'info' | 'warning' | 'error' | 'fatal'

/** Writes a journal line in the format of k3s's logger; it goes to standard error, as there. */
function write(level: Level, message: string): void {
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  process.stderr.write(`time="${time}" level=${level} msg=${JSON.stringify(message)}\n`)
}

export const log = {
  info: (message: string) => write('info', message),
  warn: (message: string) => write('warning', message),
  error: (message: string) => write('error', message),
}

/** Reports why the service can't go on and ends it; systemd starts it again after RestartSec. */
export function die(message: string): never {
  write('fatal', message)
  process.exit(1)
}
