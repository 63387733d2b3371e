import { TaskError } from '../core/errors.ts'
import type { Probe } from '../core/task.ts'
import { fileProbe } from './files.ts'

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
  // A shell's `read` goes byte by byte, which some of these files answer with their first byte only.
  const file = fileProbe(sysctlFile(name))
  return {
    key: `sysctl:${name}`,
    script: file.script,
    parse: (output) => {
      const fact = file.parse(output)
      if (fact === null) return null
      if (fact.text === null) throw new TaskError(`the kernel parameter ${name} may not be read`)
      return fact.text.trim().split(/\s+/).join(' ')
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
