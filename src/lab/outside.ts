import { spawn } from 'node:child_process'
import type { Server } from 'node:net'

const LISTEN = `
const server = require('node:net').createServer()
const leave = () => { server.close(); process.disconnect() }
server.on('error', ({ code, message }) => process.send({ code, message }, leave))
server.listen(Number(process.argv[1]), '127.0.0.1', () => process.send({}, server, leave))`

/**
 * Listens at 127.0.0.1 of this machine although this process is in the network of the lab. A socket stays in the
 * network it was made in, so a process in that of our parent, which is the launcher, makes it and hands it over.
 * Rejects as `listen` does.
 */
export function listenOutside(port: number): Promise<Server> {
  const words = [`--net=/proc/${process.ppid}/ns/net`, process.execPath, '-e', LISTEN, String(port)]
  const child = spawn('nsenter', words, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('message', (said: { code?: string; message?: string }, server) => {
      if (server === undefined) reject(Object.assign(new Error(said.message), { code: said.code }))
      else resolve(server as Server)
    })
    child.once('exit', () => reject(new Error("the machine's own network can't be entered")))
  })
}
