import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Output, Probe } from '../../src/core/task.ts'

/** Runs sh as a connection does. */
export function run(script: string): Output {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], {
    env: { ...process.env, LC_ALL: 'C', PATH: path },
    input: '',
  })
  return { code: status ?? -1, stdout, stderr: stderr.toString() }
}

/** Looks at one thing on this machine. */
export function look<T extends null | object | string>(probe: Probe<any>): T {
  const { script } = probe
  return probe.parse(run(typeof script === 'string' ? script : script.survey.script([script.subject]))) as T
}

export interface Loop {
  device: string
  directory: string
  free(): void
}

/** A blank disk made of a sparse file; undefined where that is not allowed. */
export function makeLoop(bytes: number): Loop | undefined {
  if (process.getuid?.() !== 0) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'provision-loop-'))
  const image = join(directory, 'image')
  writeFileSync(image, '')
  truncateSync(image, bytes)
  const { status, stdout } = spawnSync('losetup', ['-P', '-f', '--show', image], { encoding: 'utf8' })
  const device = stdout?.trim()
  const remove = () => rmSync(directory, { recursive: true, force: true })
  if (status !== 0 || !device) {
    remove()
    return undefined
  }
  const free = () => {
    execFileSync('losetup', ['-d', device])
    remove()
  }
  return { device, directory, free }
}
