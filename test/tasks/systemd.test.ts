import type { UnitFact } from '../../src/probe/units.ts'
import systemd from '../../tasks/systemd.ts'
import { testArguments, testTask } from './law.ts'
import { seen } from './seen.ts'

type Unit = NonNullable<UnitFact>
const running: Unit = {
  load: 'loaded',
  active: 'active',
  sub: 'running',
  enabled: 'enabled',
  needsReload: false,
  path: '/lib/systemd/system/docker.service',
}
const stopped: Unit = { ...running, active: 'inactive', sub: 'dead', enabled: 'disabled' }
const unitFile = '[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n'

const meaning = {
  1: 'the unit could not be brought there',
  3: 'it started, and ended at once',
  4: 'no permission',
  5: 'there is no such unit',
  6: 'a condition in the unit does not hold on this host, so systemd leaves it stopped',
}
const remains = (unit: string): string =>
  ` && { starts=$(systemctl show -p NRestarts -- ${unit}); case $(systemctl show -p Type --value -- ${unit}) in simple|exec|idle) n=0; while [ $n -lt 50 ] && grep -qsE '^([(]|systemd$)' "/proc/$(systemctl show -p MainPID --value -- ${unit})/comm"; do n=$((n+1)); sleep 0.1; done; sleep 0.3;; esac; case $(systemctl show -p ActiveState,SubState,Result,ConditionResult -- ${unit}) in *=failed*|*=auto-restart*|*Result=exit-code*|*Result=signal*) (exit 3);; *=inactive*Result=no*|*Result=no*=inactive*) (exit 6);; *) [ "$(systemctl show -p NRestarts -- ${unit})" = "$starts" ] || (exit 3);; esac; }`
const forget = (verb: string, unit: string): string =>
  verb === 'stop' ? '' : `systemctl reset-failed -- ${unit} 2>/dev/null; `
const bring = (verb: string, unit: string) => ({
  do: 'run' as const,
  script: `${forget(verb, unit)}systemctl ${verb} -- ${unit}${verb !== 'stop' && unit.endsWith('.service') ? remains(unit) : ''} || { code=$?; { systemctl status --no-pager --lines=0 -- ${unit}; journalctl --no-pager --quiet -o cat -n 15 -u ${unit}; } >&2; exit $code; }`,
  meaning,
})
const once = (verb: string, unit: string): string => bring(verb, unit).script.replace(remains(unit), '')
const bringAfresh = (verb: string, unit: string) => ({
  ...bring(verb, unit),
  script: `systemctl daemon-reload\n${bring(verb, unit).script}`,
})
const run = (script: string) => ({ do: 'run' as const, script })

