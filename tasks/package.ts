import { quoteAll } from '../src/base/shell.ts'
import { type Change, defineTask, effect, type Probe } from '../src/core/task.ts'
import { aptScript } from '../src/probe/apt.ts'
import { type PackageFact, packageProbe } from '../src/probe/packages.ts'

const NAME = '^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?(=[0-9][A-Za-z0-9.+:~*-]*)?$'

export default defineTask({
  name: 'package',
  summary: 'Installs Debian packages, in a version if one is given, or removes them.',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: {
      name: {
        anyOf: [
          { type: 'string', pattern: NAME },
          { type: 'array', items: { type: 'string', pattern: NAME }, minItems: 1 },
        ],
        description: 'One package or a list; each may name its version: docker.io=20.10.24*',
      },
      state: {
        enum: ['present', 'absent'],
        default: 'present',
        description: 'Whether they are to be installed.',
      },
      update: {
        type: 'integer',
        minimum: 0,
        default: 86400,
        description:
          'Refresh the lists of packages before an installation when they are older than this, in seconds.',
      },
    },
  },
  example: `- name: What the nodes need
  package:
    name: [curl, nfs-common]
`,
  returns: {
    versions: {
      type: 'object',
      additionalProperties: { type: ['string', 'null'] },
      description: 'Installed version of each package by its name; null where it is not installed.',
    },
  },
  probes: ({ name }) =>
    Object.fromEntries([name].flat().map((one) => [one, packageProbe(nameOf(one))])) as Record<
      string,
      Probe<PackageFact>
    >,
  plan({ name, state, update }, facts) {
    const names = [...new Set([name].flat())]
    if (state === 'absent') return remove(names.filter((one) => facts[one] !== null).map(nameOf))
    return install(
      names.filter((one) => !isSatisfied(one, facts[one] ?? null)),
      facts,
      update,
    )
  },
  result: ({ name }, facts) => ({
    versions: Object.fromEntries([name].flat().map((one) => [nameOf(one), facts[one]?.version ?? null])),
  }),
})

function nameOf(wanted: string): string {
  return wanted.split('=', 1)[0] ?? wanted
}

function versionOf(wanted: string): string | undefined {
  return wanted.split('=')[1]
}

function isSatisfied(wanted: string, fact: PackageFact): boolean {
  const version = versionOf(wanted)
  if (fact === null || version === undefined) return fact !== null
  const [start = '', ...rest] = version.split('*')
  return rest.length === 0 ? fact.version === version : fact.version?.startsWith(start) === true
}

const MEANING = {
  100: 'apt-get could not do it: an unknown package or version, no package source in reach, or a broken package',
}

function install(wanted: string[], facts: Record<string, PackageFact>, update: number): Change[] {
  if (wanted.length === 0) return []
  const list = wanted.map((one) => {
    const old = facts[one]?.version
    return old ? `${one} (was ${old})` : one
  })
  return [
    {
      summary: `install ${list.join(', ')}`,
      actions: [
        {
          do: 'run',
          script: aptScript(`install -- ${quoteAll(wanted)}`, update),
          timeout: 3600,
          meaning: MEANING,
          atomic: true,
        },
      ],
      effects: wanted.map((one) => effect(packageProbe(nameOf(one)), { version: versionOf(one) ?? null })),
      needs: { packages: { names: wanted, maxAge: update } },
      opaque: true,
    },
  ]
}

function remove(names: string[]): Change[] {
  if (names.length === 0) return []
  return [
    {
      summary: `remove ${names.join(', ')}`,
      actions: [
        {
          do: 'run',
          script: aptScript(`remove -- ${quoteAll(names)}`),
          timeout: 3600,
          meaning: MEANING,
          atomic: true,
        },
      ],
      effects: names.map((one) => effect(packageProbe(one), null)),
      opaque: true,
    },
  ]
}
