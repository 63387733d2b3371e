import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect, type Probe, type Run } from '../src/core/task.ts'
import { unitArgument } from '../src/probe/arguments.ts'
import { planFile } from '../src/probe/filechange.ts'
import { type FileFact, fileProbe } from '../src/probe/files.ts'
import { type UnitFact, unitName, unitProbe } from '../src/probe/units.ts'

type Unit = NonNullable<UnitFact>
type State = 'started' | 'stopped' | 'restarted' | 'reloaded'

export default defineTask({
  name: 'systemd',
  summary:
    'Starts, stops, enables or writes a systemd unit; systemd is told to read changed unit files by itself.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['unit'],
    properties: {
      unit: { ...unitArgument, description: 'Name of the unit; without a suffix a service is meant.' },
      state: {
        enum: ['started', 'stopped', 'restarted', 'reloaded'],
        description:
          'What is to run now; restarted and reloaded happen each time, so they belong into handlers; so does started for a unit that does its work and ends (Type=oneshot).',
      },
      enabled: { type: 'boolean', description: 'Whether it is to start with the host.' },
      content: {
        type: 'string',
        minLength: 1,
        description: 'Text of the unit file, written to /etc/systemd/system.',
      },
      daemon_reload: {
        type: 'boolean',
        default: false,
        description: 'Have systemd read all unit files again each time, even when it does not miss it.',
      },
    },
  },
  example: `- name: Docker runs, now and after a restart
  systemd:
    unit: docker
    enabled: true
    state: started
`,
  returns: {
    active: { type: 'string', description: 'active, inactive, failed or what else systemd calls its state.' },
    enabled: {
      type: 'string',
      description: 'enabled, disabled, static, masked ...; empty where there is no such unit.',
    },
  },
  probes: ({ unit }) => ({ unit: unitProbe(unit), file: fileProbe(fileOf(unit)), found: foundProbe(unit) }),
  plan({ unit: name, state, enabled, content, daemon_reload }, facts) {
    const unit = unitName(name)
    const now = facts.unit ?? UNKNOWN
    const needsReload = now.needsReload || isStale(facts)
    const plan: Plan = { unit, changes: [], now: { ...now, needsReload }, file: facts.file }
    if (content !== undefined) write(plan, content, facts.file)
    if (daemon_reload || (plan.now.needsReload && !repeated(state))) reloadDaemon(plan, daemon_reload)
    if (plan.now.load === 'masked' && (enabled || (state && state !== 'stopped'))) {
      throw new TaskError(`${unit} is masked`, `run 'systemctl unmask ${unit}' if it is to run after all`)
    }
    if (enabled !== undefined) enable(plan, enabled)
    if (state !== undefined) bring(plan, state)
    return plan.changes
  },
  result: (_, { unit }) => ({ active: unit?.active ?? 'inactive', enabled: unit?.enabled ?? '' }),
})

/** What is planned so far, and the unit as it will be by then. */
interface Plan {
  unit: string
  changes: Change[]
  now: Unit
  file: FileFact
}

/** A unit that systemd does not know: an earlier step may yet install it. */
const UNKNOWN: Unit = {
  load: 'not-found',
  active: 'inactive',
  sub: 'dead',
  enabled: '',
  needsReload: false,
  path: '',
}

/** The unit's file as the host has it; nothing that is planned changes this fact, so a check can compare. */
function foundProbe(unit: string): Probe<FileFact> {
  const probe = fileProbe(fileOf(unit))
  return { ...probe, key: `found:${probe.key}` }
}

/** Whether a step before this one is about to change the file of a unit that systemd holds on to. */
function isStale({ unit, file, found }: { unit: UnitFact; file: FileFact; found?: FileFact }): boolean {
  if (unit === null || unit.load !== 'loaded' || !found || !file) return false
  return (unit.active === 'active' || unit.enabled === 'enabled') && file.sha256 !== found.sha256
}

function fileOf(unit: string): string {
  return `/etc/systemd/system/${unitName(unit)}`
}

function add(
  plan: Plan,
  summary: string,
  script: string,
  after: Partial<Unit>,
  more: Partial<Change & Run> = {},
): void {
  const { repeats, ...action } = more
  const needs = plan.now.load === UNKNOWN.load ? { needs: { unit: plan.unit } } : {}
  plan.now = { ...plan.now, ...after }
  const change: Change = {
    summary,
    actions: [{ do: 'run', script, ...action }],
    effects: [effect(unitProbe(plan.unit), plan.now)],
    ...needs,
  }
  plan.changes.push(repeats ? { ...change, repeats } : change)
}

function write(plan: Plan, content: string, file: FileFact): void {
  const path = fileOf(plan.unit)
  const enabled = plan.now.enabled || (/^\[Install\]/m.test(content) ? 'disabled' : 'static')
  for (const change of planFile(
    { path, content: { text: content }, mode: '0644', owner: 'root', group: 'root' },
    file,
  )) {
    const { ends: _, ...now } = plan.now
    plan.now = { ...now, load: 'loaded', enabled, path, needsReload: false, ...endOf(content) }
    const actions = [...change.actions, { do: 'run' as const, script: 'systemctl daemon-reload' }]
    const effects = [...change.effects, effect(unitProbe(plan.unit), plan.now)]
    const written = change.effects.find(({ key }) => key === fileProbe(path).key)
    if (written !== undefined) plan.file = written.value as FileFact
    plan.changes.push({ ...change, actions, effects })
    isRead(plan)
  }
}

