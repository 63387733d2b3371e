import type { ServerResponse } from 'node:http'
import { ApiError } from '../api/status.ts'
import { parseImage } from './images.ts'
import type { ContainerCall } from './listener.ts'

/** Answers for the web server that a container would be. */
export function serveWeb({ unit, query, worker }: ContainerCall, response: ServerResponse): void {
  const { repository } = parseImage(unit.spec.image)
  const address = worker.pod.status?.podIP ?? ''
  const [port] = unit.spec.ports ?? []
  if (!unit.isRunning || unit.standIn.role !== 'web') {
    const why = `error trying to reach service: dial tcp ${address}:${port?.containerPort ?? 80}: connect: connection refused`
    throw new ApiError(503, 'ServiceUnavailable', why)
  }
  const isDashboard = repository.endsWith('/dashboard')
  if (isDashboard && query.get('scheme') !== 'https') {
    response
      .writeHead(400, { 'content-type': 'text/plain' })
      .end('Client sent an HTTP request to an HTTPS server.\n')
    return
  }
  const path = query.get('path') ?? '/'
  if (path !== '/') {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n')
    return
  }
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    .end(page(isDashboard ? 'Kubernetes Dashboard' : `Welcome to ${repository}!`))
}

const page = (title: string) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body><h1>${title}</h1><p>Simulated by <code>provision lab</code>: this page is all there is.</p></body>
</html>
`
