/** Periods in milliseconds; k3s's own unless K3S_SIM_TIMES says otherwise, e.g. `grace=2000,heartbeat=300`. */
export const times = {
  /** Between two heartbeats of a node. */
  heartbeat: 10_000,
  /** Silence after which a node counts as lost. */
  grace: 40_000,
  /** From a lost node to the eviction of its pods. */
  eviction: 300_000,
  /** Between two tries to validate the token. */
  token: 2_000,
  /** Between two tries to get the agent's configuration. */
  join: 5_000,
  /** From a container's start to its readiness, whatever its probes say. */
  ready: 1_000,
  /** For a node of Cassandra to fetch its data when it joins. */
  bootstrap: 2_000,
  /** Longest wait for a container to end after SIGTERM; the pod's own grace period when that is shorter. */
  stop: 2_000,
  /** First pause before a container that ended is started again; it doubles, up to thirty times. */
  backoff: 10_000,
  /** Of a run of YCSB, whatever it says. */
  ycsb: 3_000,
}

for (const setting of (process.env.K3S_SIM_TIMES ?? '').split(',').filter(Boolean)) {
  const [name, value] = setting.split('=')
  if (name === undefined || !(name in times)) throw new Error(`K3S_SIM_TIMES: unknown period '${name}'`)
  times[name as keyof typeof times] = Number(value)
}
