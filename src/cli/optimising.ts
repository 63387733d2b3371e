import { setFlagsFromString } from 'node:v8'

/** Up to so many hosts; beyond, what is collected more often costs more than the memory is worth. */
const FEW = 150

/**
 * Has V8 optimise only what is really hot, and keep young objects in what it has for them by now. A run does not earn back
 * what optimising costs (measured: a tenth of the computing time and 6-10 MB), and a run is over before room that has
 * grown is used again (4 MB for 15 hosts, 16 for 100). Called before the first connection, when most is loaded: with
 * another set of flags V8 would reject its code cache, ours and that of Node's own modules, and so a cache made with it.
 */
export function optimiseLess(hosts: number): void {
  if (!/^1[12]\./.test(process.versions.v8) || process.env.PROVISION_WRITE_CODE_CACHE) return
  setFlagsFromString('--interrupt-budget=3000000')
  // Small functions would be optimised at once, as soon as what they had left of the old budget is used up.
  setFlagsFromString('--max-bytecode-size-for-early-opt=0')
  if (hosts <= FEW) setFlagsFromString('--semi-space-growth-factor=1')
}
