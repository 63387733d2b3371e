/** The version this file was made for, e.g. `v1.25.4+k3s1`; its first lines, which sh reads, set it. */
export const k3sVersion = process.env.K3S_SIM_VERSION ?? 'v0.0.0+k3s0'

export const announcement =
  'This is the SIMULATED k3s of `provision lab`, not k3s: no image is run, the API and the node rules are imitated.'
