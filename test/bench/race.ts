import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

/** Something that does the work of a case. */
export interface Contender {
  name: string
  argv: string[]
  env?: Record<string, string>
  /** It takes part in each round (1), or only in every n-th: what takes a minute is not run as often. */
  every?: number
  /** Exit codes that are well. */
  ok?: number[]
}

export interface Result {
  name: string
  /** Milliseconds. */
  times: number[]
  /** Computing time of the controller in milliseconds, children included. */
  cpu: number[]
  /** Peak resident memory of the largest process, in MB. */
  memory: number[]
}

/** Milliseconds for hosts to end the sessions of whoever has left without waiting for that, at the cost of the next. */
const BREATH = 1000

/** What is around a race: put things back before each run, look afterwards whether the work was done. */
export interface Around {
  before?(): Promise<void> | void
  after?(name: string): Promise<void> | void
}

/** All contenders in turn, round by round, so that what else the machine does hits all of them. */
export async function race(all: Contender[], rounds: number, around: Around = {}): Promise<Result[]> {
  const only = new RegExp(process.env.ONLY ?? '')
  const contenders = all.filter(({ name }, i) => i === 0 || only.test(name))
  const results = contenders.map(({ name }): Result => ({ name, times: [], cpu: [], memory: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of contenders.entries()) {
      if (round % (one.every ?? 1) !== 0) continue
      await around.before?.()
      await delay(BREATH)
      const { ms, cpu, memory } = await timed(one)
      await around.after?.(one.name)
      results[i]!.times.push(ms)
      results[i]!.cpu.push(cpu)
      results[i]!.memory.push(memory)
      console.error(`round ${round + 1}: ${one.name}: ${(ms / 1000).toFixed(2)} s`)
    }
  }
  return results
}

function timed({
  name,
  argv,
  env,
  ok = [0],
}: Contender): Promise<{ ms: number; cpu: number; memory: number }> {
  const start = process.hrtime.bigint()
  const child = spawn('/usr/bin/time', ['-f', 'used %U %S %M', ...argv], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let ms = 0
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
  // A connection kept for later (ControlPersist) holds the streams open after the program has ended.
  child.on('exit', () => {
    ms = Number(process.hrtime.bigint() - start) / 1e6
    setTimeout(() => child.stdout.destroy() && child.stderr.destroy(), 50)
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      const used = /used ([\d.]+) ([\d.]+) (\d+)/.exec(said)
      if (!ok.includes(code ?? -1) || used === null)
        return reject(new Error(`${name} ended with ${code}:\n${said}`))
      resolve({ ms, cpu: (Number(used[1]) + Number(used[2])) * 1000, memory: Number(used[3]) / 1024 })
    })
  })
}

export function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!
}

/** As Markdown; ratios are to the first. */
export function table(results: Result[]): string {
  const base = quantile(results[0]!.times, 0.5)
  const rows = results.map(({ name, times, cpu, memory }) => {
    const [low, median, high] = [0.1, 0.5, 0.9].map((q) => quantile(times, q) / 1000) as [
      number,
      number,
      number,
    ]
    const used = (quantile(cpu, 0.5) / 1000).toFixed(2)
    const cells = [
      name,
      median.toFixed(2),
      `${low.toFixed(2)}-${high.toFixed(2)}`,
      times.length,
      ((median * 1000) / base).toFixed(2),
      used,
      Math.max(...memory).toFixed(0),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| | median s | p10-p90 | n | ratio | CPU s | peak MB |',
    '|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
