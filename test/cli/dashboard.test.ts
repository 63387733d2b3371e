import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { copyToClipboard } from '../../src/cli/dashboard/clipboard.ts'
import { listenAt, portOf, relay } from '../../src/cli/dashboard/relay.ts'
import { proxyScript, waysTo } from '../../src/cli/dashboard/way.ts'
import { dashboard } from '../../src/cli/dashboard.ts'
import { UsageError } from '../../src/core/errors.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { runHere } from '../probe/here.ts'

describe('the way to the dashboard', () => {
  let folder: string
  const servers: Server[] = []
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'provision-dashboard-'))
  })
  after(() => {
    rmSync(folder, { recursive: true })
    for (const server of servers) server.close()
  })

  async function inventoryOf(hosts: string) {
    const file = path.join(folder, 'inventory.yaml')
    writeFileSync(file, `all:\n  hosts:\n${hosts.replaceAll(/^/gm, '    ')}\n`)
    return (await loadInventory(file)).inventory
  }

  it('leads by way of the host before the server, as its user; else over the server, as root', async () => {
    const behind = await inventoryOf('gate: {}\none: {k3s_role: server, jump: gate}')
    const shown = waysTo(behind).map(({ host, become }) => `${host.name} ${become}`)
    assert.deepEqual(shown, ['gate false', 'one true'])
    const alone = waysTo(await inventoryOf('one: {k3s_role: server}\ntwo: {jump: one}'))
    assert.deepEqual(
      alone.map(({ host }) => host.name),
      ['one'],
    )
  })

  it('is refused where the inventory has no server', async () => {
    const inventory = (await inventoryOf('one: {connection: local}')).file
    await assert.rejects(dashboard({ inventory, port: 0 }), (error) => {
      assert(error instanceof UsageError)
      return /no server of a cluster/.test(error.message)
    })
  })

  it('ends kubectl’s proxy as soon as nobody reads what it says', () => {
    const kubectl = path.join(folder, 'kubectl')
    writeFileSync(kubectl, '#!/bin/sh\necho $$ > "$0.pid"; exec sleep 60\n')
    chmodSync(kubectl, 0o755)
    const way = {
      host: { name: 'x', groups: [], vars: {}, connection: { kind: 'local' as const } },
      become: false,
    }
    const script = proxyScript({ ...way, kubeconfig: '$HOME/.kube/config' }).replace(
      '/usr/local/bin/k3s',
      '/none',
    )
    // The reader leaves when the proxy has started.
    const { code, stderr } = runHere(
      `PATH=${folder}:$PATH; { ${script}\n} | { until [ -s ${kubectl}.pid ]; do :; done; }
pid=$(cat ${kubectl}.pid); ! kill -0 "$pid"`,
    )
    assert.equal(code, 0, stderr)
  })

  it('listens at 127.0.0.1 only, and names a free port when the one wanted is taken', async () => {
    const first = await listenAt(0)
    servers.push(first)
    assert.equal((first.address() as { address: string }).address, '127.0.0.1')
    const taken = portOf(first)
    await assert.rejects(listenAt(taken), (error: UsageError) => {
      assert.equal(error.message, `port ${taken} of this machine is taken; nothing was contacted`)
      const port = Number(
        /^try: provision dashboard --port (\d+)$/.exec(error.diagnostics[0]?.hint ?? '')?.[1],
      )
      return port === 0 || port > taken
    })
  })

  it('carries what is said both ways, and leaves nothing open at its end', async () => {
    const echo = createServer((socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    servers.push(echo)
    const listener = await listenAt(0)
    const end = relay(listener, () => joined(portOf(echo)))
    const guest = await joined(portOf(listener))
    const heard = new Promise<string>((resolve) => guest.once('data', (data) => resolve(data.toString())))
    guest.write('hello')
    assert.equal(await heard, 'hello')
    const closed = new Promise((resolve) => guest.once('close', resolve))
    end()
    await closed
    assert.equal(listener.listening, false)
  })

  it('hangs up on who comes when the way can’t be opened', async () => {
    const listener = await listenAt(0)
    const end = relay(listener, () => Promise.reject(new Error('no')))
    const guest = await joined(portOf(listener))
    await new Promise((resolve) => guest.resume().once('close', resolve))
    end()
  })

  it('puts a text into the clipboard by a tool that fits', async () => {
    const tool = path.join(folder, 'xclip')
    writeFileSync(tool, '#!/bin/sh\n[ -z "$FAIL" ] || exit 1\necho "$@" > "$0.words"; cat > "$0.text"\n')
    chmodSync(tool, 0o755)
    const env = { PATH: `${folder}:${process.env.PATH}` }
    assert.equal(await copyToClipboard('secret', env), false)
    assert.equal(await copyToClipboard('secret', { ...env, DISPLAY: ':0', FAIL: '1' }), false)
    assert.equal(await copyToClipboard('secret', { ...env, WAYLAND_DISPLAY: 'w', DISPLAY: ':0' }), true)
    assert.equal(readFileSync(`${tool}.text`, 'utf8'), 'secret')
    assert.equal(readFileSync(`${tool}.words`, 'utf8'), '-selection clipboard\n')
  })
})

function joined(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('error', reject).once('connect', () => resolve(socket.off('error', reject)))
  })
}
