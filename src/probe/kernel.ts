import { quote } from '../base/shell.ts'
import { TaskError } from '../core/errors.ts'
import type { Probe } from '../core/task.ts'

/** The host name that the kernel goes by now. */
export const liveHostname: Probe<string> = {
  key: 'hostname',
  script: 'read -r name < /proc/sys/kernel/hostname && echo "$name"',
  parse: ({ code, stdout, stderr }) => {
    if (code !== 0) throw new TaskError(`can't look at the host name: ${stderr.trim()}`)
    return stdout.toString().trim()
  },
}

/** The value of a kernel parameter now, with single blanks; null when the kernel has none of that name. */
export function sysctlProbe(name: string): Probe<string | null> {
  const file = quote(sysctlFile(name))
  return {
    key: `sysctl:${name}`,
    // By the shell alone: a settled host starts no process for it.
    script: `[ -e ${file} ] || { echo absent; exit 0; }; read -r value < ${file} && echo "=$value"`,
    parse: ({ code, stdout, stderr }) => {
      const answer = stdout.toString().trim()
      if (code === 0 && answer === 'absent') return null
      if (code === 0) return answer.slice(1).split(/\s+/).join(' ')
      throw new TaskError(`can't read the kernel parameter ${name}: ${stderr.trim()}`)
    },
  }
}

/** As sysctl(8) reads names: the first separator decides, so that net/ipv4/conf/eth0.1/forwarding can be said. */
function sysctlFile(name: string): string {
  const path = /^[^./]*\//.test(name) ? name : name.replaceAll(/[./]/g, (one) => (one === '.' ? '/' : '.'))
  return `/proc/sys/${path}`
}

/** Whether the host asks to be restarted, e.g. after a new kernel was installed. */
export const rebootRequired: Probe<boolean> = {
  key: 'reboot-required',
  script: 'if [ -e /run/reboot-required ]; then echo yes; else echo no; fi',
  parse: ({ stdout }) => stdout.toString().trim() === 'yes',
}
