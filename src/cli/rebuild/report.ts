import { fingerprint } from '../../base/knownhosts.ts'
import type { ShownKey } from '../../connect/hostkey.ts'
import type { Verdict, Wish } from '../../probe/rebuildwish.ts'
import type { Colours } from '../../render/colour.ts'
import { effortText } from './effort.ts'
import type { Seen } from './look.ts'

/** Both fingerprints: whoever agrees has compared the new one with what the machine itself shows. */
export function keyQuestion(host: string, shown: ShownKey): string {
  return [
    `The machine at the address of ${host} shows another SSH key than before:`,
    ...keyLines(shown),
    `Is it the key of the new ${host}? (On it: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub)`,
  ].join('\n')
}

export function keyLines({ key, fingerprint: now, replaces }: ShownKey): string[] {
  const known = replaces.map(
    ({ type, key: old, file, line }) =>
      `  known  ${type} ${fingerprint(Buffer.from(old, 'base64'))} (${file}:${line})`,
  )
  return [...known, `  shown  ${key.split(' ')[0]} ${now}`]
}

/** What was found, what will be done, and what stands against it. */
export function verdictText(wish: Wish, verdict: Verdict, seen: Seen, colours: Colours): string {
  const { host, data } = wish
  return judgementText(
    { title: `${host}, data: ${data}`, host, verdict, beside: absent(seen, wish) },
    seen,
    colours,
  )
}

/** A verdict with its heading and what else is to be said of the machine. */
export interface Judgement {
  title: string
  host: string
  verdict: Verdict
  beside: string[]
}

export function judgementText(
  { title, host, verdict, beside }: Judgement,
  { looks }: Pick<Seen, 'looks'>,
  colours: Colours,
): string {
  const lines = [colours.bold(title), ...verdict.found.map((one) => `  ${one}`)]
  if (verdict.healthy)
    return [...lines, `${host} is healthy; nothing is to be rebuilt, nothing was changed`].join('\n')
  if (verdict.refusals.length > 0)
    return [
      ...lines,
      ...verdict.refusals.flatMap(({ message, hint }) => [
        colours.red(`refused: ${message}`),
        `  hint: ${hint}`,
      ]),
      'nothing was changed',
    ].join('\n')
  return [
    ...lines,
    ...beside,
    colours.bold('Plan'),
    ...verdict.steps.map((step, index) => `  ${index + 1}. ${step}`),
    colours.bold('Kept'),
    ...verdict.kept.map((one) => `  ${one}`),
    colours.bold('Lost'),
    ...verdict.lost.map((one) => `  ${one}`),
    colours.dim(`(looking took ${effortText(looks)})`),
  ].join('\n')
}

/** What to do where the machine was not looked at. */
function absent({ machine, why, newKey }: Seen, { host, poweredOff }: Wish): string[] {
  if (machine !== null || poweredOff) return []
  if (newKey !== undefined)
    return [...keyLines(newKey), '  its key is not agreed to, so nobody has logged in to look at its disk']
  return [
    `  ${why?.message ?? `${host} does not answer`}`,
    `  flash its SD card with the same name, user and key, plug its SSD in, switch it on, and run this again;`,
    `  or switch it off for good and add --powered-off: the cluster then lets go of it already`,
  ]
}
