import { isDeepStrictEqual } from 'node:util'
import { sh } from '../src/base/shell.ts'
import { nearest } from '../src/base/suggest.ts'
import { TaskError } from '../src/core/errors.ts'
import type { Json, JsonObject } from '../src/core/json.ts'
import { type Change, defineTask, effect } from '../src/core/task.ts'
import { type DockerFact, dockerProbe, isObject, mergeJson, withoutJson } from '../src/probe/docker.ts'
import { DAEMON_KEYS, FLAG_OF_KEY, RELOADABLE } from '../src/probe/dockerkeys.ts'
import { editableText } from '../src/probe/filechange.ts'
import { contentFact, type FileFact, fileProbe } from '../src/probe/files.ts'

const PATH = '/etc/docker/daemon.json'

export default defineTask({
  name: 'docker_daemon',
  summary:
    "Merges settings into docker's daemon.json, and reloads or restarts docker only when they changed.",
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['config'],
    properties: {
      config: {
        type: 'object',
        minProperties: 1,
        description:
          'Keys of daemon.json. Lists are united with those in the file, other values replace them; keys not named stay.',
      },
      state: {
        enum: ['present', 'absent'],
        default: 'present',
        description:
          'With absent, these entries of lists and these values are taken away; all others stay. An empty file goes.',
      },
    },
  },
  example: `- name: Docker takes images from the cluster's registry
  docker_daemon:
    config:
      insecure-registries: ["127.0.0.1:5000", "16.0.0.10:5000"]
`,
  returns: {},
  probes: () => ({ file: fileProbe(PATH), docker: dockerProbe }),
  plan({ config, state }, { file, docker }) {
    if (state === 'absent') return removal(config, file, docker)
    refuseUnknown(config)
    const before = parseConfig(file)
    const after = mergeJson(before, config)
    // What is in the file already may be why it does not run.
    refuseFlags(docker.running ? {} : after, docker)
    if (isDeepStrictEqual(before, after)) return []
    refuseFlags(config, docker)
    return [change(before, after, file, docker)]
  },
})

function removal(config: JsonObject, file: FileFact, docker: DockerFact): Change[] {
  if (file === null) return []
  const before = parseConfig(file)
  const after = withoutJson(before, config)
  if (isDeepStrictEqual(before, after)) return []
  return [change(before, after, file, docker)]
}

/** Only what looks like a slip: dockerd knows its own keys best, and is asked before it gets the file. */
function refuseUnknown(config: JsonObject): void {
  for (const key of Object.keys(config)) {
    const meant = DAEMON_KEYS.includes(key) ? undefined : nearest(key, DAEMON_KEYS)
    if (meant !== undefined)
      throw new TaskError(`docker knows no setting '${key}'`, `did you mean '${meant}'?`)
  }
}

function parseConfig(file: FileFact): JsonObject {
  const text = editableText(PATH, file)
  if (text.trim() === '') return {}
  try {
    const value = JSON.parse(text) as Json
    if (isObject(value)) return value
    throw new TaskError(`${PATH} holds no JSON object; it is not overwritten`, 'repair the file first')
  } catch (error) {
    if (error instanceof TaskError) throw error
    throw new TaskError(
      `${PATH} is not valid JSON (${(error as Error).message}); it is not overwritten`,
      REPAIR,
    )
  }
}

const REPAIR = 'repair the file by hand; `python3 -m json.tool` shows where it breaks'

/** With the same setting in the file and on its command line, dockerd does not start. */
function refuseFlags(config: JsonObject, { flags }: DockerFact): void {
  for (const key of Object.keys(config)) {
    const flag = [key, FLAG_OF_KEY[key] ?? key].find((name) => flags.includes(name))
    if (flag === undefined) continue
    throw new TaskError(
      `docker's unit starts it with --${flag}; the same in daemon.json would keep it from starting`,
      `remove --${flag} from the unit (systemctl cat docker) or from DOCKER_OPTS in /etc/default/docker`,
    )
  }
}

function change(before: JsonObject, after: JsonObject, file: FileFact, { running }: DockerFact): Change {
  const all = Object.keys({ ...before, ...after })
  const keys = all.filter((key) => !isDeepStrictEqual(before[key], after[key]))
  const empty = Object.keys(after).length === 0
  const indent = /^\{\s*?\n([ \t]+)"/.exec(file?.text ?? '')?.[1] ?? 2
  const text = empty ? '' : `${JSON.stringify(after, null, indent)}\n`
  // A running daemon keeps the value of a key that is no longer there.
  const reload = running && keys.every((key) => RELOADABLE.includes(key) && key in after)
  const attributes = {
    mode: file?.mode ?? '0644',
    owner: file?.owner ?? 'root',
    group: file?.group ?? 'root',
  }
  return {
    summary: empty ? `remove ${PATH}` : `set ${keys.join(', ')} in ${PATH}`,
    diff: { title: PATH, before: file?.text ?? '', after: text },
    actions: [
      {
        do: 'run',
        script: empty ? REMOVE : replaceScript(reload, attributes.mode),
        stdin: text,
        atomic: true,
        timeout: 300,
        meaning,
      },
    ],
    effects: [
      effect(fileProbe(PATH), empty ? null : { type: 'file', ...attributes, ...contentFact({ text }) }),
    ],
  }
}

const meaning = {
  3: 'docker is not installed: install its package in an earlier step',
  4: 'dockerd refuses the settings; nothing was changed',
  5: 'docker did not come up with the settings; the old file is back',
}

/** Where docker does not run it stays so. */
const REMOVE = sh`rm -f ${PATH} ${`${PATH}.bak`} && systemctl try-restart docker`

/** In one script, so that no interruption can leave docker with a file that it does not know or can't start with. */
function replaceScript(reload: boolean, mode: string): string {
  const next = `${PATH}.provision-new`
  return [
    'command -v dockerd >/dev/null || exit 3',
    sh`umask 077; mkdir -p -m 0755 /etc/docker && cat > ${next} && chmod ${mode} ${next} || exit 1`,
    'if dockerd --help 2>&1 | grep -q -e --validate; then',
    sh`dockerd --validate --config-file ${next} >&2 || { rm -f ${next}; exit 4; }; fi`,
    sh`had=; [ -e ${PATH} ] && { had=1; cp -p ${PATH} ${`${PATH}.bak`} || exit 1; }`,
    sh`[ -z "$had" ] || chown --reference=${PATH} ${next}`,
    sh`sync ${next}; mv -f ${next} ${PATH} || exit 1`,
    // Three failed starts in a row stop systemd from trying again.
    `restart() { systemctl reset-failed docker 2>/dev/null; systemctl restart docker; }`,
    `apply() { ${reload ? 'systemctl reload docker' : 'restart'} && systemctl is-active --quiet docker; }`,
    'apply && exit',
    'journalctl -u docker -n 5 --no-pager -o cat >&2',
    sh`if [ -n "$had" ]; then cp -p ${`${PATH}.bak`} ${PATH}; else rm -f ${PATH}; fi; restart; exit 5`,
  ].join('\n')
}