/** Of a unit that has been written; Ansible's playbooks run such ones by `started`, each time. */
function endOf(content: string): Pick<Unit, 'ends'> {
  const ends = /^Type=oneshot$/m.test(content) && !/^RemainAfterExit=(yes|true|on|1)$/m.test(content)
  return ends ? { ends } : {}
}

function reloadDaemon(plan: Plan, always: boolean): void {
  const summary = `have systemd read ${always ? 'all unit files' : `the changed file of ${plan.unit}`} again`
  add(plan, summary, 'systemctl daemon-reload', { needsReload: false }, always ? { repeats: true } : {})
  isRead(plan)
}

/** The last change has systemd read the unit's file as it is by then. */
function isRead({ changes, unit, file }: Plan): void {
  changes.at(-1)?.effects.push(effect(foundProbe(unit), file))
}

/** Units of these kinds have no [Install] of their own, or start without being enabled. */
const NEEDS_NO_ENABLING = /^(enabled|alias|static|indirect|generated|transient)$/

function enable(plan: Plan, enabled: boolean): void {
  const { unit, now } = plan
  const holds = enabled ? NEEDS_NO_ENABLING.test(now.enabled) : !/^(enabled|linked)/.test(now.enabled)
  if (holds) return
  const verb = enabled ? 'enable' : 'disable'
  add(plan, `${verb} ${unit}`, sh`systemctl ${verb} -- ${unit}`, { enabled: `${verb}d` })
}

const VERBS: Record<State, { verb: string; summary: string }> = {
  started: { verb: 'start', summary: 'start' },
  stopped: { verb: 'stop', summary: 'stop' },
  restarted: { verb: 'restart', summary: 'restart' },
  reloaded: { verb: 'reload-or-restart', summary: 'reload' },
}

function bring(plan: Plan, state: State): void {
  const { unit, now } = plan
  if (state === 'started' && (now.active === 'active' || now.active === 'reloading')) return
  if (state === 'stopped' && (now.active === 'inactive' || now.active === 'failed')) return
  const { verb, summary } = VERBS[state]
  const after =
    state === 'stopped' || now.ends
      ? { active: 'inactive', sub: 'dead' }
      : { active: 'active', sub: 'running' }
  const failed = state === 'started' && now.active === 'failed' ? ', which has failed' : ''
  if (!repeated(state))
    add(plan, `${summary} ${unit}${failed}`, explained(verb, now, unit), after, {
      meaning: MEANING,
      ...(state === 'started' && now.ends ? { repeats: true } : {}),
    })
  else {
    // NeedDaemonReload does not tell of the first drop-in of a unit: systemd has not seen that folder yet.
    const script = `systemctl daemon-reload\n${explained(verb, now, unit)}`
    add(
      plan,
      `${summary} ${unit}`,
      script,
      { ...after, needsReload: false },
      { meaning: MEANING, repeats: true },
    )
    isRead(plan)
  }
}

function repeated(state: State | undefined): boolean {
  return state === 'restarted' || state === 'reloaded'
}

const MEANING = {
  1: 'the unit could not be brought there',
  3: 'it started, and ended at once',
  4: 'no permission',
  5: 'there is no such unit',
  6: 'a condition in the unit does not hold on this host, so systemd leaves it stopped',
}

/**
 * What systemctl says on failure is "see journalctl": so its last lines are shown at once. A unit that has failed too
 * often is refused even when it has been mended, until its failures are forgotten.
 */
function explained(verb: string, { ends }: Unit, unit: string): string {
  const told = sh`systemctl status --no-pager --lines=0 -- ${unit}; journalctl --no-pager --quiet -o cat -n 15 -u ${unit}`
  const forget = verb === 'stop' ? '' : sh`systemctl reset-failed -- ${unit} 2>/dev/null; `
  const isLeft = verb !== 'stop' && !ends && unit.endsWith('.service')
  const stays = isLeft ? ` && { ${remains(unit)}; }` : ''
  return `${forget}${sh`systemctl ${verb} -- ${unit}`}${stays} || { code=$?; { ${told}; } >&2; exit $code; }`
}

/**
 * systemctl is content with a fork, of a program that ends at once, and with a unit whose conditions forbid it to start.
 * What is started again and again is seen running now and then, so its starts are counted, too. Until the program itself
 * is there, its process bears its name in parentheses.
 */
function remains(unit: string): string {
  const starts = sh`$(systemctl show -p NRestarts -- ${unit})`
  const begins = sh`grep -qsE '^([(]|systemd$)' "/proc/$(systemctl show -p MainPID --value -- ${unit})/comm"`
  return [
    `starts=${starts}`,
    sh`case $(systemctl show -p Type --value -- ${unit}) in simple|exec|idle) n=0; ` +
      `while [ $n -lt 50 ] && ${begins}; do n=$((n+1)); sleep 0.1; done; sleep 0.3;; esac`,
    sh`case $(systemctl show -p ActiveState,SubState,Result,ConditionResult -- ${unit}) in *=failed*|*=auto-restart*|*Result=exit-code*|*Result=signal*) (exit 3);; *=inactive*Result=no*|*Result=no*=inactive*) (exit 6);; ` +
      `*) [ "${starts}" = "$starts" ] || (exit 3);; esac`,
  ].join('; ')
}
