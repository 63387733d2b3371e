import { sh } from '../src/base/shell.ts'
import { TaskError } from '../src/core/errors.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { absolutePath } from '../src/probe/arguments.ts'
import { restoreProbe, RESTORED } from '../src/probe/k3srestore.ts'

export default defineTask({
  name: 'k3s_restore',
  summary:
    'Puts the datastore, token and certificates of a backup in place, before the first start of a k3s server.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['from', 'backup'],
    properties: {
      from: {
        ...absolutePath,
        description: 'Directory in which the server of the backup is unpacked; it holds var and etc.',
      },
      backup: {
        type: 'string',
        pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
        description: 'Name of the backup. It is remembered until the restore is done.',
      },
    },
  },
  example: `- name: The cluster as it was
  k3s_restore:
    from: /var/lib/provision-restore/rpi01-2026-11-30T171908Z/server
    backup: rpi01-2026-11-30T171908Z
`,
  returns: {},
  probes: ({ from }) => ({ restore: restoreProbe(from) }),
  plan({ from, backup }, { restore }): Change[] {
    if (restore.restored === backup) return []
    if (restore.restored !== '')
      throw new TaskError(
        `a restore from ${restore.restored} has begun here`,
        `go on with it: provision rebuild with --from ${restore.restored}`,
      )
    if (restore.datastore)
      throw new TaskError(
        'k3s has a datastore here already; it is never overwritten',
        'move it aside first: systemctl stop k3s; mv /var/lib/rancher/k3s/server /var/lib/rancher/k3s/server.old',
      )
    if (!restore.unpacked)
      throw new TaskError(`there is no ${from}`, 'provision rebuild puts the backup there, and runs this')
    return [
      {
        summary: `put datastore, token and certificates of ${backup} in place`,
        actions: [{ do: 'run', script: restoreScript(from, backup), timeout: 1800, atomic: true }],
        effects: [effect(restoreProbe(from), { ...restore, datastore: true, restored: backup })],
      },
    ]
  },
})

/** Settings first; the directory comes in one step, with the mark that tells what it is. */
function restoreScript(from: string, backup: string): string {
  return [
    'umask 077; home=/var/lib/rancher/k3s',
    sh`cd ${from} && [ -s .$home/server/token ] && [ -d .$home/server/tls ] && [ -d .$home/server/db ] || { echo "the backup lacks parts of a server" >&2; exit 1; }`,
    'systemctl stop k3s 2>/dev/null',
    'find etc -type f | while IFS= read -r one; do',
    '( umask 022; mkdir -p "/${one%/*}" ) && cp -p "$one" "/$one.new" && mv -f "/$one.new" "/$one" || exit; done || exit',
    'mkdir -p $home && rm -rf $home/server.new && cp -a .$home/server $home/server.new && chmod 0755 $home $home/server.new || exit',
    sh`printf '%s\n' ${backup} > ${RESTORED.replace('/server/', '/server.new/')} && sync || exit`,
    '[ ! -e $home/server ] || mv -T $home/server "$home/server.before-$(date +%s)" || exit',
    'mv -T $home/server.new $home/server && sync',
  ].join('\n')
}
