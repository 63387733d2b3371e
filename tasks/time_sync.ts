import { type Change, defineTask, effect, type Output, type Probe } from '../src/core/task.ts'

type ClockFact = {
  /** Not a clock of its own: a container has that of its machine. */
  borrowed: boolean
  /** Set by the network since the boot. */
  synchronized: boolean
  /** A service keeps it so. */
  service: boolean
}

// timedatectl starts a service of its own, so it is asked only where files don't tell.
const clockProbe: Probe<ClockFact> = {
  key: 'clock',
  script: [
    '[ -e /run/systemd/container ] && { echo container; exit; }',
    '[ -e /run/systemd/timesync/synchronized ] && { echo NTPSynchronized=yes; echo NTP=yes; exit; }',
    'timedatectl show -p NTPSynchronized -p NTP',
  ].join('\n'),
  parse({ stdout }: Output) {
    const text = stdout.toString()
    const yes = (name: string) => new RegExp(`^${name}=yes$`, 'm').test(text)
    return { borrowed: text === 'container\n', synchronized: yes('NTPSynchronized'), service: yes('NTP') }
  },
}

export default defineTask({
  name: 'time_sync',
  summary:
    'Has the clock set by the network, and waits until it is: k3s trusts no certificate from the future.',
  args: {
    type: 'object',
    additionalProperties: false,
    properties: {
      timeout: {
        type: 'integer',
        minimum: 1,
        default: 180,
        description: 'Seconds to wait for the first synchronisation.',
      },
    },
  },
  example: `- name: The clock is right
  time_sync: {}
`,
  returns: {},
  probes: () => ({ clock: clockProbe }),
  plan: ({ timeout }, { clock }) =>
    clock.borrowed || (clock.synchronized && clock.service) ? [] : [synchronize(timeout)],
})

function synchronize(timeout: number): Change {
  const said = 'timedatectl timesync-status 2>&1 | tail -n 3 >&2; exit 1'
  return {
    summary: 'have the clock set by the network',
    actions: [
      {
        do: 'run',
        script: 'timedatectl set-ntp true',
        meaning: { 1: 'no time service is installed: install the package systemd-timesyncd or chrony' },
      },
      {
        do: 'wait',
        what: 'the clock to be set',
        script: `[ "$(timedatectl show -p NTPSynchronized --value)" = yes ] || { ${said}; }`,
        timeout,
        every: 2,
      },
    ],
    effects: [effect(clockProbe, { borrowed: false, synchronized: true, service: true })],
  }
}
