import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export const isWebSocket = (message: IncomingMessage) => /^websocket$/i.test(message.headers.upgrade ?? '')

/** The protocols a client offers, in its order. */
export const offered = (message: IncomingMessage) =>
  String(message.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim())

/** The server's side of one WebSocket connection (RFC 6455), binary messages only. */
export class WebSocket {
  private readonly socket: Duplex
  private rest: Buffer = Buffer.alloc(0)
  private parts: Buffer[] = []
  private isClosed = false
  private readonly message: (bytes: Buffer) => void

  /** Answers the handshake with the protocol given; `message` is called with every message. */
  constructor(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    protocol: string,
    message: (bytes: Buffer) => void,
  ) {
    this.socket = socket
    this.message = message
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${magic}`)
      .digest('base64')
    const lines = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
      `Sec-WebSocket-Protocol: ${protocol}`,
    ]
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
    socket.on('data', (bytes: Buffer) => this.take(bytes))
    if (head.length > 0) this.take(head)
  }

  send(bytes: Buffer): void {
    if (!this.isClosed) this.socket.write(Buffer.concat([header(2, bytes.length), bytes]))
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.socket.write(Buffer.concat([header(8, 2), Buffer.from([0x03, 0xe8])]))
    this.socket.end()
  }

  private take(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes])
    for (let frame = readFrame(this.rest); frame !== undefined; frame = readFrame(this.rest)) {
      this.rest = this.rest.subarray(frame.size)
      this.handle(frame)
    }
  }

  private handle({ code, isLast, payload }: Frame): void {
    if (code === 8) return this.close()
    if (code === 9) return void this.socket.write(Buffer.concat([header(10, payload.length), payload]))
    if (code > 2) return
    this.parts.push(payload)
    if (!isLast) return
    const whole = Buffer.concat(this.parts)
    this.parts = []
    this.message(whole)
  }
}

interface Frame {
  code: number
  isLast: boolean
  payload: Buffer
  /** Bytes of the frame with its header. */
  size: number
}

function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  const short = second & 0x7f
  const start = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < start) return undefined
  const length =
    short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  const isMasked = second >= 0x80
  const from = start + (isMasked ? 4 : 0)
  if (bytes.length < from + length) return undefined
  const payload = Buffer.from(bytes.subarray(from, from + length))
  if (isMasked)
    for (let index = 0; index < length; index += 1)
      payload[index] = (payload[index] ?? 0) ^ (bytes[start + (index % 4)] ?? 0)
  return { code: first & 0x0f, isLast: first >= 0x80, payload, size: from + length }
}

function header(code: number, length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | code, length])
  const bytes = Buffer.alloc(length < 65_536 ? 4 : 10)
  bytes[0] = 0x80 | code
  bytes[1] = length < 65_536 ? 126 : 127
  if (length < 65_536) bytes.writeUInt16BE(length, 2)
  else bytes.writeBigUInt64BE(BigInt(length), 2)
  return bytes
}
