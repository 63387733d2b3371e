import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Channels, type ExecOutcome, outcomeStatus } from './channels.ts'
import { WebSocket } from './websocket.ts'

const numbers = { stdin: 0, stdout: 1, stderr: 2, error: 3 }
const closeSignal = 255

/** Kubernetes' channel protocols for WebSockets: the first byte of each message names its stream. */
export const channelProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io']

export class WebSocketChannels implements Channels {
  private readonly socket: WebSocket
  private readonly duplex: Duplex
  private data: (bytes: Buffer) => void = () => {}
  private end: () => void = () => {}
  private readonly early: Buffer[] = []
  private isListening = false

  constructor(request: IncomingMessage, duplex: Duplex, head: Buffer, protocol: string) {
    this.duplex = duplex
    this.socket = new WebSocket(request, duplex, head, protocol, (message) =>
      this.isListening ? this.take(message) : void this.early.push(message),
    )
    // Tells the client that the streams are there.
    this.socket.send(Buffer.from([numbers.stdout]))
  }

  onInput(data: (bytes: Buffer) => void, end: () => void): void {
    this.data = data
    this.end = end
    this.isListening = true
    this.early.splice(0).forEach((message) => this.take(message))
  }

  write(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    this.socket.send(Buffer.concat([Buffer.from([numbers[stream]]), bytes]))
  }

  finish(outcome: ExecOutcome): void {
    this.socket.send(Buffer.concat([Buffer.from([numbers.error]), Buffer.from(outcomeStatus(outcome))]))
    this.socket.close()
  }

  onClose(closed: () => void): void {
    this.duplex.on('close', closed)
    this.duplex.on('error', closed)
  }

  private take(message: Buffer): void {
    if (message[0] === numbers.stdin && message.length > 1) this.data(message.subarray(1))
    // Only the fifth version can tell that the input has ended.
    else if (message[0] === closeSignal && message[1] === numbers.stdin) this.end()
  }
}