testTask(systemd, [
  {
    it: 'is content',
    args: { unit: 'docker', state: 'started', enabled: true },
    facts: { unit: running, file: null },
    changes: [],
    result: { active: 'active', enabled: 'enabled' },
  },
  {
    it: 'enables, then starts',
    args: { unit: 'docker', state: 'started', enabled: true },
    facts: { unit: stopped, file: null },
    changes: [
      { summary: 'enable docker.service', actions: [run('systemctl enable -- docker.service')] },
      {
        summary: 'start docker.service',
        actions: [bring('start', 'docker.service')],
        effects: [{ key: 'unit:docker.service', value: running }],
      },
    ],
  },
  {
    it: 'stops and disables',
    args: { unit: 'docker.socket', state: 'stopped', enabled: false },
    facts: { unit: running, file: null },
    changes: [
      { summary: 'disable docker.socket', actions: [run('systemctl disable -- docker.socket')] },
      { summary: 'stop docker.socket', actions: [bring('stop', 'docker.socket')] },
    ],
  },
  {
    it: 'starts what keeps failing',
    args: { unit: 'x', state: 'started' },
    facts: { unit: { ...running, active: 'activating', sub: 'auto-restart' }, file: null },
    changes: [{ summary: 'start x.service' }],
  },
  {
    it: 'says of what has failed that it has',
    args: { unit: 'x', state: 'started' },
    facts: { unit: { ...stopped, active: 'failed' }, file: null },
    changes: [{ summary: 'start x.service, which has failed', actions: [bring('start', 'x.service')] }],
  },
  {
    it: 'starts a unit that does its work and ends each time',
    args: { unit: 'x', state: 'started' },
    facts: { unit: { ...stopped, ends: true }, file: null },
    changes: [
      {
        summary: 'start x.service',
        actions: [{ ...bring('start', 'x.service'), script: once('start', 'x.service') }],
        repeats: true,
      },
    ],
  },
  {
    it: 'knows of a unit that it writes that it ends',
    args: { unit: 'x', state: 'started', content: '[Service]\nType=oneshot\nExecStart=/bin/true\n' },
    facts: { unit: null, file: null },
    changes: [{}, { summary: 'start x.service', repeats: true }],
  },
  {
    it: 'takes a failed unit for stopped',
    args: { unit: 'x', state: 'stopped' },
    facts: { unit: { ...stopped, active: 'failed' }, file: null },
    changes: [],
  },
  {
    it: 'needs not enable a static unit',
    args: { unit: 'x', enabled: true },
    facts: { unit: { ...stopped, enabled: 'static' }, file: null },
    changes: [],
  },
  {
    it: 'enables for good what is enabled until the next start only',
    args: { unit: 'x', enabled: true },
    facts: { unit: { ...stopped, enabled: 'enabled-runtime' }, file: null },
    changes: [{ summary: 'enable x.service' }],
  },
  {
    it: 'has systemd read a file that a step before changes',
    args: { unit: 'x', state: 'started' },
    facts: { unit: running, file: seen({ text: 'new' }), found: seen({ text: 'old' }) },
    changes: [{ summary: 'have systemd read the changed file of x.service again' }],
  },
  {
    it: 'plans for a unit that an earlier step installs',
    args: { unit: 'docker', state: 'started', enabled: true },
    facts: { unit: null, file: null },
    changes: [
      { summary: 'enable docker.service', needs: { unit: 'docker.service' } },
      { summary: 'start docker.service', needs: { unit: 'docker.service' } },
    ],
  },
  {
    it: 'takes a missing unit for stopped',
    args: { unit: 'x', state: 'stopped', enabled: false },
    facts: { unit: null, file: null },
    changes: [],
  },
  {
    it: 'restarts each time',
    args: { unit: 'docker', state: 'restarted' },
    facts: { unit: running, file: null },
    changes: [
      {
        summary: 'restart docker.service',
        actions: [bringAfresh('restart', 'docker.service')],
        repeats: true,
      },
    ],
  },
  {
    it: 'plans the same restart whether or not an earlier step has changed the unit file already',
    args: { unit: 'docker', state: 'restarted' },
    facts: { unit: { ...running, needsReload: true }, file: null },
    changes: [
      {
        summary: 'restart docker.service',
        actions: [bringAfresh('restart', 'docker.service')],
        repeats: true,
      },
    ],
  },
  {
    it: 'reloads each time',
    args: { unit: 'ssh', state: 'reloaded' },
    facts: { unit: running, file: null },
    changes: [
      {
        summary: 'reload ssh.service',
        actions: [bringAfresh('reload-or-restart', 'ssh.service')],
        repeats: true,
      },
    ],
  },
  {
    it: 'has systemd read a changed unit file',
    args: { unit: 'ssh', state: 'started' },
    facts: { unit: { ...running, needsReload: true }, file: null },
    changes: [
      {
        summary: 'have systemd read the changed file of ssh.service again',
        actions: [run('systemctl daemon-reload')],
      },
    ],
  },
  {
    it: 'has systemd read all unit files when told to',
    args: { unit: 'ssh', daemon_reload: true },
    facts: { unit: running, file: null },
    changes: [
      {
        summary: 'have systemd read all unit files again',
        actions: [run('systemctl daemon-reload')],
        repeats: true,
      },
    ],
  },
  {
    it: 'writes a unit file, enables and starts it',
    args: { unit: 'x', content: unitFile, enabled: true, state: 'started' },
    facts: { unit: null, file: null },
    changes: [
      {
        summary: `create /etc/systemd/system/x.service (0644 root:root, ${unitFile.length} bytes)`,
        actions: [
          {
            do: 'put',
            path: '/etc/systemd/system/x.service',
            content: { text: unitFile },
            mode: '0644',
            owner: 'root',
            group: 'root',
          },
          run('systemctl daemon-reload'),
        ],
      },
      { summary: 'enable x.service' },
      { summary: 'start x.service' },
    ],
  },
  {
    it: 'keeps a unit file that is right',
    args: { unit: 'x', content: unitFile },
    facts: { unit: stopped, file: seen({ text: unitFile }) },
    changes: [],
  },
  {
    it: 'refuses a masked unit',
    args: { unit: 'x', state: 'started' },
    facts: { unit: { ...stopped, load: 'masked', enabled: 'masked' }, file: null },
    refuses: /x\.service is masked/,
  },
  {
    it: 'finds a masked unit stopped',
    args: { unit: 'x', state: 'stopped' },
    facts: { unit: { ...stopped, load: 'masked' }, file: null },
    changes: [],
  },
])

testArguments(systemd, {
  'a pattern': { unit: 'docker*', state: 'stopped' },
  'a path': { unit: '/etc/systemd/system/x.service' },
  'yes as a text': { unit: 'x', enabled: 'yes' },
})
