import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { changesOf, type Ended, failuresOf, look, provision, workplace } from './small.ts'

/** Runs one of the playbooks, with more words behind its own. */
export type Book = (...words: string[]) => Promise<Ended>

export function bookOf(inventory: () => string): (name: string, ...words: string[]) => Book {
  return (name, ...words) => {
    const file = fileURLToPath(new URL(`../../playbooks/${name}.yaml`, import.meta.url))
    return (...more) => provision(file, '-i', inventory(), '--lab', '--output', 'json', ...words, ...more)
  }
}

/** What a run came to: why it failed, its changes in any order, its exit code. */
export function fateOf(ended: Ended): [string[], string[], number | null] {
  return [failuresOf(ended), changesOf(ended).sort(), ended.code]
}

/** An apply makes just what the check before has listed, and nothing is left after it. Returns the changes. */
export async function settles(run: Book): Promise<string[]> {
  const checked = await run('--check')
  const changes = changesOf(checked).sort()
  assert.deepEqual([failuresOf(checked), checked.code], [[], 2])
  assert.deepEqual(fateOf(await run()), [[], changes, 0])
  await hasNothingToDo(run)
  return changes
}

export async function hasNothingToDo(run: Book): Promise<void> {
  assert.deepEqual(fateOf(await run()), [[], [], 0])
  assert.deepEqual(fateOf(await run('--check')), [[], [], 0])
}

/** Why a playbook stops without having changed anything. */
export async function refusalOf(run: Book): Promise<string> {
  const ended = await run()
  assert.deepEqual([changesOf(ended), ended.code], [[], 3])
  return failuresOf(ended).join('\n')
}

/** What kubectl prints on the host of the server. */
export function kubectl(words: string): Promise<string> {
  return look('rpi01', `k3s kubectl ${words}`)
}

/** The objects that kubectl lists. */
export async function objects(words: string): Promise<any[]> {
  return JSON.parse(await kubectl(`get ${words} -o json`)).items
}

/** All files on the SSDs, with what is in them. */
export async function onSsds(): Promise<string> {
  const files = 'cd /mnt/storage && find . -xdev -type f -exec sha256sum {} + | sort -k 2'
  const hosts = ['rpi01', 'rpi02', 'rpi03']
  return (await Promise.all(hosts.map((host) => look(host, files)))).join('\n')
}

/** Waits on the host of the server; the test's own time limit ends it. */
export async function until(script: string): Promise<void> {
  await look('rpi01', `until ${script}; do sleep 0.2; done >/dev/null 2>&1`)
}

/** What is yours on this machine (kubeconfig, keys) lies in the workplace while the suite runs. */
export function useHome(): void {
  let home: string | undefined
  before(() => {
    home = process.env.HOME
    process.env.HOME = workplace()
  })
  after(() => {
    process.env.HOME = home
  })
}
