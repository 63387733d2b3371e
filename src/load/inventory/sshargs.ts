import { OpenQuote, splitWords } from '../../base/shellwords.ts'

/** What command-line arguments of ssh say about a connection; the first word on a thing counts, as with ssh. */
export interface SshArgs {
  jump?: string
  user?: string
  /** As written. */
  port?: string
  key?: string
}

/** Something that can't be carried over. `warning`: it is passed over, and the host can be reached all the same. */
export interface SshArgsFault {
  severity: 'error' | 'warning'
  message: string
  hint: string
}

/** Flags that take a value, and those of them that say where and as whom. */
const VALUED = 'BbcDEeFIiJLlmOopPQRSWw'
const MEANT: Record<string, keyof SshArgs> = { J: 'jump', l: 'user', p: 'port', i: 'key' }
const OPTIONS: Record<string, keyof SshArgs> = {
  proxyjump: 'jump',
  user: 'user',
  port: 'port',
  identityfile: 'key',
}
/** Options that change how ssh works, not whom it reaches: nothing is lost without them. */
const HARMLESS =
  /^(control(master|path|persist)|serveralive\w+|connect(timeout|ionattempts)|tcpkeepalive|compression\w*|loglevel|batchmode|(preferred|password|kbdinteractive|pubkey|gssapi|hostbased|challengeresponse)authentication\w*|gssapi\w+|forward(agent|x11\w*)|addkeystoagent|identitiesonly|identityagent|addressfamily|requesttty|ciphers|macs|\w*algorithms|\w*keytypes|canonicalize\w+|checkhostip|visualhostkey|hashknownhosts|updatehostkeys|permitlocalcommand|escapechar|numberofpasswordprompts|exitonforwardfailure|clearallforwardings|ipqos)$/
const HOST_KEYS = /^(stricthostkeychecking|userknownhostsfile|globalknownhostsfile)$/

/** Reads arguments such as `-o ProxyJump=pi@10.0.0.1 -p 2222`; what can't be carried over goes to `report`. */
export function readSshArgs(text: string, report: (fault: SshArgsFault) => void): SshArgs {
  const found: SshArgs = {}
  const keep = (name: keyof SshArgs, value: string): void => {
    found[name] ??= value
  }
  for (const { flag, value } of flagsOf(text, report)) {
    const meant = MEANT[flag]
    if (flag === 'o') readOption(value, keep, report)
    else if (meant !== undefined) keep(meant, value)
    else if (flag === 'F')
      report({
        severity: 'warning',
        message: `'-F ${value}' is passed over: ~/.ssh/config is read`,
        hint: 'put what it says there, or into the inventory',
      })
  }
  return found
}

function readOption(
  option: string,
  keep: (name: keyof SshArgs, value: string) => void,
  report: (fault: SshArgsFault) => void,
): void {
  const [, name = '', value = ''] = /^\s*(\w+)\s*[=\s]\s*(.*?)\s*$/s.exec(option) ?? []
  const key = name.toLowerCase()
  const meant = OPTIONS[key]
  if (meant !== undefined) keep(meant, value.replaceAll('"', ''))
  else if (key === 'proxycommand') keep('jump', readProxyCommand(value, report))
  else if (HOST_KEYS.test(key)) hostKeys(key, value, report)
  else if (!HARMLESS.test(key)) {
    const message = `the ssh option '${option.trim()}' is passed over`
    report({ severity: 'warning', message, hint: 'put it into ~/.ssh/config if it is needed, or remove it' })
  }
}

function hostKeys(key: string, value: string, report: (fault: SshArgsFault) => void): void {
  if (key === 'stricthostkeychecking' && !/^(no|off)$/i.test(value)) return
  report({
    severity: 'warning',
    message: `'${key === 'stricthostkeychecking' ? 'StrictHostKeyChecking=no' : `${key}=${value}`}' is passed over: host keys are always checked`,
    hint: 'new hosts are added to ~/.ssh/known_hosts on first contact, so nothing is asked; remove the option',
  })
}

/** Only ssh itself, forwarding its standard input, is a jump: `ssh -W %h:%p [-q] [-p PORT] [USER@]HOST`. */
function readProxyCommand(command: string, report: (fault: SshArgsFault) => void): string {
  if (/^none$/i.test(command)) return 'none'
  const refuse = (why: string): string => {
    const hint = "write '-o ProxyJump=NAME' with a host of the inventory, or [user@]address[:port]"
    report({ severity: 'error', message: `this ProxyCommand is no plain jump: ${why}`, hint })
    return 'none'
  }
  const [program, ...rest] = words(command, report)
  if (program === undefined || !/(^|\/)ssh$/.test(program))
    return refuse(`it runs '${program ?? ''}', not ssh`)
  const own: Partial<Record<string, string>> = {}
  const hosts: string[] = []
  for (const { flag, value } of flags(rest)) {
    if (flag === '') hosts.push(value)
    else own[flag === 'o' ? (/^\s*(\w+)/.exec(value)?.[1] ?? '').toLowerCase() : flag] ??= value
  }
  const [host] = hosts
  if (own.W !== '%h:%p' && !/^nc %h %p$/.test(hosts.slice(1).join(' '))) return refuse("it lacks '-W %h:%p'")
  if (host === undefined) return refuse('it names no host')
  if (own.i !== undefined || own.identityfile !== undefined) return refuse('the jump has a key of its own')
  if (own.proxycommand !== undefined) return refuse('it holds another ProxyCommand')
  const user = own.l ?? own.user
  const port = own.p ?? own.port
  const before = own.J ?? own.proxyjump
  const whole = `${user === undefined || host.includes('@') ? '' : `${user}@`}${host}${port === undefined ? '' : `:${port}`}`
  return before === undefined ? whole : `${before},${whole}`
}

interface Flag {
  /** Empty: a word that belongs to no flag. */
  flag: string
  value: string
}

function flagsOf(text: string, report: (fault: SshArgsFault) => void): Flag[] {
  return flags(words(text, report)).filter(({ flag, value }) => {
    if (flag !== '') return true
    report({
      severity: 'error',
      message: `'${value}' is no option of ssh`,
      hint: 'write e.g. -o ProxyJump=host',
    })
    return false
  })
}

/** `-o A=b`, `-oA=b` and `-qp 22` alike. */
function flags(list: string[]): Flag[] {
  const found: Flag[] = []
  for (let at = 0; at < list.length; at++) {
    const word = list[at] as string
    if (!/^-./.test(word)) {
      found.push({ flag: '', value: word })
      continue
    }
    const valued = word.split('').findIndex((letter, index) => index > 0 && VALUED.includes(letter))
    if (valued < 0) continue
    const attached = word.slice(valued + 1)
    found.push({ flag: word[valued] as string, value: attached === '' ? (list[++at] ?? '') : attached })
  }
  return found
}

function words(text: string, report: (fault: SshArgsFault) => void): string[] {
  try {
    return splitWords(text).map((word) => word.text)
  } catch (error) {
    if (!(error instanceof OpenQuote)) throw error
    report({ severity: 'error', message: error.message, hint: 'close it, or remove it' })
    return []
  }
}
