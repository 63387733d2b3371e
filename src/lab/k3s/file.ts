import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** k3s's version line without its commit: there is none. */
const commit = '00000000'

/**
 * The first lines are read by sh: what needs no Node is answered from there. To Node line 2 is a string and a comment.
 * K3S_SIM_NODE and K3S_SIM_KUBECTL replace the programs that a lab node brings along, K3S_SIM_ROOT the root directory.
 */
function head(version: string): string {
  const kubectl = [
    `if test -z "$KUBECONFIG" && test -r "$K3S_SIM_ROOT/etc/rancher/k3s/k3s.yaml"`,
    `then export KUBECONFIG="$K3S_SIM_ROOT/etc/rancher/k3s/k3s.yaml"`,
    'fi',
    `exec "\${K3S_SIM_KUBECTL:-/usr/lib/provision-lab/kubectl}" "$@"`,
  ].join('; ')
  const names = [
    `case "\${0##*/}" in`,
    `kubectl) ${kubectl} ;;`,
    `crictl|ctr) n="\${0##*/}"; exec "\${K3S_SIM_NODE:-/usr/lib/provision-lab/node}" $f "$0" "$n" "$@" ;;`,
    'esac',
  ].join(' ')
  const commands = [
    'case "$1" in',
    `--version|-v) echo "k3s version ${version} (${commit})"; echo "this is the SIMULATED k3s of provision lab; no image is run"; exit 0 ;;`,
    `kubectl) shift; ${kubectl} ;;`,
    'esac',
  ].join(' ')
  const flags = 'f="--max-semi-space-size=1 --max-old-space-size=96 --v8-pool-size=1 --no-warnings"'
  const start = `export K3S_SIM_VERSION=${version}; exec "\${K3S_SIM_NODE:-/usr/lib/provision-lab/node}" $f "$0" "$@"`
  return `#!/bin/sh\n':' //; ${flags}; ${names}; ${commands}; ${start}\n`
}

/** The text of the file that stands in for the k3s binary of a version; `program` is the bundled simulation. */
export function simulatedK3s(program: string, version: string): string {
  if (!/^v\d+\.\d+\.\d+(-rc\d+)?\+k3s\d+$/.test(version)) throw new Error(`not a version of k3s: ${version}`)
  return head(version) + program
}

/** Writes the single executable file that stands in for the k3s binary of that version, e.g. `v1.25.4+k3s1`. */
export async function writeSimulatedK3s(program: string, version: string, outFile: string): Promise<void> {
  await mkdir(dirname(outFile), { recursive: true })
  await writeFile(outFile, simulatedK3s(program, version))
  await chmod(outFile, 0o755)
}
