/** A k3s version such as v1.25.4+k3s1 or v1.30.0-rc2+k3s1, in parts that can be compared. */
export interface K3sVersion {
  major: number
  minor: number
  patch: number
  /** Number of the release candidate; Infinity for a release. */
  candidate: number
  /** The N of +k3sN. */
  build: number
}

const FORM = /^v(\d+)\.(\d+)\.(\d+)(?:-rc(\d+))?\+k3s(\d+)$/

/** undefined when the text is not a k3s version. */
export function parseK3sVersion(text: string): K3sVersion | undefined {
  const parts = FORM.exec(text)
  if (parts === null) return undefined
  const [major = 0, minor = 0, patch = 0] = parts.slice(1, 4).map(Number)
  const candidate = parts[4] === undefined ? Number.POSITIVE_INFINITY : Number(parts[4])
  return { major, minor, patch, candidate, build: Number(parts[5]) }
}

/** Negative when `a` is older than `b`. SemVer ignores what stands behind the +, k3s counts its builds there. */
export function compareK3sVersions(a: K3sVersion, b: K3sVersion): number {
  for (const part of ['major', 'minor', 'patch', 'candidate', 'build'] as const) {
    if (a[part] !== b[part]) return a[part] < b[part] ? -1 : 1
  }
  return 0
}

/** Why this version must not be installed at all; undefined when it may. */
export function withdrawn(version: string): string | undefined {
  if (version !== 'v1.25.5+k3s1') return undefined
  return 'v1.25.5+k3s1 was withdrawn: with it, a restart of k3s restarts all pods'
}

/** Why `from` must not become `to` in one step; undefined when it may. */
export function explainUpgrade(from: K3sVersion, to: K3sVersion): string | undefined {
  if (compareK3sVersions(to, from) < 0) return 'k3s can not be downgraded'
  const skipped = to.major !== from.major || to.minor - from.minor > 1
  return skipped ? 'an upgrade must not skip a minor version' : undefined
}

/** Why an agent of one version can't work under a server of another; undefined when it can. */
export function explainSkew(agent: K3sVersion, server: K3sVersion): string | undefined {
  if (agent.major !== server.major) return 'agent and server differ in their major version'
  if (agent.minor > server.minor) return 'an agent must not be newer than its server'
  // Kubernetes allowed two minors for kubelets older than 1.25, three since.
  const allowed = agent.minor < 25 ? 2 : 3
  const behind = server.minor - agent.minor
  return behind > allowed
    ? `the agent is ${behind} minor versions older than its server; at most ${allowed} may be`
    : undefined
}
