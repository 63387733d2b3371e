import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import {
  CompletionRequest,
  ConfigurationRequest,
  createProtocolConnection,
  type Diagnostic,
  DidOpenTextDocumentNotification,
  type CompletionItem,
  type CompletionList,
  ExitNotification,
  HoverRequest,
  InitializedNotification,
  InitializeRequest,
  type MarkupContent,
  type Position,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  RegistrationRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node.js'

/** What an editor would have in its settings; the schemas are those that the files themselves name. */
const SETTINGS: Record<string, unknown> = {
  yaml: {
    schemaStore: { enable: false },
    kubernetesCRDStore: { enable: false },
    customTags: ['!secret scalar', '!secret mapping'],
    validate: true,
    hover: true,
    completion: true,
  },
}

/** Whatever goes to the network fails, and says so. */
const OFFLINE = `data:text/javascript,${encodeURIComponent(`
import net from 'node:net'
net.Socket.prototype.connect = () => { throw new Error('the network was used') }
`)}`

interface Later<T> {
  promise: Promise<T>
  resolve(value: T): void
}

function later<T>(): Later<T> {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((done) => (resolve = done))
  return { promise, resolve }
}

/** A yaml-language-server as an editor would run it, without a network. */
export class LanguageServer {
  readonly #process: ChildProcess
  readonly #connection: ProtocolConnection
  readonly #published = new Map<string, Later<Diagnostic[]>>()
  #files = 0

  private constructor(server: ChildProcess) {
    this.#process = server
    this.#connection = createProtocolConnection(
      new StreamMessageReader(server.stdout!),
      new StreamMessageWriter(server.stdin!),
    )
  }

  static async start(): Promise<LanguageServer> {
    const main = createRequire(import.meta.url).resolve('yaml-language-server/bin/yaml-language-server')
    const command = ['--import', OFFLINE, main, '--stdio']
    const server = new LanguageServer(
      spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] }),
    )
    await server.#initialize()
    return server
  }

  async #initialize(): Promise<void> {
    const connection = this.#connection
    const configured = later<void>()
    connection.onRequest(ConfigurationRequest.type, ({ items }) => {
      configured.resolve()
      return items.map(({ section }) => SETTINGS[section ?? ''] ?? null)
    })
    connection.onRequest(RegistrationRequest.type, () => undefined)
    connection.onNotification(PublishDiagnosticsNotification.type, ({ uri, diagnostics }) =>
      this.#published.get(uri)?.resolve(diagnostics),
    )
    connection.listen()
    const documentationFormat = ['markdown' as const, 'plaintext' as const]
    await connection.sendRequest(InitializeRequest.type, {
      processId: process.pid,
      rootUri: pathToFileURL(process.cwd()).href,
      capabilities: {
        workspace: { configuration: true },
        textDocument: {
          completion: { completionItem: { snippetSupport: true, documentationFormat } },
          hover: { contentFormat: ['markdown'] },
          publishDiagnostics: {},
        },
      },
    })
    await connection.sendNotification(InitializedNotification.type, {})
    // Files opened before would be looked at twice, the first time with other settings.
    await configured.promise
  }

  /** A new file with that text, which lies in a folder as far as the server knows. Its address. */
  async open(folder: string, text: string): Promise<string> {
    const uri = pathToFileURL(`${folder}/new-${++this.#files}.yaml`).href
    const textDocument = { uri, languageId: 'yaml', version: 1, text }
    this.#published.set(uri, later())
    await this.#connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument })
    return uri
  }

  /** What the server has to say of a file; it says so once, unasked. */
  diagnostics(uri: string): Promise<Diagnostic[]> {
    return this.#published.get(uri)!.promise
  }

  async completions(uri: string, position: Position): Promise<CompletionItem[]> {
    const textDocument = { uri }
    const found = await this.#connection.sendRequest(CompletionRequest.type, { textDocument, position })
    return (found as CompletionList | null)?.items ?? []
  }

  async hover(uri: string, position: Position): Promise<string> {
    const textDocument = { uri }
    const found = await this.#connection.sendRequest(HoverRequest.type, { textDocument, position })
    return (found?.contents as MarkupContent | undefined)?.value ?? ''
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    await this.#connection.sendRequest(ShutdownRequest.type)
    await this.#connection.sendNotification(ExitNotification.type)
    await ended
    this.#connection.dispose()
  }
}
