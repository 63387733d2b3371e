import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { UsageError } from '../../core/errors.ts'
import { run } from '../command.ts'
import { locked } from '../lock.ts'
import { IMAGES } from '../places.ts'
import { FILES, LAB_HOME } from './files.ts'
import { INSTALLABLE, INSTALLED, KUBECTL_SUITE, REGISTRY, SUITE } from './packages.ts'
import { FINISH, setupScript } from './setup.ts'

const MIRROR = 'http://deb.debian.org/debian'
const SETUP = setupScript(MIRROR)

/**
 * Makes the nodes' image where it is missing, in a minute or two, and returns its two layers as overlayfs wants
 * them: the lab's own parts over the bare Debian. Their names change with everything that goes into them.
 */
export async function makeImage(say: (text: string) => void, signal?: AbortSignal): Promise<string> {
  const base = layerName('debian', [SUITE, INSTALLED, INSTALLABLE, REGISTRY, KUBECTL_SUITE, SETUP])
  const top = layerName('lab', [base, FILES, FINISH, process.version])
  mkdirSync(IMAGES, { recursive: true })
  const waiting = (pid: number): void => say(`waiting for process ${pid}, which is building the image`)
  await locked(`${IMAGES}/lock`, waiting, async () => {
    await makeLayer(base, (directory) => installDebian(directory, say, signal))
    await makeLayer(top, (directory) => addLabParts(directory, base, say))
  })
  return `${top}:${base}`
}

function layerName(kind: string, parts: unknown[]): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([process.arch, ...parts]))
    .digest('hex')
  return `${IMAGES}/${kind}-${hash.slice(0, 12)}`
}

/** A layer bears its name only when it is whole; what a crash has left of others is removed. */
async function makeLayer(directory: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  if (existsSync(directory)) return
  for (const name of readdirSync(IMAGES))
    if (name.includes('.partial')) rmSync(`${IMAGES}/${name}`, { recursive: true, force: true })
  await make(`${directory}.partial`)
  renameSync(`${directory}.partial`, directory)
}

async function installDebian(root: string, say: (text: string) => void, signal?: AbortSignal): Promise<void> {
  say(`building the nodes' image: Debian ${SUITE}, once`)
  const setup = `${root}.setup`
  writeFileSync(setup, SETUP)
  const hook = `cp ${setup} "$1/setup" && chroot "$1" /bin/sh /setup && rm "$1/setup"`
  // In namespaces of its own, so that nothing stays mounted or running however it ends.
  const isolated = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const options = ['--mode=root', '--variant=minbase', '--format=directory', '--verbose']
  options.push('--dpkgopt=force-unsafe-io')
  for (const unread of ['doc', 'man', 'locale']) options.push(`--dpkgopt=path-exclude=/usr/share/${unread}/*`)
  options.push(`--include=${INSTALLED.join(',')}`, `--customize-hook=${hook}`)
  await run([...isolated, 'mmdebstrap', ...options, SUITE, root, MIRROR], { onLine: progress(say), signal })
  rmSync(setup)
}

async function addLabParts(layer: string, base: string, say: (text: string) => void): Promise<void> {
  say("adding the lab's own parts to the image")
  const [work, root] = [`${layer}.work`, `${layer}.root`]
  for (const directory of [layer, work, root]) mkdirSync(directory)
  for (const [path, [text, mode]] of Object.entries(FILES)) {
    mkdirSync(dirname(layer + path), { recursive: true })
    writeFileSync(layer + path, text)
    chmodSync(layer + path, mode)
  }
  copyFileSync(process.execPath, `${layer}${LAB_HOME}/node`)
  chmodSync(`${layer}${LAB_HOME}/node`, 0o755)
  const mount = `mount -t overlay -o lowerdir=${base},upperdir=${layer},workdir=${work} overlay ${root}`
  const inside = ['unshare', '--mount', 'sh', '-ec', `${mount}; chroot ${root} "$@"`, 'sh']
  await run([...inside, `${LAB_HOME}/node`, '--version']).catch((error: unknown) => {
    throw error instanceof UsageError ? unfitNode(error) : error
  })
  await run([...inside, '/bin/sh', '-c', FINISH])
  for (const directory of [work, root]) rmSync(directory, { recursive: true })
}

/** Programs that the lab simulates are run in the nodes by the same Node as this one. */
function unfitNode(error: UsageError): UsageError {
  const message = `the node program of this machine, ${process.execPath}, does not run in Debian ${SUITE}`
  return new UsageError(message, error.diagnostics[0]?.hint)
}

/** Turns the output of mmdebstrap into a line for each stage and each twenty packages. */
export function progress(say: (text: string) => void): (line: string) => void {
  const done = { Unpacking: 0, Setting: 0 }
  let total = 0
  return (line) => {
    const stage = /^(?:I|step): (.*)/.exec(line)?.[1]
    if (stage !== undefined && !/^(chroot|automatically|finding|success|running --)/.test(stage)) say(stage)
    total += Number(/(\d+) newly installed/.exec(line)?.[1] ?? 0)
    const [, kind] = /^(Unpacking|Setting) /.exec(line) ?? []
    if (kind !== 'Unpacking' && kind !== 'Setting') return
    done[kind] += 1
    const what = kind === 'Unpacking' ? 'unpacked' : 'set up'
    if (done[kind] % 20 === 0) say(`${done[kind]} packages of ${total} ${what}`)
  }
}
