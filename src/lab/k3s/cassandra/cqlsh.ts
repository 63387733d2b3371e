/** A command line of cqlsh. */
export interface CqlshCall {
  host: string
  port: number
  cqlVersion?: string
  keyspace?: string
  /** Given with -e; otherwise a file or standard input is read. */
  statements?: string
  file?: string
  isVersionAsked: boolean
}

const long: Record<string, string> = {
  '--execute': '-e',
  '--file': '-f',
  '--keyspace': '-k',
  '--username': '-u',
  '--password': '-p',
}
const valued = new Set([
  '-e',
  '-f',
  '-k',
  '-u',
  '-p',
  '--cqlversion',
  '--connect-timeout',
  '--request-timeout',
  '--encoding',
  '--cqlshrc',
  '--protocol-version',
])

/** Reads the arguments; `-p9042` is a password of that name, as in the real one. */
export function parseCqlsh(args: string[]): CqlshCall {
  const call: CqlshCall = { host: '127.0.0.1', port: 9042, isVersionAsked: false }
  const places: string[] = []
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? ''
    if (!word.startsWith('-')) {
      places.push(word)
      continue
    }
    const [, name = word, inline] =
      /^(--[\w-]+)(?:=([\s\S]*))?$/.exec(word) ?? /^(-[a-z])([\s\S]+)?$/.exec(word) ?? []
    const option = long[name] ?? name
    const value = inline ?? (valued.has(option) ? args[(index += 1)] : undefined)
    if (option === '--version') call.isVersionAsked = true
    if (option === '-e') call.statements = value
    if (option === '-f') call.file = value
    if (option === '-k') call.keyspace = value
    if (option === '--cqlversion') call.cqlVersion = value
  }
  call.host = places[0] ?? call.host
  call.port = Number(places[1] ?? call.port)
  return call
}
