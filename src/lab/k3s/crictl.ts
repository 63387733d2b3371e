import { ImageStore, parseImage } from './agent/images.ts'
import { readMirrors } from './agent/registries.ts'
import { die } from './log.ts'
import { pathsOf } from './paths.ts'
import { one, readSettings } from './settings.ts'

/** The few commands of crictl about images: a node of the simulation has a list of names, no content. */
export async function crictl([command, ...args]: string[]): Promise<void> {
  // A server's settings are those of an agent and more.
  const settings = readSettings('server', [])
  const directory = pathsOf(one(settings, 'data-dir') ?? '/var/lib/rancher/k3s').agent
  const store = new ImageStore(directory, readMirrors())
  const image = args.find((arg) => !arg.startsWith('-')) ?? ''
  if (command === 'images' || command === 'image') return printImages(store)
  if (command === 'pull') return pull(store, image)
  if (command === 'inspecti') return inspect(store, image)
  if (command === 'rmi') return remove(store, image)
  die(`the simulated crictl of \`provision lab\` does not know the command '${command}'`)
}

function printImages(store: ImageStore): void {
  const rows = store.list().map(([name, digest]) => {
    const [, repository = name, tag = '<none>'] = /^(.*)[:@]([^:/]+)$/.exec(name) ?? []
    return `${repository.padEnd(50)} ${tag.padEnd(20)} ${digest.slice(7, 20)}       0B`
  })
  process.stdout.write(
    `${['IMAGE'.padEnd(50), 'TAG'.padEnd(20), 'IMAGE ID'.padEnd(19), 'SIZE'].join(' ')}\n${rows.join('\n')}\n`,
  )
}

async function pull(store: ImageStore, image: string): Promise<void> {
  try {
    await store.pull(image)
    process.stdout.write(`Image is up to date for ${store.digest(image)}\n`)
  } catch (error) {
    process.stderr.write(`E0000 pulling image: ${(error as Error).message}\n`)
    process.exit(1)
  }
}

function remove(store: ImageStore, image: string): void {
  if (store.remove(image)) return void process.stdout.write(`Deleted: ${image}\n`)
  process.stderr.write(`no such image ${image}\n`)
  process.exit(1)
}

function inspect(store: ImageStore, image: string): void {
  const digest = store.digest(image)
  if (digest === undefined) {
    process.stderr.write(`no such image "${image}" present\n`)
    process.exit(1)
  }
  const { registry, repository, tag } = parseImage(image)
  const status = {
    id: digest,
    repoTags: [`${registry}/${repository}:${tag}`],
    repoDigests: [`${registry}/${repository}@${digest}`],
  }
  process.stdout.write(`${JSON.stringify({ status }, undefined, 2)}\n`)
}
