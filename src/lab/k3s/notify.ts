import { spawn } from 'node:child_process'
import { log } from './log.ts'

/**
 * Tells systemd that the service is up. Node can't send datagrams to a unix socket, so systemd-notify does;
 * as our direct child it signs with our process id, which NotifyAccess=main demands.
 */
export function notifyReady(): void {
  if (process.env.NOTIFY_SOCKET === undefined) return
  const child = spawn('systemd-notify', ['--ready'], { stdio: ['ignore', 'ignore', 'inherit'] })
  child.on('error', (error) => log.error(`unable to notify systemd: ${error.message}`))
}
